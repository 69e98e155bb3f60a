"""Google: a service account that acts for the mailbox (domain-wide delegation), by google-auth.

https://developers.google.com/identity/protocols/oauth2/service-account
"""

from __future__ import annotations

from datetime import UTC
from typing import NoReturn

from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from mailhook import strict_json, times
from mailhook.config import MailboxSettings
from mailhook.oauth.grant import Answer
from mailhook.oauth.http import IssuerSession
from mailhook.oauth.issuer import oauth2
from mailhook.oauth.wording import later, wrong


class Google:
    """A service account; other flows are refused with the settings."""

    def __init__(self, settings: MailboxSettings, session: IssuerSession) -> None:
        self._settings = settings
        self._request = Request(session)

    def by_itself(self) -> Answer:
        """A token for the mailbox's user, for a signed assertion (RFC 7523)."""
        credentials = self._credentials()
        try:
            credentials.refresh(self._request)  # type: ignore[no-untyped-call]
        except RefreshError as error:
            said = error.args[1] if len(error.args) > 1 else None
            if isinstance(said, dict) and "error" in said:
                return said
            raise later(self._settings.name, "Google", "its answer grants no token") from None
        ends_at = credentials.expiry and credentials.expiry.replace(tzinfo=UTC)  # naive, but UTC
        lives = (ends_at - times.now()).total_seconds() if ends_at else None
        return {"access_token": credentials.token, "expires_in": lives}

    def by_refresh(self, refresh_token: str) -> NoReturn:
        """Not with a service account."""
        raise NotImplementedError

    def device(self) -> NoReturn:
        """Google gives no mail to devices."""
        raise NotImplementedError

    def by_device(self, begun: Answer) -> NoReturn:
        """Likewise."""
        raise NotImplementedError

    def _credentials(self) -> Credentials:
        key = oauth2(self._settings).key
        assert key is not None  # noqa: S101 - the settings' rules see to it
        text = key.reveal()
        try:
            made: Credentials = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
                strict_json.loads(text),
                scopes=oauth2(self._settings).scopes,
                subject=self._settings.username,
            )
        except (ValueError, TypeError, AttributeError, LookupError, GoogleAuthError):
            message = f"{key} is no key of a service account"  # whose text none of them may quote
            hint = "the JSON file that Google's console makes: Service accounts, Keys, Add key"
            raise wrong(self._settings.name, "key", message, hint) from None
        return made
