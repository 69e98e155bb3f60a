"""Bytes to a `Message`. Owner of mail-parser; raises nothing but `MalformedMessage`.

mail-parser is handed only the headers that say how the body is to be read:
it looks into every Received and address header it is given, which costs more
than all the rest. The headers themselves are read here, in one pass, as
RFC 5322 section 2.2 writes them and as broken senders do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING

from mailhook.errors import MalformedMessage
from mailhook.model import Attachment, Message

if TYPE_CHECKING:
    from email.message import Message as Tree

Headers = tuple[tuple[str, str], ...]

_BODY_HEADERS = frozenset({"mime-version", "content-type", "content-transfer-encoding"})
_HEADER_LINE = re.compile(r"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\r\r")
_PARTS_LIMIT = 1000
# A part larger than this is a scan or a film, not a notice; its bytes stay in the raw.
_ATTACHMENT_LIMIT = 1_000_000
_EARLIEST_YEAR = 1990
_NOTICE_TYPES = ("application/json", "application/jwt", "application/octet-stream")


def parse(raw: bytes) -> Message:
    """The message that the bytes spell.

    Raises MalformedMessage where they spell none: no From, no Date and no
    Message-ID, or more than a thousand parts.
    """
    head, body = _split(raw)
    headers = tuple(_fields(head))
    found = dict(reversed(headers))
    if not found.keys() & {"from", "date", "message-id"}:
        raise MalformedMessage("there is no From, no Date and no Message-ID in it")
    text, html, attachments, forwarded = _body(headers, body)
    return Message(
        message_id=_decoded(found.get("message-id", "")).strip() or None,
        subject=_decoded(found.get("subject", "")),
        senders=_senders(headers),
        date=_date(found.get("date", "")),
        headers=headers,
        text=text,
        html=html,
        attachments=attachments,
        forwarded=forwarded,
    )


def is_report(message: Message) -> bool:
    """Whether it is a delivery report (RFC 6522)."""
    return any(
        v.lstrip().lower().startswith("multipart/report") for v in message.header("content-type")
    )


def is_auto_reply(message: Message) -> bool:
    """Whether a person's mail program answered by itself (RFC 3834)."""
    return any(
        v.strip().lower().startswith("auto-replied") for v in message.header("auto-submitted")
    )


def is_bulk(message: Message) -> bool:
    """Whether it went to many (RFC 2369 List-Unsubscribe, Precedence)."""
    many = {value.strip().lower() for value in message.header("precedence")}
    return bool(message.header("list-unsubscribe")) or bool(many & {"bulk", "list", "junk"})


def _split(raw: bytes) -> tuple[str, bytes]:
    """The header block as text that loses no byte, and the body."""
    end = _END_OF_HEADERS.search(raw)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    return head.decode("latin-1"), body


def _fields(head: str) -> Iterator[tuple[str, str]]:
    """Names in lower case and unfolded values (RFC 5322 section 2.2.3), in order."""
    name, parts = "", [""]
    for line in re.split(r"\r\n|\r|\n", head):
        if line[:1] in {" ", "\t"}:
            parts.append(line)
            continue
        if name:
            yield name, "".join(parts).strip()
        found = _HEADER_LINE.match(line)
        name, parts = (found[1].lower(), [found[2]]) if found else ("", [""])
    if name:
        yield name, "".join(parts).strip()


def _decoded(value: str) -> str:
    """Encoded words (RFC 2047) decoded; broken ones stay as they are. One line, no NUL."""
    text = value.encode("latin-1").decode("utf-8", "replace")
    if "=?" in text:
        with suppress(ValueError, LookupError):  # HeaderParseError is a ValueError
            text = str(make_header(decode_header(text)))
    return " ".join(_clean(text).split())


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _senders(headers: Headers) -> tuple[str, ...]:
    values = [value for name, value in headers if name == "from"]
    return tuple(_clean(address.lower()) for _, address in getaddresses(values) if address)


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.year >= _EARLIEST_YEAR else None


def _body(
    headers: Headers, body: bytes
) -> tuple[str, str, tuple[Attachment, ...], tuple[bytes, ...]]:
    slim = [f"{name}: {value}" for name, value in headers if name in _BODY_HEADERS]
    raw = "\r\n".join([*slim, "", ""]).encode("latin-1") + body
    tree, text, html = _parsed(raw)
    leaves = list(_leaves(tree))
    forwarded = tuple(
        _inner(part) for part in leaves if part.get_content_type() == "message/rfc822"
    )
    if text is None or html is None:
        text, html = _texts(leaves, "text/plain"), _texts(leaves, "text/html")
    attachments = tuple(_attachment(part) for part in leaves if _is_attachment(part))
    return _tidy(text), _tidy(html), attachments, forwarded


def _parsed(raw: bytes) -> tuple[Tree, str | None, str | None]:
    """The MIME tree and, where mail-parser manages, the texts of its bodies."""
    import email

    if b"message/rfc822" not in raw:
        from mailparser import parse_from_bytes

        # It raises outside its hierarchy on broken mail; the standard library is asked then.
        with suppress(Exception):
            mail = parse_from_bytes(raw)
            return mail.message, "\n".join(mail.text_plain), "\n".join(mail.text_html)
    try:
        return email.message_from_bytes(raw), None, None
    except (ValueError, LookupError, RecursionError, TypeError, AttributeError) as error:
        raise MalformedMessage(f"its parts cannot be told apart ({type(error).__name__})") from None


def _leaves(tree: Tree) -> Iterator[Tree]:
    """The leaves of the outer message; what is inside an attached message is not its own."""
    stack, count = [tree], 0
    while stack:
        part = stack.pop()
        count += 1
        if count > _PARTS_LIMIT:
            raise MalformedMessage(f"it has more than {_PARTS_LIMIT} parts")
        if part.is_multipart() and part.get_content_type() != "message/rfc822":
            stack.extend(reversed(part.get_payload()))  # type: ignore[arg-type]
        else:
            yield part


def _is_attachment(part: Tree) -> bool:
    if part.get_content_type() == "message/rfc822":
        return False
    return part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment"


def _attachment(part: Tree) -> Attachment:
    content_type = part.get_content_type()
    return Attachment(content_type, _filename(part), _payload(part))


def _filename(part: Tree) -> str:
    try:
        return _clean(part.get_filename() or "")
    except (ValueError, LookupError, TypeError):  # broken RFC 2231 parameters
        return ""


def _payload(part: Tree) -> bytes:
    encoded = part.get_payload()
    if not isinstance(encoded, str) or len(encoded) > _ATTACHMENT_LIMIT:
        return b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _inner(part: Tree) -> bytes:
    inner = part.get_payload()
    try:
        return inner[0].as_bytes() if isinstance(inner, list) and inner else b""  # type: ignore[union-attr]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return b""


def _texts(leaves: list[Tree], content_type: str) -> str:
    bodies = [
        part
        for part in leaves
        if part.get_content_type() == content_type
        and part.get_content_disposition() != "attachment"
    ]
    return "\n".join(_text(part) for part in bodies)


def _text(part: Tree) -> str:
    payload = _payload(part)
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return payload.decode(charset)
        except (LookupError, ValueError):
            continue
    return payload.decode("cp1252", "replace")


def _tidy(text: str) -> str:
    return _clean(text).replace("\r\n", "\n").replace("\r", "\n")
