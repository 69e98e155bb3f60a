"""Rows of tables: a header row with rows below it, label and value beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailhook import times
from mailhook.catalog import Catalog
from mailhook.markup import Line
from mailhook.readers.dress import JOINING, cell_of, label_of, unmarked
from mailhook.readers.labelling import ASIDE, LABEL_LENGTH, from_text, has_value, known_label
from mailhook.readers.saying import Said


def table(lines: Sequence[Line], at: int, catalog: Catalog) -> tuple[int, int]:
    """Behind which line end the rows below a header row of labels, and all of its table.

    Both are `at` where there is no such table. Rows between the two have more or fewer
    cells than the header: nobody knows what is in which.
    """
    header = lines[at].cells
    if not _is_header(header, catalog):
        return at, at
    rows_end = at + 1
    while rows_end < len(lines) and _is_row(lines[rows_end], header, catalog):
        rows_end += 1
    end = rows_end
    while end < len(lines) and lines[end].cells and not lines[end].gap:
        if len(lines[end].cells) == len(header) or _is_header(lines[end].cells, catalog):
            break
        end += 1
    is_table = rows_end > at + 1 or (end > rows_end and len(header) > 2)  # noqa: PLR2004
    return (rows_end, end) if is_table else (at, at)


def _is_row(line: Line, header: Sequence[str], catalog: Catalog) -> bool:
    if len(line.cells) != len(header):
        return False
    cells = [unmarked(cell) for cell in line.cells]
    return not catalog.is_label(cells[0]) and sum(map(catalog.is_label, cells)) <= 1


def _is_header(cells: Sequence[str], catalog: Catalog) -> bool:
    bare = [unmarked(cell) for cell in cells]
    if any(JOINING.match(cell) for cell in bare):
        return False
    known = sum(bool(known_label(cell, catalog)) for cell in bare)
    return known > 1 and known * 2 > len(bare) and all(bare)


def rows(lines: Sequence[Line], catalog: Catalog) -> Iterator[Said]:
    """What the rows below the header, which is the first line, say: a notice each."""
    labels = [label_of(cell) for cell in lines[0].cells]
    header = [known_label(label, catalog) or ASIDE.sub("", label) for label in labels]
    known = [catalog.is_label(label) for label in header]
    for line in lines[1:]:
        starts = True
        for label, cell, is_known in zip(header, line.cells, known, strict=True):
            value = cell_of(cell)
            if value and catalog.is_moment(label) and times.parse(value):
                yield Said("timestamp", value, line.text, known=True, starts=starts)
            elif value:
                yield Said(label, value, line.text, is_known, starts)
            starts = starts and not value


def from_cells(line: Line, catalog: Catalog) -> list[Said]:
    """A row of label and value, of several such, or of cells that each hold both."""
    cells = [cell for cell in map(cell_of, line.cells) if any(map(str.isalnum, cell))]
    if len(cells) > 1 and (both := _both_in_each(cells, line, catalog)):
        return both
    if has_value(cells[0] if cells else "", catalog) or has_value(line.text, catalog):
        return []
    if len(cells) == 2 or (len(cells) % 2 == 0 and all(map(catalog.is_label, cells[::2]))):  # noqa: PLR2004
        labels = [label_of(cell) for cell in cells[::2]]
        if all(0 < len(label) <= LABEL_LENGTH for label in labels):
            return [
                Said(known or label, value, line.text, bool(known), gap=line.gap)
                for label, value in zip(labels, cells[1::2], strict=True)
                for known in (known_label(label, catalog),)
            ]
    return []


def _both_in_each(cells: Sequence[str], line: Line, catalog: Catalog) -> list[Said]:
    """The labels of cells that each have their value beside them; one may name the event."""
    found: list[Said] = []
    for cell in cells:
        one = from_text(cell, catalog)
        if one and one.value:
            is_barred = one.known and "|" in line.raw
            whole = line.text[line.text.find(one.value) :] if is_barred else ""
            found.append(one._replace(line=line.text, gap=line.gap, whole=whole))
            continue
        named = catalog.find_event(cell)
        if not (named and named.exact):
            return []
        found.append(Said("", cell, cell, gap=line.gap))
    return found if sum(one.known for one in found) * 2 >= len(found) else []
