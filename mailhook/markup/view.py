"""What stands in a text, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Zero-width and direction marks: invisible to a person, another word to a program.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
# Columns set with blanks; after the end of a sentence two are a typist's habit.
_COLUMNS = re.compile(r"(?<![.:;,!?])\s{2,}")
# A text of more lines is no mail that a person reads as a table.
_ROWS_LIMIT = 20_000


class Line(NamedTuple):
    """One line as a person sees it.

    `text` has single blanks, `raw` those that were written. `cells` are two and
    more where it is a row of a table. `gap` says that something parts it from the
    line before: a blank line, the edge of a table or list. `quoted`: it stands in
    what the page marks as somebody else's words.
    """

    text: str
    raw: str
    cells: tuple[str, ...] = ()
    gap: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads, the words it stands on, and the line it begins in, from 0."""

    href: str
    words: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """The lines of a text that are not blank, and its links.

    `wrapped` says that a mail program may have broken its lines at some width.
    """

    lines: tuple[Line, ...] = ()
    links: tuple[Link, ...] = ()
    wrapped: bool = False

    @property
    def text(self) -> str:
        """Everything, as it was written but for what cannot be seen."""
        return "\n".join([line.raw for line in self.lines])


def plain(text: str) -> View:
    """A view of plain text; cells are parted by tabs, upright bars or several blanks."""
    return View(tuple(_lines(visible(text).split("\n"))), wrapped=True)


def visible(text: str) -> str:
    """The text without characters that a person cannot see."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def _lines(raws: Sequence[str]) -> Iterator[Line]:
    gap = False
    has_cells = len(raws) <= _ROWS_LIMIT
    for raw in raws:
        if text := " ".join(raw.split()):
            cells = _cells(raw) if has_cells and (text != raw or "|" in raw) else ()
            yield Line(text, raw, cells, gap)
            gap = False
        else:
            gap = True


def _cells(raw: str) -> tuple[str, ...]:
    bare = raw.strip()
    if "\t" in bare:
        parts = bare.split("\t")
    elif "|" in raw:
        parts = (bare[1:].removesuffix("|") if bare[0] == "|" else bare).split("|")
    else:
        parts = _COLUMNS.split(raw.strip()) if "  " in raw.strip() else []
    return tuple(" ".join(part.split()) for part in parts) if len(parts) > 1 else ()
