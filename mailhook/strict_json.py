"""JSON read the one way everybody must read it (RFC 8259 with RFC 7493's limits).

UTF-8, no duplicate names, no NaN, no lone surrogates, no integers beyond 64 bits,
a hundred levels at most. What this refuses, two programs could read as two
different things, or SQLite could not store.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, NoReturn

from mailhook.model import Json

_INTEGER_DIGITS = 19
_LARGEST = 2**63
_BLANKS = " \t\r\n"  # RFC 8259 section 2 knows no others
_DEPTH_LIMIT = 100  # whoever walks the value afterwards has less of the stack left than we


def loads(raw: bytes | str) -> Json:
    """The value that `raw` spells. Raises ValueError, in words, where it is not strict."""
    text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
    text = text.strip(_BLANKS)
    value, end = decode_at(text, 0)
    if text[end:]:
        raise ValueError("something follows the value")
    return value


def decode_at(text: str, start: int) -> tuple[Json, int]:
    """The value that starts at `start` and where it ends; raises ValueError as `loads`."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if text.count("[", start, end) + text.count("{", start, end) > _DEPTH_LIMIT:
        _refuse_depth(value)
    if "\\u" in text[start:end] or not text.isascii():
        json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError is a ValueError
    return value, end


def _refuse_depth(value: Json) -> None:
    level = [value]
    for _ in range(_DEPTH_LIMIT):
        level = [inner for outer in level for inner in _members_of(outer)]
    if any(isinstance(inner, list | dict) for inner in level):
        raise ValueError(f"it is nested deeper than {_DEPTH_LIMIT} levels")


def _members_of(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return members


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _integer(digits: str) -> int:
    # One sign more; a number of many digits takes long to be read.
    number = int(digits) if len(digits) <= _INTEGER_DIGITS + 1 else _LARGEST
    if not -_LARGEST <= number < _LARGEST:
        raise ValueError("an integer is beyond 64 bits")
    return number


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is beyond what can be stored")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_constant=_constant,
    parse_int=_integer,
    parse_float=_number,
)
