"""The vendor's ids in a text: three letters that say of what, and hex digits."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PREFIXES = "CHK|CCK|IDP|VLD|ENR|IPF|IPS|WDI|OTB|HKE|HIK|ACC|TCI|RUL|ACT"
_LONG = re.compile(rf"\b(?:{_PREFIXES})[0-9a-f]{{8,40}}\b", re.IGNORECASE)
# Short ones stand in documentation and tests; in capitals, so that no word is one.
_ANY = re.compile(
    rf"\b(?:(?:{_PREFIXES})[0-9a-fA-F]{{8,40}}|(?:{_PREFIXES})[0-9a-f]*\d[0-9a-f]*)\b"
)
# `CHKXXXX`, `{{.check.check_id}}`, `<check_id>`: what stands for an id in an explanation.
_PLACEHOLDER = re.compile(
    rf"\b(?:{_PREFIXES})X{{3,}}|\{{\{{.{{1,60}}?\}}\}}|\$\{{.{{1,60}}?\}}|<[a-z_]{{2,30}}>|%\w+%"
)


def found(text: str) -> list[str]:
    """The ids in the text, each once, in order."""
    return list(dict.fromkeys(_ANY.findall(text)))


def without(text: str) -> str:
    """The text with nothing where ids stood."""
    return _ANY.sub(" ", text)


def any_in(texts: Iterable[str]) -> bool:
    """Whether an id of full length stands in one of the texts."""
    return any(_LONG.search(text) for text in texts)


def is_placeholder(text: str) -> bool:
    """Whether the text is what stands for a value where none was filled in."""
    return bool(_PLACEHOLDER.search(text))
