"""A mail of the vendor's around its words: addresses, headers, bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache

from mailhook.testing.wording import Language

_SENDER = "Truora <notifications@truora.com>"
GREETINGS: Mapping[Language, str] = {"en": "Hello,", "es": "Hola:", "pt": "Olá,"}
FAREWELLS: Mapping[Language, str] = {
    "en": "This is an automatic message of Truora.",
    "es": "Este es un mensaje automático de Truora.",
    "pt": "Esta é uma mensagem automática da Truora.",
}


class _Headers(HeaderRegistry):
    """Made once each: most are the same in every mail, and making them takes the most time."""

    @lru_cache(1_000)  # noqa: B019 - there is one of these, for ever
    def __call__(self, name: str, value: object) -> BaseHeader:
        """The header of that name and value."""
        return super().__call__(name, value)


_POLICY = SMTP.clone(max_line_length=998, header_factory=_Headers())


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around the words: addresses, time, and the name of the mail.

    `results` is the value of an Authentication-Results that the receiving server would
    write on top, None for none; it begins with that server's name.
    """

    to: str
    at: datetime
    message_id: str
    sender: str = _SENDER
    results: str | None = None


def written(
    envelope: Envelope, subject: str, text: str = "", *, page: str = "", token: str = ""
) -> bytes:
    """The mail as bytes with CRLF; as a page where there is one, with the token attached."""
    mail = EmailMessage(policy=_POLICY)
    if envelope.results:
        mail["Authentication-Results"] = envelope.results
    mail["From"] = envelope.sender
    mail["To"] = envelope.to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(envelope.at)
    mail["Message-ID"] = envelope.message_id
    if page:
        mail.set_content(page, subtype="html")
    else:
        mail.set_content(text)
    if token:
        mail.add_attachment(token.encode(), "application", "jwt", filename="event.jwt")
    return mail.as_bytes()
