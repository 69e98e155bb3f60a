"""What people and mail programs set around words: bullets, emphasis, quotation marks."""

from __future__ import annotations

import re

# Bullets, emoji, numbers and marks of emphasis before a label; `[` may open one.
_DRESS = re.compile(r"^(?:[\W_]{1,12}|\d{1,2}[.)]\s{1,3}|[a-z][.)]\s{1,3})+", re.IGNORECASE)
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|__|\*|`)(?P<inner>.+)\1")
# What joins a cell with its neighbour.
JOINING = re.compile(r"^(?:[:=→]|->|[-–—](?=\s))\s*")
# The end of emphasis that began in the label: `**Check ID:** CHK…`.
_STRAY = re.compile(r"^[*_]{1,3}\s+|^(\*\*|__)(?=[^*_]+$)")
_QUOTES = {'"': '"', "“": "”", "«": "»", "'": "'", "‘": "’", "[": "]"}
_OPENING = frozenset("*_`~") | _QUOTES.keys()
_AFTER_NUMBER = frozenset(".)")
_NESTED = 3


def undressed(text: str) -> str:
    """The text without what may stand before a label."""
    if text[:1].isalpha() and text[1:2] not in _AFTER_NUMBER:
        return text
    return _DRESS.sub("", text[:200]) + text[200:]


def label_of(text: str) -> str:
    """The text without all that may stand around a label."""
    return unmarked(undressed(text)).strip(" :=*_`.\t]>»”")


def unmarked(text: str) -> str:
    """The text without the emphasis or quotation marks around it.

    A mark inside, such as the underscore of an id, is the text's own.
    """
    text = text.strip()
    if text[:1] not in _OPENING:
        return text
    text = _STRAY.sub("", text)
    for _ in range(_NESTED):
        matched = _EMPHASIS.fullmatch(text)
        if matched:
            text = matched["inner"].strip()
        elif len(text) > 2 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:  # noqa: PLR2004
            text = text[1:-1].strip()
        else:
            break
    return text


def cell_of(text: str) -> str:
    """The text of a cell without the sign that joins it with its neighbour."""
    return unmarked(JOINING.sub("", unmarked(text)))


def is_listed(text: str) -> bool:
    """Whether a line begins as the items of a list do."""
    return _DRESS.match(text) is not None
