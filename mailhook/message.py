"""Bytes to a `Message` (RFC 5322, RFC 2045 to 2047); raises nothing but `MalformedMessage`.

Nearly all mail is by the book and taken apart by `mime`; the rest by mail-parser,
which is owned here. Written for mail that means harm: how many parts, how deep,
how long a header and how many parameters may be is bounded before any parser
sees them, since those take minutes over a megabyte of semicolons. The headers
are read here, in one pass: mail-parser looks into every address and Received
header that it is given, which costs more than all the rest.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message as Tree
from email.utils import getaddresses, parsedate_to_datetime
from itertools import islice

from mailhook import mime
from mailhook.errors import MalformedMessage
from mailhook.mime import Leaf
from mailhook.model import Attachment, Message

Headers = tuple[tuple[str, str], ...]

# Only CRLF and LF end a line, as for the servers that judged the mail: one that took
# a lone CR for an end would see another From than they did.
_END_OF_HEADERS = re.compile(rb"\n\r?\n")
_PLAIN_SENDER = re.compile(r'[^<>@,;:()"\\]*<([^<>@\s,;:()"\\]+@[^<>@\s,;:()"\\\[\]]+)>')
_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:([^\n]*+(?:\n[ \t][^\n]*+)*+)", re.MULTILINE)
# What describes a part; folded lines belong to it.
_DESCRIPTION = re.compile(rb"(?im)^(content-[\w-]{1,40}[ \t]*+:)([^\n]*+(?:\n[ \t][^\n]*+)*+)")
_ATTACHED = re.compile(r"\A\s*message/", re.IGNORECASE)

_LINE_LIMIT = 2_000  # RFC 5322 allows a line 998; what is longer is no line to a person
_PARAMETERS_LIMIT = 20  # the standard library is quadratic in them
_SENDERS_LIMIT = 10
_PARTS_LIMIT = 1_000
_DEPTH_LIMIT = 30
_BOUNDARIES_LIMIT = 5_000
# Every line is held against the boundaries of all the multiparts it is in.
_COMPARISONS_LIMIT = 5_000_000
_MULTIPART = re.compile(rb"(?i)multipart/")
# A part larger than this is a scan or a film, unless its type can hold notices.
_ATTACHMENT_LIMIT = 1_000_000
_NOTICE_TYPES = ("text/", "application/json", "application/jwt", "application/octet-stream")
# As much as a mail may have by default; reading more of it for notices takes seconds.
_TEXT_LIMIT = 2_000_000
_EARLIEST_YEAR = 1990

_PART_HEADERS = frozenset({"content-type", "content-disposition", "content-transfer-encoding"})
_ATTACHED_MESSAGES = frozenset({"message/rfc822", "message/global"})
_CHARSETS = {"iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "windows-874": "cp874"}
# Python knows them as text encodings, no mail does; two of them take quadratic time.
_NO_CHARSETS = re.compile(r"punycode|idna|(?:raw[_-])?unicode[_-]escape", re.IGNORECASE)


def parse(raw: bytes) -> Message:
    """The message that the bytes spell.

    Raises MalformedMessage where they spell none: no From, no Date and no
    Message-ID, or more than a thousand parts, or thirty inside each other,
    or more than two million characters of text.
    """
    head, body = _split(raw)
    headers = tuple(_fields(head))
    found = dict(reversed(headers))
    if not found.keys() & {"from", "date", "message-id"}:
        raise MalformedMessage("there is no From, no Date and no Message-ID in it")
    leaves = _leaves(headers, body)
    return Message(
        message_id=_message_id(found.get("message-id", "")),
        subject=_decoded(found.get("subject", "")),
        senders=_senders(headers),
        date=_date(found.get("date", "")),
        headers=headers,
        text=_texts(leaves, "text/plain"),
        html=_texts(leaves, "text/html"),
        attachments=tuple(_attachment(leaf) for leaf in leaves if _is_attachment(leaf)),
        forwarded=tuple(leaf.payload for leaf in leaves if leaf.content_type in _ATTACHED_MESSAGES),
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
    raw = b"\n" + raw  # an empty first line ends the headers too
    end = _END_OF_HEADERS.search(raw)
    head, body = (raw[1 : end.start()], raw[end.end() :]) if end else (raw[1:], b"")
    return head.decode("latin-1"), body


def _fields(head: str) -> Iterator[tuple[str, str]]:
    """Names in lower case and unfolded values (RFC 5322 section 2.2.3), in order."""
    for found in _FIELD.finditer(head):
        value = found[2].replace("\r\n", "").replace("\n", "")
        yield found[1].lower(), value.strip()


def _message_id(value: str) -> str | None:
    """The Message-ID; one cut short would be another mail's, so an endless one is none."""
    return _line(value) or None if len(value) <= _LINE_LIMIT else None


def _decoded(value: str) -> str:
    """Encoded words (RFC 2047) decoded; broken ones stay as they are. One line, no NUL."""
    text = _line(value[:_LINE_LIMIT])
    if "=?" in text and not _NO_CHARSETS.search(text):
        with suppress(MessageError, ValueError, LookupError):
            text = str(make_header(decode_header(text)))
    return " ".join(_clean(text).split())


def _line(value: str) -> str:
    """A header's value as one line: its 8-bit bytes are UTF-8 (RFC 6532), else Windows-1252."""
    with suppress(UnicodeEncodeError):  # it is text already
        raw = value.encode("latin-1")
        value = _text(raw, "utf-8")
    return " ".join(_clean(value).split())


def _clean(text: str) -> str:
    if text.isascii():
        return text.replace("\0", "")
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _senders(headers: Headers) -> tuple[str, ...]:
    lines = (_line(v) for name, v in headers if name == "from" and len(v) <= _LINE_LIMIT)
    values = list(islice(lines, _SENDERS_LIMIT))
    if len(values) == 1 and (plain := _PLAIN_SENDER.fullmatch(values[0])):
        return (plain[1].lower(),)  # as nearly all are; getaddresses() takes ten times as long
    try:
        found = getaddresses(values)
    except RecursionError:  # comments in comments
        return ()
    return tuple(address.lower() for _, address in found[:_SENDERS_LIMIT] if address)


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value[:_LINE_LIMIT])
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.year >= _EARLIEST_YEAR else None


def _leaves(headers: Headers, body: bytes) -> list[Leaf]:
    """The leaves in order; an attached message is one, whatever is inside it."""
    told = [(name, _bounded(value)) for name, value in headers if name in _PART_HEADERS]
    by_the_book = mime.leaves(dict(told), body) if len(dict(told)) == len(told) else None
    if by_the_book is not None:
        return by_the_book
    comparisons = body.count(b"\n") * len(_MULTIPART.findall(body))
    if body.count(b"\n--") > _BOUNDARIES_LIMIT or comparisons > _COMPARISONS_LIMIT:
        raise MalformedMessage(
            f"more than {_BOUNDARIES_LIMIT} lines in it look like boundaries,"
            " or too many of its parts have parts"
        )
    slim = "".join(f"{name}: {value}\r\n" for name, value in told).encode("latin-1")
    tree = _tree(slim + b"\r\n" + _DESCRIPTION.sub(_bounded_in_body, body))
    return [_leaf(part) for part in _parts(tree)]


def _bounded(value: str) -> str:
    """What describes a part, no longer than parsers bear; an attached message stays whole."""
    value = _ATTACHED.sub("x-message/", value[:_LINE_LIMIT])
    return ";".join(value.split(";")[:_PARAMETERS_LIMIT])


def _bounded_in_body(found: re.Match[bytes]) -> bytes:
    return found[1] + _bounded(found[2].decode("latin-1")).encode("latin-1")


def _tree(raw: bytes) -> Tree:
    """The parts as mail-parser finds them; where it trips, as the parser beneath it does."""
    from mailparser import parse_from_bytes

    # It quotes mails in its warnings, escape sequences and all.
    logging.getLogger("mailparser").setLevel(logging.CRITICAL + 1)
    with suppress(Exception):  # it raises outside its own hierarchy on broken mail
        tree: Tree = parse_from_bytes(raw).message
        return tree
    try:
        return message_from_bytes(raw)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedMessage(f"its parts cannot be told apart ({type(error).__name__})") from None


def _parts(tree: Tree) -> Iterator[Tree]:
    """The parts without parts, in order; an attached message counts as one."""
    stack, count = [(tree, 0)], 0
    while stack:
        part, depth = stack.pop()
        count += 1
        if count > _PARTS_LIMIT or depth > _DEPTH_LIMIT:
            raise MalformedMessage(
                f"it has more than {_PARTS_LIMIT} parts, or {_DEPTH_LIMIT} inside each other"
            )
        if part.is_multipart() and part.get_content_maintype() != "message":
            inner: list[Tree] = part.get_payload()  # type: ignore[assignment] # typed as one part
            stack.extend((one, depth + 1) for one in reversed(inner))
        else:
            yield part


def _leaf(part: Tree) -> Leaf:
    content_type = part.get_content_type()
    if content_type.startswith("x-message/"):
        content_type = content_type.removeprefix("x-")
    if content_type.startswith("multipart/"):
        content_type = "text/plain"  # no boundary to be found: what there is, is its text
    return Leaf(
        content_type,
        _parameter(part, "charset"),
        part.get_content_disposition() or "inline",
        _decoded(_parameter(part, "filename", "content-disposition") or _parameter(part, "name")),
        _inner(part) if part.is_multipart() else _payload(part),
    )


def _parameter(part: Tree, name: str, header: str = "content-type") -> str:
    """A parameter's value, RFC 2231 or not; empty where there is none or it is broken."""
    try:
        value = part.get_param(name, header=header)
        if isinstance(value, tuple):
            return value[2].encode("latin-1").decode(value[0] or "ascii")
    except (ValueError, LookupError, TypeError, IndexError):
        return ""
    return str(value or "")


def _payload(part: Tree) -> bytes:
    """The bytes without their Content-Transfer-Encoding; what is broken in it is passed over."""
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError):
        return b""
    return payload if isinstance(payload, bytes) else b""


def _inner(part: Tree) -> bytes:
    """A message in a digest, written out again."""
    inner = part.get_payload()
    try:
        return inner[0].as_bytes() if isinstance(inner, list) and inner else _payload(part)  # type: ignore[union-attr]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return b""


def _is_attachment(leaf: Leaf) -> bool:
    """Whether it is neither the mail's own text nor another mail."""
    if leaf.content_type in {"text/plain", "text/html"}:
        return leaf.disposition == "attachment"
    return not leaf.content_type.startswith("message/")


def _attachment(leaf: Leaf) -> Attachment:
    is_kept = len(leaf.payload) <= _ATTACHMENT_LIMIT or leaf.content_type.startswith(_NOTICE_TYPES)
    return Attachment(leaf.content_type, _clean(leaf.filename), leaf.payload if is_kept else b"")


def _texts(leaves: list[Leaf], content_type: str) -> str:
    """The bodies of one kind, joined; line ends are LF."""
    bodies = (
        _text(leaf.payload, leaf.charset)
        for leaf in leaves
        if leaf.content_type == content_type and not _is_attachment(leaf)
    )
    text = "\n".join(bodies)
    if len(text) > _TEXT_LIMIT:
        raise MalformedMessage(f"its text is longer than {_TEXT_LIMIT:,} characters")
    return _clean(text).replace("\r\n", "\n").replace("\r", "\n")


def _text(payload: bytes, charset: str) -> str:
    """The text in its charset, else in UTF-8, else in Windows-1252."""
    named = _CHARSETS.get(charset.strip().lower(), charset)
    for name in (named, "utf-8"):
        if not _NO_CHARSETS.search(name):
            with suppress(LookupError, ValueError):
                return payload.decode(name)
    return payload.decode("cp1252", "replace")
