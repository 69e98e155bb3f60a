"""A label with its value in one text: `Label: value` in all its dress."""

from __future__ import annotations

import re

from mailhook import times
from mailhook.catalog import Catalog, words
from mailhook.readers.dress import label_of, undressed, unmarked
from mailhook.readers.saying import Said

LABEL_LENGTH = 60
SIGN = re.compile(r"(?::=|=>|->|→|⇒|➜|»|\.{3,}:?|\s\.\.\s|…:?|[:=：\t])\s*")
_UNKNOWN_WORDS = 7
_DASH = re.compile(r"(?:\s[-–—]{1,2}\s|[–—]|\s~\s|>\s)\s*")
_SPACED_DASH = re.compile(r"\s[-–—]\s")
# What stands behind a colon in prose: a link, or more than one sentence.
_PROSE = re.compile(r"^(?://|https?://|www\.)|[.!?]\s|^.{100}")
_UNKNOWN_SIGNS = frozenset({":", "=", "：", "", "-", "–", "—"})
ASIDE = re.compile(r"\s*[(\[][^()\[\]]{0,40}[)\]]\s*")
_EITHER = re.compile(r"\s*/\s*|\s+(?:or|o|ou)\s+")


def from_text(text: str, catalog: Catalog) -> Said | None:
    """The label at the start of a text with what follows; None where there is none."""
    bare = undressed(text)
    head = bare[: LABEL_LENGTH + 12]
    strong = SIGN.search(head)
    for pattern in (SIGN, _DASH):
        parted = strong if pattern is SIGN else pattern.search(head)
        if parted is None:
            continue
        if known := known_label(label_of(bare[: parted.start()]), catalog):
            value = unmarked(bare[parted.end() :])
            if not catalog.phrases.closes(known) or catalog.fits(known, value):
                return Said(known, value, text, known=True)
    return _leading(bare, text, catalog) or _unknown(bare, strong, text, catalog)


def _unknown(bare: str, strong: re.Match[str] | None, text: str, catalog: Catalog) -> Said | None:
    """A label that nobody knows; beside a time, a word for what happened says when."""
    sign = strong or _SPACED_DASH.search(bare[:LABEL_LENGTH])
    if sign is None:
        return None
    label, value = label_of(bare[: sign.start()]), unmarked(bare[sign.end() :])
    if catalog.is_moment(label) and times.parse(value):
        return Said("timestamp", value, text, known=True)
    return Said(label, value, text) if _may_be_label(label, value, sign[0]) else None


def known_label(label: str, catalog: Catalog) -> str:
    """The label as the catalogue has it: `RUT / Documento nacional` by either of its names."""
    if not 0 < len(label) <= LABEL_LENGTH:
        return ""
    if catalog.is_label(label):
        return label
    parts = [ASIDE.sub(" ", label), *ASIDE.findall(label)] if label[-1:] in ")]" else []
    bare = (part.strip(" ()[]") for part in parts)
    if known := next((part for part in bare if part and catalog.is_label(part)), ""):
        return known
    either = _EITHER.split(label)
    return either[0] if len(either) > 1 and all(map(catalog.is_label, either)) else ""


def _may_be_label(label: str, value: str, sign: str) -> bool:
    """Whether `label` may be one that nobody has told us of."""
    if not value or _PROSE.search(value) or not _is_word(label):
        return False
    return sign.strip() in _UNKNOWN_SIGNS and len(label.split()) <= _UNKNOWN_WORDS


def _is_word(label: str) -> bool:
    return any(map(str.isalpha, label)) and not set(label) & set("?!¿¡")


def _leading(bare: str, text: str, catalog: Catalog) -> Said | None:
    """A known label and its value with nothing between them: `Check ID CHK1`."""
    start = bare[: LABEL_LENGTH + 1].split()
    if not start or not catalog.begins_label(start[0]):
        return None
    length = catalog.label_at_start([word for part in start for word in words(part)])
    if not length:
        return None
    at, counted = 0, 0
    for part in start:
        if counted >= length:
            break
        counted += len(words(part))
        at = bare.index(part, at) + len(part)
    label, value = label_of(bare[:at]), unmarked(bare[at:])
    if not value or counted != length or not catalog.fits(label, value):
        return None
    named = catalog.find_event(bare)
    if named and named.exact:
        return None
    return Said(label, value, text, known=True)


def has_value(text: str, catalog: Catalog) -> bool:
    """Whether a sign parts a known label from its value in the text itself."""
    parted = SIGN.search(text[:LABEL_LENGTH])
    if parted is None or parted.end() >= len(text):
        return False
    return bool(known_label(label_of(text[: parted.start()]), catalog))
