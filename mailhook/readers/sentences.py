"""The sentences of a text, those joined again that a mail program has broken into lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from mailhook.markup import View

_END = re.compile(r"(?<=[.!?;])\s+")
_LIMIT = 80
_LENGTH = 1000
# A line as long as this was broken by a mail program, and its sentence goes on in the next.
_WRAPPED = 50


def sentences(view: View) -> list[str]:
    """The first 80 sentences, of each the first 1,000 characters."""
    return list(islice(_sentences(view), _LIMIT))


def _sentences(view: View) -> Iterator[str]:
    for paragraph in _paragraphs(view):
        for sentence in _END.split(paragraph):
            yield sentence[:_LENGTH]


def _paragraphs(view: View) -> Iterator[str]:
    parts: list[str] = []
    for line in view.lines:
        if parts and (not view.wrapped or line.gap or line.cells or len(parts[-1]) < _WRAPPED):
            yield " ".join(parts)
            parts = []
        parts.append(line.text)
    if parts:
        yield " ".join(parts)
