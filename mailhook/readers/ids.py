"""The vendor's ids in a text: three letters that say of what, and hex digits."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PREFIXES = "CHK|CCK|IDP|VLD|ENR|IPF|IPS|WDI|OTB|HKE|HIK|ACC|TCI|RUL|ACT"
_LONG = re.compile(rf"\b(?:{_PREFIXES})[0-9a-f]{{8,40}}\b", re.IGNORECASE)
_SUBJECTS = re.compile(r"\b(?:CHK|CCK|IDP|VLD|ENR|WDI|OTB)[0-9a-fA-F]{20,40}\b")
# Short ones stand in documentation and tests; in capitals, so that no word is one.
_ANY = re.compile(
    rf"\b(?:(?:{_PREFIXES})[0-9a-fA-F]{{8,40}}|(?:{_PREFIXES})[0-9a-f]*\d[0-9a-f]*)\b"
)
# `CHKXXXX`, `{{.check.check_id}}`, `<check_id>`: what stands for an id in an explanation.
_TEMPLATE = re.compile(
    r"\{+.{1,60}?\}+|\$\{?\w+\}?|\[+[\w ]{2,40}\]+|%+\w+%+"
    rf"|<(?!(?:{_PREFIXES}))[%=\w .]{{2,40}}>"
)
_MASKED = re.compile(rf"\b(?:{_PREFIXES})(?:[Xx]{{3,}}|\*{{2,}}|[0-9a-f]*(?:…|\.\.))")
_NOTHING = frozenset(
    "n/a na null none nil undefined unknown tbd - -- ? … ... pendiente pendente".split()
)
_NAME = re.compile(r"(?:[a-z]+_)+id", re.IGNORECASE)
_LIKE = re.compile(rf"(?:{_PREFIXES})[0-9a-zA-Z]{{17,}}")
_STARTS = re.compile(rf"(?:{_PREFIXES})[0-9a-f]{{8}}")


def found(text: str) -> list[str]:
    """The ids in the text, each once, in order."""
    return list(dict.fromkeys(_ANY.findall(text)))


def of_subjects(text: str) -> list[str]:
    """The ids of full length in the text that are of what events happen to, each once."""
    return list(dict.fromkeys(_SUBJECTS.findall(text)))


def without(text: str) -> str:
    """The text with nothing where ids stood."""
    return _ANY.sub(" ", text)


def any_in(texts: Iterable[str]) -> bool:
    """Whether an id of full length stands in one of the texts."""
    return any(_LONG.search(text) for text in texts)


def is_template(text: str) -> bool:
    """Whether the text is a variable that a template has not filled in."""
    return _TEMPLATE.fullmatch(text.strip()) is not None


def is_placeholder(text: str) -> bool:
    """Whether the text is what stands for an id where none was filled in."""
    bare = text.strip()
    return bool(
        bare.lower() in _NOTHING
        or _NAME.fullmatch(bare)
        or _MASKED.search(bare)
        or _TEMPLATE.search(bare)
    )


def are_several(text: str) -> bool:
    """Whether more than one id of the vendor's shape stands in it, with or without a blank."""
    return len(_STARTS.findall(text)) > 1


def is_plain(vendor_id: str) -> bool:
    """Whether an id may be one of the vendor's or a client's: ASCII, and hex where it looks so."""
    if not vendor_id.isascii():
        return False
    return not _LIKE.fullmatch(vendor_id) or _LONG.fullmatch(vendor_id) is not None
