"""Authentication-Results, parsed as RFC 8601 section 2.2 writes it.

A tokenizer, not a splitter: comments nest, strings quote, and both may hold
every character that means something outside of them. Read tolerantly where
real servers write against the grammar (unquoted `/`, `+`, `=` in values, no
authserv-id at Microsoft 365); what cannot be tokenized raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# A separator, or a run of anything outside of comments and strings; of these the plain ones:
# the rest is gone through character by character.
_TOKEN = re.compile(r"""\s*+(?:\([^()\\]*+\)\s*+)*+(?:([;=]|[^\s;="()\\]+)|"([^"\\]*+)")""")
# A whole statement in which nothing nests and nothing is escaped.
_PLAIN = re.compile(r"""((?:[^;"()\\]++|"[^"\\]*+"|\([^()\\]*+\))*+)(?:;|\Z)""")
_BESIDE = re.compile(r"\s*+(?:\([^()\\]*+\)\s*+)*+")
_IN_COMMENT = re.compile(r"[()\\]")
# `dmarc`, `dmarc/1`, `header.from`; blanks and comments may stand around the mark.
_METHOD = re.compile(r"([\w-]+)(?: ?/ ?\d+)?", re.ASCII)
_PROPERTY = re.compile(r"(?:[\w-]+ ?\. ?)?[\w-]+$", re.ASCII)


class Result(NamedTuple):
    """One method's result; `properties` are pairs of `ptype.name` and value, in order."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> set[str]:
        """What the property is said to be; a good server says it once."""
        return {value for key, value in self.properties if key == name}


class Results(NamedTuple):
    """One header: who says so (empty where it names no server), and what it found."""

    authserv_id: str
    results: tuple[Result, ...]


class _Quoted(str):
    """A token that stood in quotation marks: never a separator."""

    __slots__ = ()


def parse(value: str, method: str = "") -> Results:
    """The header's value, understood. Raises ValueError, saying where it breaks.

    With a method, the results of others may be left out, which takes a third of the time.
    """
    statements = list(_statements(value, method))
    named = _named(statements[0]) if statements else ""
    # Microsoft 365 begins with the first result.
    results = [
        _result(one)
        for one in (statements[1:] if named else statements)
        if one and (type(one[0]) is _Quoted or one[0].lower().startswith(method))
    ]
    return Results(named, tuple([one for one in results if one]))


def authserv_id(value: str) -> str:
    """Whose header it is, whatever comes after. Raises ValueError where that is not to be told."""
    return _named(next(_statements(value), []))


def _named(first: Sequence[str]) -> str:
    """The id that begins the header, perhaps followed by a version; empty where none does."""
    if not first or ("=" in first and any(_is(one, "=") for one in first)):
        return ""
    return first[0].lower()


def _is(token: str, mark: str) -> bool:
    return token == mark and type(token) is str


def _statements(value: str, method: str = "") -> Iterator[list[str]]:
    """The tokens between semicolons; of plain statements only the first, and those on the method.

    Which is where the time goes: of what is plain it is known that it can be tokenized.
    """
    at, end = 0, len(value)
    while at < end and (plain := _PLAIN.match(value, at)):
        if at == 0 or method in plain[1].lower():
            yield next(_tokenized(plain[1], 0), [])
        at = plain.end()
    yield from _tokenized(value, at)


def _tokenized(value: str, at: int) -> Iterator[list[str]]:
    """The tokens between semicolons from there on, without comments and blanks."""
    statement: list[str] = []
    end, match = len(value), _TOKEN.match
    while at < end:
        if found := match(value, at):
            at = found.end()
            word = found[1]
            if word == ";":
                yield statement
                statement = []
            else:
                statement.append(_Quoted(found[2]) if word is None else word)
        else:
            text, at = _odd(value, at)
            if text is not None:
                statement.append(_Quoted(text))
    if statement:
        yield statement


def _odd(value: str, at: int) -> tuple[str | None, int]:
    """What the pattern for a token does not take: a string with escapes, or None; and its end."""
    # Past what the pattern could not end with a token, so that nothing is gone through twice.
    if (beside := _BESIDE.match(value, at)) and beside.end() > at:
        return None, beside.end()
    if value[at] == "(":
        return None, _after_comment(value, at)
    if value[at] == '"':
        return _quoted(value, at)
    raise ValueError(f"{value[at]!r} at character {at} belongs to nothing")


def _after_comment(value: str, start: int) -> int:
    depth, at = 0, start
    while found := _IN_COMMENT.search(value, at):
        at = found.end()
        if found[0] == "\\":
            at += 1
        elif found[0] == "(":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return at
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
    """`method[/version] = result`, then `ptype.name = value` pairs; None for a lone `none`."""
    if _is(statement[0], "="):
        return None  # which stands behind a method, never before it
    pairs = _pairs(statement)
    method = _METHOD.fullmatch(pairs[0][0]) if pairs else None
    if method is None:
        return None
    properties = [
        (_without_blanks(name[0].lower()), value)
        for words, value in pairs[1:]
        if (name := _PROPERTY.search(words))
    ]
    return Result(method[1].lower(), pairs[0][1].lower(), tuple(properties))


def _without_blanks(name: str) -> str:
    return name.replace(" ", "") if " " in name else name


def _pairs(statement: Sequence[str]) -> list[tuple[str, str]]:
    """The unquoted words before each `=`, and the value after it.

    A value may hold `=` of its own (`header.b=ab/cd==`).
    """
    pairs: list[tuple[str, str]] = []
    words: list[str] = []
    at, end = 0, len(statement)
    while at < end:
        one = statement[at]
        if type(one) is _Quoted:
            pass
        elif one != "=":
            words.append(one)
        elif words and at + 1 < end and not _is(statement[at + 1], "="):
            pairs.append((" ".join(words), str(statement[at + 1])))
            words = []
            at += 1
        at += 1
    return pairs
