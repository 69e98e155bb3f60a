"""The parts of a JSON text that is not strict, each as it is written: one bad part spoils one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_BLANK = re.compile(r"[ \t\r\n]*")
# Whole numbers stay text: Python refuses to read very long ones.
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)
# A text, whatever signs are in it, or a bracket.
_PART = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def members(text: str) -> dict[str, str]:
    """Name and text of each member of the object that is the whole text.

    Raises ValueError for what is none, or where a name stands twice.
    """
    found: dict[str, str] = {}
    at = _after(text, 0, "{")
    while text[at : at + 1] != "}":
        if text[at : at + 1] != '"':
            raise ValueError("a name is missing")
        name, at = _LENIENT.raw_decode(text, at)
        start = _after(text, _BLANK.match(text, at).end(), ":")  # type: ignore[union-attr] # it always matches
        end = _end(text, start)
        if name in found:
            raise ValueError("a name stands twice")
        found[name] = text[start:end]
        at = _next(text, end, "}")
    return found


def elements(text: str) -> Iterator[str]:
    """The text of each element of the array that is the whole text. Raises ValueError."""
    at = _after(text, 0, "[")
    while text[at : at + 1] != "]":
        end = _end(text, at)
        yield text[at:end]
        at = _next(text, end, "]")


def _end(text: str, start: int) -> int:
    try:
        return _LENIENT.raw_decode(text, start)[1]
    except RecursionError:
        return _closed(text, start)


def _closed(text: str, start: int) -> int:
    """Where what is nested too deep for the decoder ends, by its brackets alone."""
    depth = 0
    for part in _PART.finditer(text, start):
        depth += (part[0] in "[{") - (part[0] in "]}")
        if depth == 0:
            return part.end()
    raise ValueError("a bracket is not closed")


def _after(text: str, at: int, sign: str) -> int:
    """Behind the sign and the blanks that follow it."""
    if text[at : at + 1] != sign:
        raise ValueError(f"{sign} is missing")
    return _BLANK.match(text, at + 1).end()  # type: ignore[union-attr] # it always matches


def _next(text: str, at: int, last: str) -> int:
    """Where the next part begins, or the last sign stands."""
    at = _BLANK.match(text, at).end()  # type: ignore[union-attr] # it always matches
    return at if text[at : at + 1] == last else _after(text, at, ",")
