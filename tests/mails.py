"""Mails for tests, written as a mail server would hand them over: CRLF, headers on top."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from itertools import count

from mailhook.model import Delivery, Place

SERVER = "mx.example.com"
SENDER = "Truora <notifications@truora.com>"
PROOF = f"{SERVER}; dmarc=pass (p=QUARANTINE) header.from=truora.com"
NOON = datetime(2026, 8, 3, 12, tzinfo=UTC)
INBOX = "imap://hooks@imap.example.com/INBOX"

_numbers = count(1)


def write(
    text: str = "",
    *,
    html: str | None = None,
    subject: str = "Truora",
    sender: str = SENDER,
    proof: str | None = PROOF,
    message_id: str | None = None,
    date: datetime = NOON,
    headers: tuple[tuple[str, str], ...] = (),
    attachments: tuple[tuple[str, str, bytes], ...] = (),
) -> bytes:
    """A mail with a text part and, where given, an HTML part and attachments.

    `proof` is the topmost Authentication-Results, None for a mail that has
    none. `attachments` are (content type, file name, bytes).
    """
    mail = EmailMessage(policy=SMTP.clone(max_line_length=998))
    if proof:
        mail["Authentication-Results"] = proof
    mail["From"] = sender
    mail["To"] = "hooks@example.com"
    mail["Subject"] = subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = message_id or f"<test-{next(_numbers)}@truora.com>"
    for name, value in headers:
        mail[name] = value
    mail.set_content(text)
    if html is not None:
        mail.add_alternative(html, subtype="html")
    for content_type, filename, payload in attachments:
        main, _, sub = content_type.partition("/")
        mail.add_attachment(payload, maintype=main, subtype=sub, filename=filename)
    return mail.as_bytes()


def check_finished(
    check_id: str, *, time: str = "2026-08-03T11:59:30Z", **options: object
) -> bytes:
    """The plainest hook: a labelled text in English."""
    text = (
        f"Event: Check finished\nCheck ID: {check_id}\nCheck status: Completed\nTimestamp: {time}\n"
    )
    return write(text, subject="Check finished", **options)  # type: ignore[arg-type]


def delivered(
    raw: bytes, uid: int = 1, *, source: str = INBOX, uidvalidity: int = 9, **told: object
) -> Delivery:
    """The mail as it is fetched from a folder; `told` is what else a source may say of it."""
    location = f"{source};UIDVALIDITY={uidvalidity}/;UID={uid}"
    place = Place(source, uidvalidity, uid)
    return Delivery("email", location, NOON, raw, place=place, **told)  # type: ignore[arg-type]
