"""The one door to all authorization servers, and which of them a mailbox's settings name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from mailhook.config import MailboxSettings, OAuth2Settings
from mailhook.oauth.grant import Answer
from mailhook.oauth.wording import later, wrong

# How the libraries trip over numbers, dates and identities that are none.
_NOT_UNDERSTOOD = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
)


class Issuer(Protocol):
    """Asks an authorization server; what it refuses is an answer with `error`, no exception.

    Every call raises TemporaryError while the server cannot be reached and
    ConfigError where its address, its certificate or a secret is wrong.
    """

    def by_itself(self) -> Answer:
        """A token for the client or service account itself."""

    def by_refresh(self, refresh_token: str) -> Answer:
        """A token for whom the refresh token was given to, perhaps with the next one."""

    def device(self) -> Answer:
        """A device code and what to show, RFC 8628 section 3.2."""

    def by_device(self, begun: Answer) -> Answer:
        """A token, once the person has agreed to what `device` began; asks once."""


def oauth2(settings: MailboxSettings) -> OAuth2Settings:
    """The section of a mailbox that has one."""
    assert settings.oauth2 is not None  # noqa: S101 - the callers have asked
    return settings.oauth2


@contextmanager
def issuer_of(settings: MailboxSettings) -> Iterator[Issuer]:
    """The issuer that a mailbox's settings name; nothing is asked yet.

    Raises:
        ConfigError: a secret cannot be read, or the extra is not installed.
    """
    of = oauth2(settings)
    try:
        from mailhook.oauth.http import IssuerSession

        with IssuerSession(settings.name, of.ca_file) as session:
            match of.provider:
                case "google":
                    from mailhook.oauth.google import Google

                    yield Google(settings, session)
                case "microsoft":
                    from mailhook.oauth.microsoft import Microsoft

                    yield Microsoft(settings, session)
                case "other":
                    from mailhook.oauth.other import Other

                    yield Other(settings, session)
    except _NOT_UNDERSTOOD as error:
        what = f"its answer is not understood ({type(error).__name__})"
        raise later(settings.name, "the issuer", what) from None  # which may quote a token
    except ImportError as error:
        message = f"needs the library {error.name}, which is not installed"
        hint = "install mailhook[oauth] instead of mailhook"
        raise wrong(settings.name, "", message, hint) from None
