"""Authentication-Results, parsed as RFC 8601 section 2.2 writes it.

A tokenizer, not a splitter: comments nest, strings quote, and both may hold
every character that means something outside of them. Read tolerantly where
real servers write against the grammar (unquoted `/`, `+`, `=` in values, no
authserv-id at Microsoft 365); what cannot be tokenized raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Outside comments and strings: a separator, or a run of anything else.
_TOKEN = re.compile(r'[;=]|[^\s;="()\\]+')
# `dmarc`, `dmarc/1`, `header.from`; blanks and comments may stand around the mark.
_METHOD = re.compile(r"([\w-]+)(?: ?/ ?\d+)?", re.ASCII)
_PROPERTY = re.compile(r"(?:([\w-]+) ?\. ?)?([\w-]+)$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result; `properties` are pairs of `ptype.name` and value, in order."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> set[str]:
        """What the property is said to be; a good server says it once."""
        return {value for key, value in self.properties if key == name}


@dataclass(frozen=True, slots=True)
class Results:
    """One header: who says so (empty where it names no server), and what it found."""

    authserv_id: str
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool

    def is_mark(self, mark: str) -> bool:
        return self.text == mark and not self.quoted


def parse(value: str) -> Results:
    """The header's value, understood. Raises ValueError, saying where it breaks."""
    statements = list(_statements(value))
    named = _named(statements[0]) if statements else ""
    # Microsoft 365 begins with the first result.
    results = (_result(statement) for statement in (statements[1:] if named else statements))
    return Results(named, tuple(result for result in results if result))


def authserv_id(value: str) -> str:
    """Whose header it is, whatever comes after. Raises ValueError where that is not to be told."""
    return _named(next(_statements(value), []))


def _named(first: Sequence[_Token]) -> str:
    """The id that begins the header, perhaps followed by a version; empty where none does."""
    if not first or any(token.is_mark("=") for token in first):
        return ""
    return first[0].text.lower()


def _statements(value: str) -> Iterator[list[_Token]]:
    statement: list[_Token] = []
    for token in _tokens(value):
        if token.is_mark(";"):
            yield statement
            statement = []
        else:
            statement.append(token)
    if statement:
        yield statement


def _tokens(value: str) -> Iterator[_Token]:
    """The tokens, without comments and blanks."""
    at, end = 0, len(value)
    while at < end:
        character = value[at]
        if character.isspace():
            at += 1
        elif character == "(":
            at = _after_comment(value, at)
        elif character == '"':
            text, at = _quoted(value, at)
            yield _Token(text, quoted=True)
        elif found := _TOKEN.match(value, at):
            at = found.end()
            yield _Token(found[0], quoted=False)
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


def _result(statement: Sequence[_Token]) -> Result | None:
    """`method[/version] = result`, then `ptype.name = value` pairs; None for a lone `none`."""
    pairs = list(_pairs(statement))
    method = _METHOD.fullmatch(pairs[0][0]) if pairs else None
    if method is None:
        return None
    properties = tuple(
        (".".join(filter(None, name.groups())).lower(), value)
        for words, value in pairs[1:]
        if (name := _PROPERTY.search(words))
    )
    return Result(method[1].lower(), pairs[0][1].lower(), properties)


def _pairs(statement: Sequence[_Token]) -> Iterator[tuple[str, str]]:
    """The unquoted words before each `=`, and the value after it.

    A value may hold `=` of its own (`header.b=ab/cd==`).
    """
    words: list[str] = []
    at = 0
    while at < len(statement):
        token = statement[at]
        if not token.is_mark("="):
            words += [] if token.quoted else [token.text]
        elif words and at + 1 < len(statement) and not statement[at + 1].is_mark("="):
            yield " ".join(words), statement[at + 1].text
            words = []
            at += 1
        at += 1
