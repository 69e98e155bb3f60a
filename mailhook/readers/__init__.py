"""Spellings of a notice, one file each, tried in this order: token, json, labelled, alert.

The plain text goes first; HTML is parsed only when it gave no exact notice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from mailhook import markup
from mailhook.catalog import Catalog
from mailhook.markup import View
from mailhook.model import Attachment, Message
from mailhook.readers import alert, json, labelled, token
from mailhook.readers.reading import Reading

# An id as the vendor makes them: a prefix of three letters and hex digits.
_VENDOR_ID = re.compile(
    r"\b(?:CHK|CCK|IDP|VLD|ENR|IPF|IPS|WDI|OTB|HKE|HIK)[0-9a-f]{8,40}\b", re.IGNORECASE
)
_READABLE = ("text/", "application/json", "application/jwt")
_READABLE_NAMES = (".json", ".jwt", ".txt")
_JSON = ("application/json", "text/json")
_JSON_NAMES = (".json",)
# What a mail program sets before the subject of a mail that is answered or passed on.
_REPLY = re.compile(r"\s*(re|res|aw|fw|fwd|rv|enc|i)\s*(\[\d+\])?\s*:", re.IGNORECASE)

__all__ = ["Reading", "read", "suspicious"]


def read(message: Message, catalog: Catalog, keys: Sequence[bytes] = ()) -> Reading:
    """What the mail's own words tell, by the first reader that takes it."""
    subject = "" if _REPLY.match(message.subject) else message.subject
    own = markup.plain(markup.unquoted(message.text))
    first = _read(own, message.attachments, subject, catalog, keys)
    if (first and _is_exact(first)) or not message.html:
        return first or Reading()
    second = _read(markup.page(message.html), (), subject, catalog, keys)
    return _better(first, second) or Reading()


def suspicious(message: Message, catalog: Catalog) -> bool:
    """Whether bulk mail may be a hook after all: a vendor's id or an alert's words are in it."""
    text = f"{message.subject}\n{message.text}\n{message.html}"
    if _VENDOR_ID.search(text):
        return True
    words = catalog.alert_words()
    return any(words.stated(line) for line in text.split("\n"))


def _read(
    view: View,
    attached: Sequence[Attachment],
    subject: str,
    catalog: Catalog,
    keys: Sequence[bytes],
) -> Reading | None:
    """What the first reader that takes it reads.

    A token proves itself wherever it stands. Of attachments only JSON is the
    mail's own word: a text may be anybody's mail, saved.
    """
    texts = [_text(part) for part in attached if _is_named(part, _READABLE, _READABLE_NAMES)]
    own = [_text(part) for part in attached if _is_named(part, _JSON, _JSON_NAMES)]
    return (
        token.read([view.text, *texts, *view.links], keys)
        or json.read([view.text, *own])
        or labelled.read(view, subject, catalog)
        or alert.read(view, subject, catalog)
    )


def _better(first: Reading | None, second: Reading | None) -> Reading | None:
    """The page's reading, unless the text told of more; what one did not understand counts."""
    if not (first and second):
        return second or first
    told, other = (second, first) if second.notices else (first, second)
    if len(other.notices) > len(told.notices):
        told, other = other, told
    return replace(told, unread=told.unread + other.unread)


def _is_exact(reading: Reading) -> bool:
    """Whether a page can add nothing: an event by its name alone may have its fields there."""
    return reading.reader == token.NAME or any(notice.object for notice in reading.notices)


def _is_named(part: Attachment, types: tuple[str, ...], names: tuple[str, ...]) -> bool:
    return part.content_type.startswith(types) or part.filename.lower().endswith(names)


def _text(part: Attachment) -> str:
    return part.payload.decode("utf-8", "replace").replace("\0", "")
