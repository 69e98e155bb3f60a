"""Spellings of a notice, one file each, tried in this order: token, json, labelled, alert.

The plain text goes first; HTML is parsed only when it gave no exact notice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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

__all__ = ["Reading", "read", "suspicious"]


def read(message: Message, catalog: Catalog, keys: Sequence[bytes] = ()) -> Reading:
    """What the mail's own words tell, by the first reader that takes it."""
    attached = [_text(part) for part in message.attachments if _is_readable(part)]
    first = _read(
        markup.plain(markup.unquoted(message.text)), attached, message.subject, catalog, keys
    )
    if (first and _is_exact(first)) or not message.html:
        return first or Reading()
    second = _read(markup.page(message.html), [], message.subject, catalog, keys)
    return _better(first, second) or Reading()


def suspicious(message: Message, catalog: Catalog) -> bool:
    """Whether bulk mail may be a hook after all: a vendor's id or an alert's words are in it."""
    text = f"{message.subject}\n{message.text}\n{message.html}"
    if _VENDOR_ID.search(text):
        return True
    words = catalog.alert_words()
    return any(words.stated(line) for line in text.split("\n"))


def _read(
    view: View, attached: Sequence[str], subject: str, catalog: Catalog, keys: Sequence[bytes]
) -> Reading | None:
    texts = [view.text, *attached]
    return (
        token.read([*texts, *view.links], keys)
        or json.read(texts)
        or labelled.read(view, subject, catalog)
        or alert.read(view, subject, catalog)
    )


def _better(first: Reading | None, second: Reading | None) -> Reading | None:
    """The page's reading, unless only the text told of an event."""
    told = (reading for reading in (second, first) if reading and reading.notices)
    return next(told, second or first)


def _is_exact(reading: Reading) -> bool:
    """Whether a page can add nothing: an event by its name alone may have its fields there."""
    return reading.reader == token.NAME or any(notice.object for notice in reading.notices)


def _is_readable(part: Attachment) -> bool:
    named = part.filename.lower().endswith(_READABLE_NAMES)
    return named or part.content_type.startswith(_READABLE)


def _text(part: Attachment) -> str:
    return part.payload.decode("utf-8", "replace").replace("\0", "")
