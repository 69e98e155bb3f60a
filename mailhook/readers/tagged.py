"""Of a mail's lines those that stand behind the tag: `tag Label: value`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailhook.markup import Line, View
from mailhook.readers.labelling import SIGN
from mailhook.tag import Tag

UNTAGGED = "untagged: its labels do not stand behind trust.tag"
# As a mail program wraps: what follows at once, where its first word found no place any more.
_WRAP_WIDTH = 66


def behind(view: View, tag: Tag) -> View:
    """The lines behind the tag, without it, and what a mail program wrapped off their ends."""
    return View(tuple(_behind(view.lines, tag, wrapped=view.wrapped)), wrapped=view.wrapped)


def _behind(lines: Sequence[Line], tag: Tag, *, wrapped: bool) -> Iterator[Line]:
    kept: Line | None = None
    width, gap = 0, False
    for line in lines:
        gap = gap or line.gap
        rest = tag.behind(line.text)
        if rest is not None:
            if kept:
                yield kept
            kept = _without(line, rest, tag)._replace(gap=gap)
            width, gap = len(line.text), False
        elif kept and wrapped and not gap and _goes_on(line, width):
            text = f"{kept.text} {line.text}"
            kept = kept._replace(text=text, raw=text, cells=())
            width = len(line.text)
        else:
            width = 0
    if kept:
        yield kept


def _goes_on(line: Line, width: int) -> bool:
    first = line.text.split(" ", 1)[0]
    return width + len(first) >= _WRAP_WIDTH and not SIGN.search(line.text)


def _without(line: Line, rest: str, tag: Tag) -> Line:
    """The line without its tag, which may fill a cell of its own."""
    raw = tag.behind(line.raw) or rest
    if not line.cells:
        return line._replace(text=rest, raw=raw)
    first = tag.behind(line.cells[0])
    cells = line.cells[1:] if not first else (first, *line.cells[1:])
    return line._replace(text=rest, raw=raw, cells=cells if len(cells) > 1 else ())
