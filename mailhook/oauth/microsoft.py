"""Microsoft 365: an app that reads as itself, or for whom has agreed on a device, by msal.

https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from msal import ClientApplication, ConfidentialClientApplication, PublicClientApplication

from mailhook.config import MailboxSettings
from mailhook.oauth.grant import Answer
from mailhook.oauth.http import IssuerSession
from mailhook.oauth.issuer import oauth2
from mailhook.oauth.wording import wrong


class Microsoft:
    """An app registration of Microsoft Entra ID."""

    def __init__(self, settings: MailboxSettings, session: IssuerSession) -> None:
        self._settings, self._of = settings, oauth2(settings)
        self._session = session

    def by_itself(self) -> Answer:
        """What an administrator has granted to the app (IMAP.AccessAsApp)."""
        return self._answer("acquire_token_for_client", self._scopes)

    def by_refresh(self, refresh_token: str) -> Answer:
        """The next token; Microsoft always sends a new refresh token with it."""
        return self._answer("acquire_token_by_refresh_token", refresh_token, self._scopes)

    def device(self) -> Answer:
        """What to show to the person."""
        return self._answer("initiate_device_flow", self._scopes)

    def by_device(self, begun: Answer) -> Answer:
        """Whether the person has agreed, asked once."""
        once = {"exit_condition": lambda _: True}
        return self._answer("acquire_token_by_device_flow", begun, **once)

    @property
    def _scopes(self) -> list[str]:
        return list(self._of.scopes)

    def _answer(self, ask: str, *arguments: object, **options: object) -> Answer:
        return cast("Answer", getattr(self._app, ask)(*arguments, **options))

    @cached_property
    def _app(self) -> ClientApplication:
        kind: Any = PublicClientApplication
        options: dict[str, object] = {}
        if self._of.flow == "client_credentials":
            assert self._of.client_secret is not None  # noqa: S101 - the settings' rules see to it
            kind = ConfidentialClientApplication
            options["client_credential"] = self._of.client_secret.reveal()
        try:
            return kind(
                self._of.client_id,
                authority=f"{self._of.authority}/{self._of.tenant}",
                http_client=self._session,
                instance_discovery=False,  # the settings name the host, and TLS proves it
                **options,
            )
        except ValueError:  # msal says no more of an answer with 4xx
            message = f"there is no tenant {self._of.tenant} at {self._of.authority}"
            hint = "the directory (tenant) id on the app's overview page, or a domain of it"
            raise wrong(self._settings.name, "tenant", message, hint) from None
