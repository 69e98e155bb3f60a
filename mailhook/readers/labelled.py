"""`Label: value` lines and two-column tables, in the words of the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailhook.catalog import Catalog, EventName
from mailhook.errors import MalformedNotice
from mailhook.markup import View
from mailhook.model import Json, Notice
from mailhook.readers.pairs import pairs
from mailhook.readers.reading import Reading

NAME = "labelled"

_HEADINGS = 12
# `ID: CHK…` is the subject's; only ids of this shape are the event's own.
_VENDORS_ID = re.compile(r"(?:HKE|HIK)", re.IGNORECASE)
_ID = re.compile(r"""[<("'\[]?(?P<id>[^\s<>|"'()\[\]]*[^\s<>|"'()\[\].,;])[>)"'\].,;]*+""")


@dataclass(slots=True)
class _Found:
    """What the labels of one mail say: of the notice itself, and of its object.

    `contradicted` is a label of the notice itself that has two values.
    """

    meta: dict[str, str] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    contradicted: str | None = None


def read(view: View, subject: str, catalog: Catalog) -> Reading | None:
    """The event that the labels tell of; None unless an event and something of it are named.

    Some of the vendor's events have no fields at all: a label of the notice
    itself, such as `Event` or `Timestamp`, is enough.
    """
    found = _Found()
    for label, value in pairs(view):
        _take(found, label, value, catalog)
    named = _event(found, view, subject, catalog)
    if named is None:
        return None
    try:
        content = _object(found, named, catalog)
    except MalformedNotice as error:
        return Reading(unread=1, reader=NAME, problem=error.reason)
    if not (content or found.meta):
        return None
    return Reading((_notice(named, content, found.meta),), reader=NAME)


def _take(found: _Found, label: str, value: str, catalog: Catalog) -> None:
    if not label or not value:
        return
    name = catalog.meta(label)
    if name and not _is_of_object(name, label, value, catalog):
        if found.meta.setdefault(name, value) != value:
            found.contradicted = label
    else:
        found.pairs.append((label, value))


def _is_of_object(name: str, label: str, value: str, catalog: Catalog) -> bool:
    """Whether `type: person` is meant: a field of the object, not the type of the event."""
    return name == "type" and catalog.field(label) is not None and not _type(value, catalog)


def _type(text: str, catalog: Catalog) -> str | None:
    """The type that a label's value names, as it stands where that is a wire word."""
    return text if catalog.type(text) else catalog.find_product(text)


def _event(found: _Found, view: View, subject: str, catalog: Catalog) -> EventName | None:
    """The event by its label, else by a line of its own near the top, else by the subject."""
    meta = found.meta
    if "type" in meta and "action" in meta:
        event_type = _type(meta["type"], catalog) or meta["type"]
        return EventName(event_type, meta["action"], exact=True)
    product = meta.get("product")
    for text in filter(None, (meta.get("event"), meta.get("action"))):
        if named := catalog.find_event(text, product):
            return named
    for line in (*view.lines[:_HEADINGS], subject):
        named = catalog.find_event(line)
        if named and named.exact:
            return named
    return None


def _object(found: _Found, named: EventName, catalog: Catalog) -> dict[str, Json]:
    if found.contradicted:
        raise _contradiction(found.contradicted)
    content: dict[str, Json] = {}
    event_type, info = catalog.normal_type(named.type), catalog.type(named.type)
    ids = info.id_fields if info else ()
    for label, text in found.pairs:
        if name := catalog.field(label, event_type):
            value = _id(text) if name in ids else catalog.value(name, text)
            if content.setdefault(name, value) != value:
                raise _contradiction(label)
    if ids and (subject := found.meta.get("id")) and not _VENDORS_ID.match(subject):
        del found.meta["id"]
        if content.setdefault(ids[0], _id(subject)) != _id(subject):
            raise _contradiction("ID")
    return content


def _id(text: str) -> str:
    """The subject's id without what stands around it: with that it would be another subject."""
    matched = _ID.fullmatch(text)
    if matched is None:
        raise MalformedNotice("what stands for the subject's id is not one word")
    return matched["id"]


def _contradiction(label: str) -> MalformedNotice:
    """Of two values for one label, nobody can know which is true."""
    return MalformedNotice(f"two different values stand for one label ({label[:40]!r})")


def _notice(named: EventName, content: dict[str, Json], meta: dict[str, str]) -> Notice:
    return Notice(
        reader=NAME,
        type=named.type,
        action=named.action,
        object=content,
        product=meta.get("product"),
        timestamp=meta.get("timestamp"),
        truora_id=meta.get("id"),
        idempotency_key=meta.get("idempotency_key"),
        version=meta.get("version"),
    )
