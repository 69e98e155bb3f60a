"""Labels with their values, however people and programs set them.

`Label: value` in all its dress, two-column and wide tables, tables with a header
row, a label and its value on two lines, several in one line. A line without a
label comes as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mailhook.catalog import Catalog
from mailhook.markup import Line, View
from mailhook.readers import tables
from mailhook.readers.dress import is_listed, label_of, unmarked
from mailhook.readers.labelling import LABEL_LENGTH, SIGN, from_text, has_value, known_label
from mailhook.readers.saying import Said

_SEVERAL = re.compile(r"(?:\s[|/•·]\s|[;|]|,\s)\s*")
_SIGNS = frozenset(":=\t→")
_RULE = re.compile(r"[\s|:+=_*-]*")
# Where a program that breaks lines at some width would have broken this one.
_WRAP_WIDTH = 66
_HALF_WIDTH = 40
_WRAPS = 20
_SEVERAL_LENGTH = 1_000
_STACKED = 3
# RFC 3676 section 4.3, and what editors make of it.
_SIGNATURE = frozenset({"--", "—", "–"})
_NAMING = frozenset({"product", "event", "type", "action"})


def said(view: View, catalog: Catalog) -> list[Said]:
    """Everything in the view in order, label by label."""
    found: list[Said] = []
    lines = list(_ruled(view.lines))
    stacked = _is_stacked(lines, catalog)
    at = 0
    while at < len(lines):
        line = lines[at]
        rows_end, end = tables.table(lines, at, catalog) if line.cells else (at, at)
        if end > at:
            found += tables.rows(lines[at:rows_end], catalog)
            found += (Said("", one.text, one.text, gap=one.gap) for one in lines[rows_end:end])
            at = end
        elif over_two := _over_two(lines[at : at + 3], catalog, stacked=stacked):
            found.append(over_two)
            at += 2
        else:
            found += _line(line, catalog)
            at += 1
        at = _continued(found, lines, at, catalog) if view.wrapped else at
    return _settled(found)


def _ruled(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines without those drawn across the mail, which are gaps."""
    gap = False
    for line in lines:
        if _RULE.fullmatch(line.text) and line.text not in _SIGNATURE:
            gap = not line.cells
        else:
            yield line._replace(gap=True) if gap else line
            gap = False


def plain(items: Sequence[Said], *, wrapped: bool) -> View:
    """What is said without a label that anybody knows: prose, mostly."""
    told = [one for one in items if not one.known]
    lines = [Line(one.line, one.line, (), one.gap or _is_item(one)) for one in told]
    return View(tuple(lines), wrapped=wrapped)


def _is_item(one: Said) -> bool:
    """Whether a line is one of a list, and goes on nowhere."""
    return bool(one.label) or is_listed(one.line)


def _line(line: Line, catalog: Catalog) -> list[Said]:
    if line.cells and catalog.phrases.are_columns(line.cells):
        return []
    if line.cells and (found := tables.from_cells(line, catalog)):
        return found
    if found := _several(line, catalog):
        return found
    one = None if _is_torn(line, catalog) else from_text(line.text, catalog)
    if one and one.known and (found := _event_behind(one, catalog)):
        return [part._replace(gap=line.gap) for part in found]
    if one is None or not one.value:
        one = Said("", line.text, line.text)
    return [one._replace(gap=True) if line.gap else one]


def _is_torn(line: Line, catalog: Catalog) -> bool:
    """Whether a tabbed row holds label and value in its first cell, and then something else."""
    return "\t" in line.raw and len(line.cells) > 1 and has_value(line.cells[0], catalog)


def _several(line: Line, catalog: Catalog) -> list[Said]:
    """The labels of a line that has several, each with its value, and nothing else."""
    if len(line.text) > _SEVERAL_LENGTH or not _SEVERAL.search(line.text):
        return []
    found: list[Said] = []
    for start, end in _parts(line.text):
        part = line.text[start:end]
        one = from_text(part, catalog)
        if one and one.known and one.value:
            whole = unmarked(line.text[start:].removeprefix(one.label).lstrip(" :="))
            found.append(one._replace(line=line.text, gap=line.gap, whole=whole))
        elif not found or (one and one.known):
            return []
        else:
            found[-1] = found[-1]._replace(value=f"{found[-1].value}, {part}")
    return found if len(found) > 1 else []


def _event_behind(one: Said, catalog: Catalog) -> list[Said]:
    """`Product: Checks Event: finished`; other labels in a value may be the value's own."""
    if catalog.meta(one.label) not in _NAMING or not (sign := SIGN.search(one.value)):
        return []
    before = one.value[: sign.start()].split()
    for length in (1, 2, 3):
        label, value = " ".join(before[-length:]), " ".join(before[:-length])
        if value and catalog.meta(label) in _NAMING:
            behind = Said(label, unmarked(one.value[sign.end() :]), one.line, known=True)
            return [one._replace(value=value.rstrip(" ,;|/-–—")), behind]
    return []


def _parts(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for sign in _SEVERAL.finditer(text):
        yield start, sign.start()
        start = sign.end()
    if text[start:]:
        yield start, len(text)


def _settled(found: list[Said]) -> list[Said]:
    """Lines of several labels taken as such only where that is how the mail is set.

    In a mail of one label a line, another label inside a value is somebody's
    name for himself: `Name: Ana, Check status: completed`.
    """
    shared = {one.line for one in found if one.whole}
    if not shared or sum(one.known and not one.whole for one in found) <= len(shared):
        return found
    first: set[str] = set()
    settled: list[Said] = []
    for one in found:
        if not one.whole:
            settled.append(one)
        elif one.line not in first:
            first.add(one.line)
            settled.append(one._replace(value=one.whole))
    return settled


def _over_two(lines: Sequence[Line], catalog: Catalog, *, stacked: bool) -> Said | None:
    """The label of one line with the next line as its value."""
    label = _lone_label(lines[0], catalog)
    if not label and stacked and _is_pair_apart(lines):
        text = f"{lines[0].text} {lines[1].text}"
        return Said(label_of(lines[0].text), unmarked(lines[1].text), text)
    if not label or len(lines) < 2:  # noqa: PLR2004
        return None
    asks = lines[0].text.rstrip("*_ ")[-1] in ":=" and _SIGNS.isdisjoint(lines[1].text)
    apart = stacked and lines[0].gap and not lines[1].gap
    is_value = (asks or apart) and not lines[1].cells
    if not is_value and not _is_value(lines[1], catalog):
        return None
    value = unmarked(lines[1].text)
    if not value:
        return None
    if stacked or lines[0].text.rstrip("*_ ")[-1] in ":=" or catalog.fits(label, value):
        text = f"{lines[0].text} {lines[1].text}"
        return Said(label, value, text, known=True, gap=lines[0].gap)
    return None


def _is_pair_apart(lines: Sequence[Line]) -> bool:
    """Whether two short lines stand by themselves, as every pair of a stacked mail does."""
    if len(lines) < 3 or not (lines[0].gap and lines[2].gap) or lines[1].gap:  # noqa: PLR2004
        return False
    if lines[0].text[-1] in ",.;!?":
        return False
    return all(len(line.text) <= LABEL_LENGTH and not line.cells for line in lines[:2])


def _is_stacked(lines: Sequence[Line], catalog: Catalog) -> bool:
    """Whether the mail sets each value below its label: nobody does so only twice."""
    found = 0
    for one, other in pairwise(lines):
        found += bool(_lone_label(one, catalog)) and _is_value(other, catalog)
        if found >= _STACKED:
            return True
    return False


def _lone_label(line: Line, catalog: Catalog) -> str:
    """The known label that is all of a line."""
    text = line.text.rstrip(" :=*_")
    if line.cells or len(text) > LABEL_LENGTH or not _SIGNS.isdisjoint(text):
        return ""
    return known_label(label_of(text), catalog)


def _is_value(line: Line, catalog: Catalog) -> bool:
    if line.cells or _lone_label(line, catalog):
        return False
    one = from_text(line.text, catalog)
    return not (one and one.known)


def _continued(found: list[Said], lines: Sequence[Line], at: int, catalog: Catalog) -> int:
    """Join what a mail program has wrapped into the next lines; the number of the line after."""
    end = min(len(lines), at + _WRAPS)
    while found and at < end:
        line, before = lines[at], lines[at - 1]
        first = line.text.split(" ", 1)[0]
        if line.gap or line.cells or found[-1].starts:
            break
        indented = line.raw[0] in " \t" and before.raw[0] not in " \t"
        wide = len(before.text) > _HALF_WIDTH and len(first) < _HALF_WIDTH
        if not (indented or (wide and len(before.text) + len(first) >= _WRAP_WIDTH)):
            break
        if not found[-1].label or from_text(line.text, catalog):
            break
        found[-1] = found[-1]._replace(
            value=f"{found[-1].value} {line.text}",
            line=f"{found[-1].line} {line.text}",
        )
        at += 1
    return at
