"""Labels with their values, however people and programs set them.

`Label: value` in all its dress, two-column and wide tables, tables with a header
row, a label and its value on two lines, several in one line. A line without a
label comes as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from mailhook import times
from mailhook.catalog import Catalog, words
from mailhook.markup import Line, View

_LABEL_LENGTH = 60
_VALUE_LENGTH = 80
_UNKNOWN_WORDS = 7
# Bullets, emoji, numbers and marks of emphasis before a label; `[` may open one.
_DRESS = re.compile(r"^(?:[\W_]{1,12}|\d{1,2}[.)]\s{1,3}|[a-z][.)]\s{1,3})+", re.IGNORECASE)
_STRONG = re.compile(r"(?::=|=>|->|→|⇒|➜|»|\.{3,}:?|\s\.\.\s|…:?|[:=：\t])\s*")
_DASH = re.compile(r"(?:\s[-–—]{1,2}\s|[–—]|\s~\s|>\s)\s*")
_SPACED_DASH = re.compile(r"\s[-–—]\s")
_SEVERAL = re.compile(r"(?:\s[|/•·]\s|[;|]|,\s)\s*")
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|__|\*|`)(?P<inner>.+)\1")
_JOINING = re.compile(r"^(?:[:=→]|->|[-–—](?=\s))\s*")
_SIGNS = frozenset(":=\t→")
_NESTED = 3
# The end of emphasis that began in the label: `**Check ID:** CHK…`.
_STRAY = re.compile(r"^[*_]{1,3}\s+|^(\*\*|__)(?=[^*_]+$)")
_QUOTES = {'"': '"', "“": "”", "«": "»", "'": "'", "‘": "’", "[": "]", "<": ">"}
_OPENING = frozenset("*_`~") | _QUOTES.keys()
_AFTER_NUMBER = frozenset(".)")
_RULE = re.compile(r"[\s|:+=_*-]*")
_ASIDE = re.compile(r"\s*[(\[][^()\[\]]{0,40}[)\]]\s*")
_EITHER = re.compile(r"\s*/\s*|\s+(?:or|o|ou)\s+")
# Where a program that breaks lines at some width would have broken this one.
_WRAP_WIDTH = 66
_HALF_WIDTH = 40
_STACKED = 3
_NAMING = frozenset({"product", "event", "type", "action"})


class Said(NamedTuple):
    """A label with its value; without a label, `value` is the whole line.

    `line` is the line it was read from. `known`: the catalogue has the label.
    `starts`: a row of a table begins here, a notice of its own. `whole` is the value
    up to the end of the line where it is read as one of several in it. `gap` as for lines.
    """

    label: str
    value: str
    line: str
    known: bool = False
    starts: bool = False
    whole: str = ""
    gap: bool = False


def said(view: View, catalog: Catalog) -> list[Said]:
    """Everything in the view in order, label by label."""
    found: list[Said] = []
    lines = list(_ruled(view.lines))
    stacked = _is_stacked(lines, catalog)
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.cells and (length := _table(lines, at, catalog)):
            found += _rows(lines[at : at + length], catalog)
            at += length
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
        if _RULE.fullmatch(line.text):
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
    return bool(one.label) or _DRESS.match(one.line) is not None


def undressed(text: str) -> str:
    """The text without bullets, numbers and emphasis before it."""
    return _label(text)


# Tables with a header row


def _table(lines: Sequence[Line], at: int, catalog: Catalog) -> int:
    """How many lines, from that one, are a header row of labels and the rows below it."""
    header = lines[at].cells
    if not _is_header(header, catalog):
        return 0
    end = at + 1
    while end < len(lines) and len(lines[end].cells) == len(header):
        below = [_bare(cell) for cell in lines[end].cells]
        if catalog.is_label(below[0]) or sum(map(catalog.is_label, below)) > 1:
            break
        end += 1
    return end - at if end - at > 1 else 0


def _is_header(cells: Sequence[str], catalog: Catalog) -> bool:
    bare = [_bare(cell) for cell in cells]
    if any(_JOINING.match(cell) for cell in bare):
        return False
    known = sum(bool(_known(cell, catalog)) for cell in bare)
    return known > 1 and known * 2 > len(bare) and all(bare)


def _rows(lines: Sequence[Line], catalog: Catalog) -> Iterator[Said]:
    labels = [_label(cell) for cell in lines[0].cells]
    header = [_known(label, catalog) or _ASIDE.sub("", label) for label in labels]
    known = [catalog.is_label(label) for label in header]
    for line in lines[1:]:
        starts = True
        for label, cell, is_known in zip(header, line.cells, known, strict=True):
            value = _cell(cell)
            if value and catalog.is_moment(label) and times.parse(value):
                yield Said("timestamp", value, line.text, known=True, starts=starts)
            elif value:
                yield Said(label, value, line.text, is_known, starts)
            starts = starts and not value


# Single lines


def _line(line: Line, catalog: Catalog) -> list[Said]:
    if line.cells and catalog.are_columns(line.cells):
        return []
    if line.cells and (found := _from_cells(line, catalog)):
        return found
    if found := _several(line, catalog):
        return found
    one = _from_text(line.text, catalog)
    if one and one.known and (found := _event_behind(one, catalog)):
        return [part._replace(gap=line.gap) for part in found]
    if one is None or not one.value:
        one = Said("", line.text, line.text)
    return [one._replace(gap=True) if line.gap else one]


def _from_cells(line: Line, catalog: Catalog) -> list[Said]:
    """A row of label and value, of several such, or of cells that each hold both."""
    cells = [cell for cell in map(_cell, line.cells) if any(map(str.isalnum, cell))]
    if len(cells) > 1 and (both := _both_in_each(cells, line, catalog)):
        return both
    if _has_value(cells[0] if cells else "", catalog) or _has_value(line.text, catalog):
        return []
    if len(cells) == 2 or (len(cells) % 2 == 0 and all(map(catalog.is_label, cells[::2]))):  # noqa: PLR2004
        labels = [_label(cell) for cell in cells[::2]]
        if all(0 < len(label) <= _LABEL_LENGTH for label in labels):
            return [
                Said(known or label, value, line.text, bool(known), gap=line.gap)
                for label, value in zip(labels, cells[1::2], strict=True)
                for known in (_known(label, catalog),)
            ]
    return []


def _both_in_each(cells: Sequence[str], line: Line, catalog: Catalog) -> list[Said]:
    """The labels of cells that each have their value beside them; one may name the event."""
    found: list[Said] = []
    for cell in cells:
        one = _from_text(cell, catalog)
        if one and one.value:
            found.append(one._replace(line=line.text, gap=line.gap))
            continue
        named = catalog.find_event(cell)
        if not (named and named.exact):
            return []
        found.append(Said("", cell, cell, gap=line.gap))
    return found if sum(one.known for one in found) * 2 >= len(found) else []


def _has_value(text: str, catalog: Catalog) -> bool:
    """Whether a sign parts a known label from its value in the text itself."""
    parted = _STRONG.search(text[:_LABEL_LENGTH])
    if parted is None or parted.end() >= len(text):
        return False
    return bool(_known(_label(text[: parted.start()]), catalog))


def _cell(text: str) -> str:
    """The text of a cell without the sign that joins it with its neighbour."""
    return _bare(_JOINING.sub("", _bare(text)))


def _several(line: Line, catalog: Catalog) -> list[Said]:
    """The labels of a line that has several, each with its value, and nothing else."""
    if not _SEVERAL.search(line.text):
        return []
    found: list[Said] = []
    for start, end in _parts(line.text):
        part = line.text[start:end]
        one = _from_text(part, catalog)
        if one and one.known and one.value:
            whole = _bare(line.text[start:].removeprefix(one.label).lstrip(" :="))
            found.append(one._replace(line=line.text, gap=line.gap, whole=whole))
        elif not found or (one and one.known):
            return []
        else:
            found[-1] = found[-1]._replace(value=f"{found[-1].value}, {part}")
    return found if len(found) > 1 else []


def _event_behind(one: Said, catalog: Catalog) -> list[Said]:
    """`Product: Checks Event: finished`; other labels in a value may be the value's own."""
    if catalog.meta(one.label) not in _NAMING or not (sign := _STRONG.search(one.value)):
        return []
    before = one.value[: sign.start()].split()
    for length in (1, 2, 3):
        label, value = " ".join(before[-length:]), " ".join(before[:-length])
        if value and catalog.meta(label) in _NAMING:
            behind = Said(label, _bare(one.value[sign.end() :]), one.line, known=True)
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


def _from_text(text: str, catalog: Catalog) -> Said | None:
    """The label at the start of a text with what follows; None where there is none."""
    bare = _undressed(text)
    head = bare[: _LABEL_LENGTH + 12]
    strong = _STRONG.search(head)
    for pattern in (_STRONG, _DASH):
        parted = strong if pattern is _STRONG else pattern.search(head)
        if parted is None:
            continue
        if known := _known(_label(bare[: parted.start()]), catalog):
            value = _bare(bare[parted.end() :])
            if not catalog.closes(known) or catalog.fits(known, value):
                return Said(known, value, text, known=True)
    return _leading(bare, text, catalog) or _unknown(bare, strong, text, catalog)


def _unknown(bare: str, strong: re.Match[str] | None, text: str, catalog: Catalog) -> Said | None:
    """A label that nobody knows; beside a time, a word for what happened says when."""
    sign = strong or _SPACED_DASH.search(bare[:_LABEL_LENGTH])
    if sign is None:
        return None
    label, value = _label(bare[: sign.start()]), _bare(bare[sign.end() :])
    if catalog.is_moment(label) and times.parse(value):
        return Said("timestamp", value, text, known=True)
    return Said(label, value, text) if _may_be_label(label, value, sign[0]) else None


def _known(label: str, catalog: Catalog) -> str:
    """The label as the catalogue has it: `RUT / Documento nacional` by either of its names."""
    if not 0 < len(label) <= _LABEL_LENGTH:
        return ""
    if catalog.is_label(label):
        return label
    parts = [_ASIDE.sub(" ", label), *_ASIDE.findall(label)] if label[-1:] in ")]" else []
    bare = (part.strip(" ()[]") for part in parts)
    if known := next((part for part in bare if part and catalog.is_label(part)), ""):
        return known
    either = _EITHER.split(label)
    return either[0] if len(either) > 1 and all(map(catalog.is_label, either)) else ""


def _may_be_label(label: str, value: str, sign: str) -> bool:
    """Whether `label` may be one that nobody has told us of."""
    if not value or value.startswith("//") or not any(map(str.isalpha, label)):
        return False
    signs = {":", "=", "：", "", "-", "–", "—"}
    return sign.strip() in signs and len(label.split()) <= _UNKNOWN_WORDS


def _leading(bare: str, text: str, catalog: Catalog) -> Said | None:
    """A known label and its value with nothing between them: `Check ID CHK1`."""
    start = bare[: _LABEL_LENGTH + 1].split()
    if not start or not catalog.begins_label(start[0]):
        return None
    length = catalog.label_at_start([word for part in start for word in words(part)])
    if not length:
        return None
    at, counted = 0, 0
    for part in start:
        if counted >= length:
            break
        counted += len(words(part))
        at = bare.index(part, at) + len(part)
    label, value = _label(bare[:at]), _bare(bare[at:])
    if not value or counted != length or not catalog.fits(label, value):
        return None
    named = catalog.find_event(bare)
    if named and named.exact:
        return None
    return Said(label, value, text, known=True)


def _over_two(lines: Sequence[Line], catalog: Catalog, *, stacked: bool) -> Said | None:
    """The label of one line with the next line as its value."""
    label = _lone_label(lines[0], catalog)
    if not label and stacked and _is_pair_apart(lines):
        text = f"{lines[0].text} {lines[1].text}"
        return Said(_label(lines[0].text), _bare(lines[1].text), text)
    if not label or len(lines) < 2 or not _is_value(lines[1], catalog):  # noqa: PLR2004
        return None
    value = _bare(lines[1].text)
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
    return all(len(line.text) <= _LABEL_LENGTH and not line.cells for line in lines[:2])


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
    if line.cells or len(text) > _LABEL_LENGTH or not _SIGNS.isdisjoint(text):
        return ""
    return _known(_label(text), catalog)


def _is_value(line: Line, catalog: Catalog) -> bool:
    if line.cells or _lone_label(line, catalog):
        return False
    one = _from_text(line.text, catalog)
    return not (one and one.known)


def _continued(found: list[Said], lines: Sequence[Line], at: int, catalog: Catalog) -> int:
    """Join what a mail program has wrapped into the next lines; the number of the line after."""
    while found and at < len(lines):
        line, before = lines[at], lines[at - 1]
        first = line.text.split(" ", 1)[0]
        if line.gap or line.cells or found[-1].starts:
            break
        indented = line.raw[0] in " \t" and before.raw[0] not in " \t"
        wide = len(before.text) > _HALF_WIDTH and len(first) < _HALF_WIDTH
        if not (indented or (wide and len(before.text) + len(first) >= _WRAP_WIDTH)):
            break
        if not found[-1].label or _from_text(line.text, catalog):
            break
        found[-1] = found[-1]._replace(
            value=f"{found[-1].value} {line.text}",
            line=f"{found[-1].line} {line.text}",
        )
        at += 1
    return at


def _undressed(text: str) -> str:
    """The text without what may stand before a label."""
    if text[:1].isalpha() and text[1:2] not in _AFTER_NUMBER:
        return text
    return _DRESS.sub("", text[:200]) + text[200:]


def _label(text: str) -> str:
    return _bare(_undressed(text)).strip(" :=*_`.\t]>»”")


def _bare(text: str) -> str:
    """The text without the emphasis or quotation marks around it.

    A mark inside, such as the underscore of an id, is the text's own.
    """
    text = text.strip()
    if text[:1] not in _OPENING:
        return text
    text = _STRAY.sub("", text)
    for _ in range(_NESTED):
        matched = _EMPHASIS.fullmatch(text)
        if matched:
            text = matched["inner"].strip()
        elif len(text) > 2 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:  # noqa: PLR2004
            text = text[1:-1].strip()
        else:
            break
    return text
