"""Lines of a settings file, shown without what could be a secret.

Hidden, to the end of its line: whatever stands under a secret's key and is no
reference, a command's arguments, whatever stands under an unknown key (it may
be a misspelt `password`), repeated values, and URLs that carry a password.
Comments are left out.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from mailhook.config.document import Document, Loc, Plain, Span
from mailhook.config.keys import Pattern, is_secret, known, may_be_said, pattern, sections
from mailhook.config.secret import REFERENCES, Secret, is_reference

_MASK = "***"
_MAX_CHARS = 160
_WORD_KEY = re.compile(r"['\"]?[\w.-]+['\"]?\s*:")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ONE_KEY = re.compile(r"\s*(?:-\s+)*['\"]?([\w-]+)['\"]?\s*:(?:\s[^:]*)?")


class Excerpts:
    """Looks up lines by offset, each as it may be shown."""

    def __init__(self, document: Document) -> None:
        self._text = document.text
        self._starts = [0, *(match.end() for match in re.finditer("\n", document.text))]
        self._hidden: dict[int, int] = {}
        for span in _secret_spans(document):
            self._hide(span)

    def line(self, at: int) -> int:
        """The number, from 1, of the line at the offset."""
        return bisect_right(self._starts, at)

    def content(self, at: int) -> str:
        """The line at the offset, masked from where a secret could begin."""
        number = self.line(at)
        shown = self._line(number)
        cut = self._hidden.get(number)
        if cut is not None and shown[cut:].strip():
            shown = shown[:cut].rstrip() + f" {_MASK}"
        return _printable(_COMMENT.sub("", shown))

    def content_of_unparsed(self, at: int) -> str:
        """The line at the offset if it is one known key that is no secret's, else empty."""
        shown = _COMMENT.sub("", self._line(self.line(at)))
        key = _ONE_KEY.fullmatch(shown)
        secret = {at[-1] for at in _secret_keys()}.union(REFERENCES)
        plain = (at for at in known() if not {at, (*at, "*")} & sections().keys())
        harmless = {at[-1] for at in plain} - secret
        return _printable(shown) if key and key[1] in harmless else ""

    def _line(self, number: int) -> str:
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self._text)
        # A whole file may stand in one line, and each of its problems asks for it.
        return self._text[start : min(end, start + 2 * _MAX_CHARS)].rstrip("\r\n")

    def _hide(self, span: Span) -> None:
        # What is no word is no misspelt key: `password hunter2: x` lacks its colon, and
        # in `password :hunter2: x` the first colon, without a blank behind it, ends no key.
        key = _WORD_KEY.match(self._text, span.key, span.start)
        ends = key and (key.end() == span.start or self._text[key.end()].isspace())
        named = ends and may_be_said(self._text[span.key : span.start])
        start = span.start if named else span.key
        end = span.start + len(self._text[span.start : span.end].rstrip())
        for number in range(self.line(start), self.line(end) + 1):
            column = max(0, start - self._starts[number - 1])
            self._hidden[number] = min(column, self._hidden.get(number, column))


def _secret_spans(document: Document) -> Iterator[Span]:
    yield from document.skipped
    values = dict(_values(document.root, ()))
    for loc, span in document.spans.items():
        if loc and _may_be_secret(loc, values.get(loc)):
            yield span


def _values(value: Plain, loc: Loc) -> Iterator[tuple[Loc, Plain]]:
    yield loc, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _values(item, (*loc, key))
    if isinstance(value, list):
        for nth, item in enumerate(value):
            yield from _values(item, (*loc, nth))


def _may_be_secret(loc: Loc, value: Plain) -> bool:
    steps = pattern(loc)
    if len(steps) == 1 and isinstance(value, str):
        return True  # where a section should stand
    if isinstance(value, str) and "@" in value.partition("//")[2]:
        return True
    if is_secret(steps):
        return not is_reference(value)
    if is_secret(steps[:-1]):
        return steps[-1] == "command"
    if steps in _secret_keys() and not isinstance(value, list):
        return True
    while steps and steps[-1] == "*":
        steps = steps[:-1]
    return steps not in known()


def _secret_keys() -> set[Pattern]:
    """The keys beneath which a reference to a secret stands, alone or in a list."""
    secrets = (at for at, model in sections().items() if issubclass(model, Secret))
    return {at[:-1] if at[-1] == "*" else at for at in secrets}


def _printable(line: str) -> str:
    line = line.replace("\t", " ")
    shown = line if len(line) <= _MAX_CHARS else f"{line[:_MAX_CHARS]}…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in shown)
