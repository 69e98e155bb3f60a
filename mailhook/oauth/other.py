"""Any other issuer that follows RFC 6749 and RFC 8628, by Authlib."""

from __future__ import annotations

from typing import Any, cast

from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oauth2.client import OAuth2Client

from mailhook.config import MailboxSettings
from mailhook.oauth.grant import Answer
from mailhook.oauth.http import IssuerSession
from mailhook.oauth.issuer import oauth2

_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Other:
    """A client at the token endpoint that the settings name."""

    def __init__(self, settings: MailboxSettings, session: IssuerSession) -> None:
        self._of, self._session = oauth2(settings), session
        self._scope = " ".join(self._of.scopes) or None
        secret = self._of.client_secret.reveal() if self._of.client_secret else None
        self._client = _Client(session, self._of.client_id, secret, scope=self._scope)

    def by_itself(self) -> Answer:
        """A token for the client itself."""
        return self._token("client_credentials")

    def by_refresh(self, refresh_token: str) -> Answer:
        """The next token for whom the refresh token stands."""
        try:
            return _plain(self._client.refresh_token(self._of.token_url, refresh_token))
        except OAuthError as error:
            return _refusal(error)

    def device(self) -> Answer:
        """What to show to the person."""
        asked = {"client_id": self._of.client_id, "scope": self._scope}
        auth = self._client.client_auth(self._client.token_endpoint_auth_method)
        answer = self._session.post(str(self._of.device_url), data=asked, auth=auth)
        return cast("Answer", answer.json())

    def by_device(self, begun: Answer) -> Answer:
        """Whether the person has agreed, asked once."""
        return self._token(_DEVICE, device_code=begun["device_code"])

    def _token(self, grant_type: str, **options: object) -> Answer:
        try:
            token = self._client.fetch_token(self._of.token_url, grant_type=grant_type, **options)
            return _plain(token)
        except OAuthError as error:
            return _refusal(error)


class _Client(OAuth2Client):  # type: ignore[misc] # Authlib ships no types
    """Authlib's client on a session of ours."""

    client_auth_class = OAuth2Session.client_auth_class
    oauth_error_class = OAuth2Session.oauth_error_class


def _plain(token: Any) -> Answer:  # noqa: ANN401 - Authlib ships no types
    return dict(token)


def _refusal(error: Any) -> Answer:  # noqa: ANN401 - likewise
    return {"error": error.error, "error_description": error.description}
