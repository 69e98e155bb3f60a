"""The object of a labelled notice: wire names, typed values, and the subject's id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mailhook.catalog import Catalog
from mailhook.errors import MalformedNotice
from mailhook.model import Json
from mailhook.readers import ids
from mailhook.readers.blocks import Block
from mailhook.readers.saying import Said

# `ID: CHK…` is the subject's; only ids of this shape are the event's own.
_VENDORS_ID = re.compile(r"(?:HKE|HIK)", re.IGNORECASE)
_ID = re.compile(
    r"""[<("'“«‘\[]?(?P<id>[^\s<>|"'“”«»‘’()\[\]]*[^\s<>|"'“”«»‘’()\[\].,;])[>)"'”»’\].,;]*+"""
)


class Content:
    """Members of an object, each with the line it was read from.

    A second value for a member raises MalformedNotice: nobody can know which is true.
    """

    def __init__(self) -> None:
        self.members: dict[str, Json] = {}
        self.told_in: dict[str, str] = {}

    def put(self, name: str, value: Json, one: Said) -> None:
        """Add what a label says."""
        if self.members.setdefault(name, value) != value:
            raise contradiction(one.label)
        self.told_in.setdefault(name, one.line)

    def pass_through(self, one: Said) -> None:
        """Add what a label says that nobody knows, as it stands."""
        self.members.setdefault(one.label, one.value)
        self.told_in.setdefault(one.label, one.line)


def of_block(block: Block, kind: str, beside: Iterable[str], catalog: Catalog) -> Content:
    """The object that the labels of a block make, on a type by its normalised name.

    `beside` are lines where the subject's id may stand that no label has. Raises
    MalformedNotice where it contradicts itself or cannot be meant.
    """
    info = catalog.types.get(kind)
    id_fields = info.id_fields if info else ()
    content = Content()
    for one in block.fields:
        _put_field(content, one, kind, id_fields, catalog)
    for one in block.unknown:
        _put_unknown(content, one, kind, catalog)
    if (own := block.meta.get("id")) and not is_vendors(own.value):
        content.put(id_fields[0] if id_fields else f"{kind}_id", _id(own.value), own)
    if id_fields and content.members.keys().isdisjoint(id_fields):
        unknown = [one.line for one in block.unknown]
        for name, value, line in _beside([*beside, *unknown], kind, catalog):
            content.members[name], content.told_in[name] = value, line
    check(content.members, kind, catalog)
    return content


def check(members: Mapping[str, Json], kind: str, catalog: Catalog) -> None:
    """Refuse an id that cannot be meant: another product's, or a variable not filled in."""
    info = catalog.types.get(kind)
    for name in info.id_fields if info else ():
        value = members.get(name)
        if isinstance(value, str):
            _check_id(value, kind, catalog)


def _check_id(text: str, kind: str, catalog: Catalog) -> None:
    if ids.is_placeholder(text):
        raise MalformedNotice("a variable stands where its value should: it was not filled in")
    of = catalog.types_of_id(text)
    if of and kind not in of and ids.any_in([text]):
        raise MalformedNotice("the id is one of another product than the event")


def is_vendors(vendor_id: str) -> bool:
    """Whether the id is one of an event, not of its subject."""
    return bool(_VENDORS_ID.match(vendor_id))


class Contradiction(MalformedNotice):
    """One label has two values."""


def contradiction(label: str) -> Contradiction:
    """What to raise where one label has two values."""
    return Contradiction(f"two different values stand for one label ({label[:40]!r})")


def _put_field(
    content: Content, one: Said, kind: str, id_fields: Sequence[str], catalog: Catalog
) -> None:
    name = catalog.field(one.label, kind)
    if ids.is_template(one.value) and name not in id_fields:
        return  # a variable of the rule that was not filled in says nothing
    if name is None:
        content.pass_through(one)
    elif name in id_fields:
        content.put(name, _id(one.value), one)
    else:
        day_first = not catalog.is_english(one.label)
        for member, value in catalog.members(name, one.value, day_first=day_first):
            if member == name:
                content.put(member, value, one)
            else:
                content.members.setdefault(member, value)


def _put_unknown(content: Content, one: Said, kind: str, catalog: Catalog) -> None:
    """What nobody knows as it stands; an id says by its letters what it is."""
    name = catalog.field_of_id(kind, one.value) if ids.found(one.value) == [one.value] else None
    if kind not in catalog.types and catalog.is_id_of(kind, one.label):
        name = f"{kind}_id"
    if name and name not in content.members:
        content.put(name, one.value, one)
    else:
        content.pass_through(one)


def _beside(lines: Iterable[str], kind: str, catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    """The subject's id where no label has it but a heading or a sentence does."""
    found = {
        vendor_id: line
        for line in lines
        for vendor_id in ids.found(line)
        if kind in catalog.types_of_id(vendor_id)
    }
    if len(found) > 1:
        raise MalformedNotice("several ids stand in it, and no label says of which it speaks")
    for vendor_id, line in found.items():
        yield catalog.id_field(kind, vendor_id), vendor_id, line


def _id(text: str) -> str:
    """The subject's id without what stands around it: with that it would be another subject."""
    if ids.is_placeholder(text):
        raise MalformedNotice("a variable stands where its value should: it was not filled in")
    matched = _ID.fullmatch(text)
    if matched is None or ids.are_several(text):
        raise MalformedNotice("what stands for the subject's id is not one word")
    if not ids.is_plain(matched["id"]):
        raise MalformedNotice("the id has letters or digits that no id of the vendor's has")
    return matched["id"]
