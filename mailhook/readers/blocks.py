"""What is said in a mail, cut into one block a notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mailhook.catalog import Catalog, EventName, fold
from mailhook.readers.dress import label_of
from mailhook.readers.saying import Said

_TITLE = 120


@dataclass(slots=True)
class Block:
    """The labels of one notice with their values, and the lines beside them.

    `meta` are those of the notice itself, by the catalogue's names; `fields` those of
    its object; `unknown` those that nobody knows. `headings` are the events that lines
    of their own name, in order. `above` are the lines before its first label, `lines`
    all of them. `clash` is a label that has two values.
    """

    meta: dict[str, Said] = field(default_factory=dict)
    fields: list[Said] = field(default_factory=list)
    unknown: list[Said] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    headings: list[tuple[EventName, str]] = field(default_factory=list)
    clash: str | None = None
    first: str = ""
    values: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no label of a notice stands in it."""
        return not (self.meta or self.fields)

    @property
    def labels(self) -> tuple[Said, ...]:
        """Every label of the notice with its value."""
        return (*self.meta.values(), *self.fields)

    def has_subject(self, catalog: Catalog) -> bool:
        """Whether a label of a subject's id stands in it."""
        return "id" in self.meta or any(catalog.is_subject_id(one.label) for one in self.fields)

    def add_above(self, other: Block) -> None:
        """Take what a block above says of the notice itself: the event, the product."""
        self.meta = other.meta | self.meta
        self.headings[:0] = other.headings
        self.lines[:0] = other.lines
        self.above[:0] = other.lines

    def add_below(self, other: Block) -> None:
        """Take what a block below says more."""
        self.meta = other.meta | self.meta
        self.fields += other.fields
        self.unknown += other.unknown
        self.lines += other.lines

    def similar(self, other: Block) -> bool:
        """Whether two blocks have most of their labels in common, and more than one."""
        mine, theirs = set(self.values), set(other.values)
        common = len(mine & theirs)
        return common > 1 and common * 2 >= max(len(mine), len(theirs))


def blocks(items: Sequence[Said], catalog: Catalog) -> list[Block]:
    """The blocks in order.

    A new one begins with a row of a table, with a line that names an event where
    labels came before, and where the label that the block began with, an event or an
    id comes again with another value, or any other does after a gap.
    """
    found = [Block()]
    between: list[str] = []  # the lines since the last label: a title of what follows, perhaps
    signed = False
    for nth, one in enumerate(items):
        signed = _is_signed(signed, one, found[-1], catalog)
        if one.known and not signed:
            name = catalog.meta(one.label) or fold(one.label)
            if one.starts or _comes_again(found[-1], name, one, catalog):
                found.append(Block(lines=between, above=between))
            if found[-1].is_empty:
                found[-1].above = list(found[-1].lines)
            _take(found[-1], name, one, catalog)
            between = []
            continue
        if one.label and not signed and _is_own(items, nth, catalog):
            found[-1].unknown.append(one)
            continue
        named = _heading(one, catalog)
        if named and not found[-1].is_empty:
            found.append(Block())
        if named:
            found[-1].headings.append((named, one.line))
        found[-1].lines.append(one.line)
        between = [*between, one.line]
    return found


def _is_signed(signed: bool, one: Said, block: Block, catalog: Catalog) -> bool:  # noqa: FBT001
    """Whether the mail has taken its leave; another notice may follow all the same."""
    if one.known and signed:
        return not (catalog.meta(one.label) == "event" or catalog.is_subject_id(one.label))
    return signed or (not block.is_empty and not one.known and catalog.phrases.signs_off(one.line))


def _named(line: str, catalog: Catalog) -> EventName | None:
    if len(line) > _TITLE:
        return None
    named = catalog.find_event(line)
    return named if named and named.exact else None


def _heading(line: Said, catalog: Catalog) -> EventName | None:
    """The event that a line names: as a whole, or before a colon with prose behind."""
    if named := _named(label_of(line.line), catalog):
        return named
    is_prose = line.label and not any(map(str.isdigit, line.value))
    return _named(line.label, catalog) if is_prose else None


def _comes_again(block: Block, name: str, one: Said, catalog: Catalog) -> bool:
    had = block.values.get(name)
    if had is not None and name == block.first and len(block.values) > 1:
        return True
    if had is None or had == one.value:
        return False
    return name in {block.first, "event", "id"} or one.gap or catalog.is_subject_id(one.label)


def _take(block: Block, name: str, one: Said, catalog: Catalog) -> None:
    had = block.values.setdefault(name, one.value)
    block.first = block.first or name
    known = catalog.meta(one.label)
    if known is None or catalog.is_objects_type(one.label, one.value):
        block.fields.append(one)
    elif had != one.value:
        block.clash = block.clash or one.label
    else:
        block.meta.setdefault(known, one)


def _is_own(items: Sequence[Said], nth: int, catalog: Catalog) -> bool:
    """Whether a label that nobody knows stands right beside one that is known."""
    one = items[nth]
    if catalog.phrases.closes(one.label):
        return False
    before = nth > 0 and items[nth - 1].label and not one.gap
    following = items[nth + 1] if nth + 1 < len(items) else None
    after = following and following.known and not (following.gap or following.starts)
    return bool(before or after) and _heading(one, catalog) is None
