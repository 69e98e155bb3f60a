"""Authentication-Results, parsed as RFC 8601 section 2.2 writes it.

A tokenizer, not a splitter: comments nest, strings quote, and both may hold
every character that means something outside of them. Read tolerantly where
real servers write against the grammar (unquoted `/`, `+`, `=` in values, no
authserv-id at Microsoft 365); what cannot be tokenized raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# Outside comments and strings: a separator, or a run of anything else.
_TOKEN = re.compile(r'[;=]|[^\s;="()\\]+')


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result; `properties` are `ptype.name` to value, the first of each."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """One header: who says so (empty where it names no server), and what it found."""

    authserv_id: str
    results: tuple[Result, ...]


def parse(value: str) -> Results:
    """The header's value, understood. Raises ValueError, saying where it breaks."""
    statements = list(_statements(value))
    first = statements[0] if statements else []
    named = bool(first) and "=" not in first
    # A version may follow the id: `mx.example.com 1`.
    authserv_id = first[0].lower() if named else ""
    results = (_result(statement) for statement in (statements[1:] if named else statements))
    return Results(authserv_id, tuple(result for result in results if result))


def _statements(value: str) -> Iterator[list[str]]:
    statement: list[str] = []
    for token, quoted in _tokens(value):
        if token == ";" and not quoted:  # noqa: S105 - a piece of text
            yield statement
            statement = []
        else:
            statement.append(token)
    if statement:
        yield statement


def _tokens(value: str) -> Iterator[tuple[str, bool]]:
    """Tokens without comments and blanks; the second member says: it was quoted."""
    at, end = 0, len(value)
    while at < end:
        character = value[at]
        if character.isspace():
            at += 1
        elif character == "(":
            at = _after_comment(value, at)
        elif character == '"':
            text, at = _quoted(value, at)
            yield text, True
        elif found := _TOKEN.match(value, at):
            at = found.end()
            yield found[0], False
        else:
            raise ValueError(f"{character!r} at character {at} belongs to nothing")


def _after_comment(value: str, start: int) -> int:
    depth, at = 0, start
    while at < len(value):
        character = value[at]
        if character == "\\":
            at += 1
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    raise ValueError(f"the comment at character {start} never ends")


def _quoted(value: str, start: int) -> tuple[str, int]:
    text: list[str] = []
    at = start + 1
    while at < len(value):
        if value[at] == '"':
            return "".join(text), at + 1
        if value[at] == "\\":
            at += 1
        text.append(value[at : at + 1])
        at += 1
    raise ValueError(f"the string at character {start} never ends")


def _result(statement: Sequence[str]) -> Result | None:
    """`method[/version] = result`, then `name = value` pairs; None for a lone `none`."""
    pairs = list(_pairs(statement))
    if not pairs:
        return None
    (method, result), rest = pairs[0], pairs[1:]
    properties: dict[str, str] = {}
    for name, value in rest:
        properties.setdefault(name.lower(), value)
    return Result(method.lower().split("/", 1)[0], result.lower(), properties)


def _pairs(statement: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and values; a value may hold `=` of its own (`header.b=ab/cd==`)."""
    at = 0
    while at + 2 < len(statement):
        if statement[at + 1] != "=" or statement[at + 2] == "=":
            at += 1
            continue
        yield statement[at], statement[at + 2]
        at += 3
