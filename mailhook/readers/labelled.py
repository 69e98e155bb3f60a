"""`Label: value` lines and two-column tables, in the words of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mailhook.catalog import Catalog, EventName
from mailhook.errors import MalformedNotice
from mailhook.markup import View
from mailhook.model import Json, Notice
from mailhook.readers.reading import Reading

NAME = "labelled"

# A label is short; what stands before a colon in prose rarely is.
_LABELLED = re.compile(
    r"^[\s*•·\-–>]*(?P<label>[^:=\t]{2,60}?)\s*(?:[:=]|\t|\s[-–—]\s)\s*(?P<value>\S.*)$"
)
_HEADINGS = 12


@dataclass(slots=True)
class _Found:
    """What the labels of one mail say: of the notice itself, and of its object."""

    meta: dict[str, str] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)


def read(view: View, subject: str, catalog: Catalog) -> Reading | None:
    """The event that the labels tell of; None unless both an event and a field are named."""
    found = _Found()
    try:
        for label, value in _pairs(view):
            _take(found, label, value, catalog)
        named = _event(found, view, subject, catalog)
        content = _object(found, named, catalog) if named else {}
    except MalformedNotice as error:
        return Reading(unread=1, reader=NAME, problem=error.reason)
    if named is None or not content:
        return None
    return Reading((_notice(named, content, found.meta),), reader=NAME)


def _pairs(view: View) -> Iterator[tuple[str, str]]:
    for row in view.rows:
        if len(row) == 2:  # noqa: PLR2004 - label and value
            yield row[0].rstrip(" :"), row[1]
    for line in view.lines:
        if matched := _LABELLED.match(line):
            yield matched["label"].strip(" *_"), matched["value"].strip(" *_")


def _take(found: _Found, label: str, value: str, catalog: Catalog) -> None:
    if not label or not value:
        return
    if name := catalog.meta(label):
        _once(found.meta, name, value, label)
    else:
        found.pairs.append((label, value))


def _event(found: _Found, view: View, subject: str, catalog: Catalog) -> EventName | None:
    """The event by its label, else by a line of its own near the top, else by the subject."""
    meta = found.meta
    if "type" in meta and "action" in meta:
        event_type = catalog.normal_type(meta["type"])
        return EventName(event_type, catalog.normal_action(meta["action"], event_type), exact=True)
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
    content: dict[str, Json] = {}
    for label, text in found.pairs:
        if name := catalog.field(label, named.type):
            _once(content, name, catalog.value(name, text), label)
    return content


def _once(values: dict[str, Json] | dict[str, str], name: str, value: Json, label: str) -> None:
    """Set it, unless it was said before; said differently, nobody can know which is true."""
    if values.setdefault(name, value) != value:  # type: ignore[arg-type]
        raise MalformedNotice(f"two different values stand for one label ({label[:40]!r})")


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


def labels(view: View) -> Sequence[tuple[str, str]]:
    """The pairs of label and value as they stand, for `explain`."""
    return tuple(_pairs(view))
