"""JSON that an operator wrote for a rule's `http_request`: an event by whatever names.

`{"event": "check.finished", "check_id": "CHK…"}`, `{"check": {…}, "action": "finished"}`:
the rule's body is a free template, so only its words tell what it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mailhook.catalog import Catalog, EventName
from mailhook.model import Json, Notice
from mailhook.readers import ids
from mailhook.readers.content import check

_DEPTH = 3
# What holds the members of the object, beside those that name its type.
_WRAPPERS = frozenset("object data payload body detail details result resource event_data".split())


class _Body(NamedTuple):
    """The members of a body: those of the notice itself by name, those of its object."""

    meta: dict[str, str]
    content: dict[str, Json]


def notices(value: Json, reader: str, subject: str, catalog: Catalog) -> list[Notice]:
    """The notices that the value tells of; none where it is about something else.

    Raises MalformedNotice where it names an event, and not in a way that can be used.
    """
    return [
        one
        for members in _candidates(value)
        if (one := _notice(_parted(members, catalog), reader, subject, catalog))
    ]


def _candidates(value: Json) -> Iterator[dict[str, Json]]:
    if isinstance(value, dict):
        listed = next(
            (one for one in value.values() if isinstance(one, list) and _are_objects(one)), None
        )
        yield from (one for one in listed or [value] if isinstance(one, dict))
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def _are_objects(values: list[Json]) -> bool:
    return bool(values) and all(isinstance(one, dict) for one in values)


def _parted(members: dict[str, Json], catalog: Catalog) -> _Body:
    body = _Body({}, {})
    _part(members, body, catalog, _DEPTH)
    return body


def _part(members: dict[str, Json], body: _Body, catalog: Catalog, depth: int) -> None:
    for name, value in members.items():
        meta = catalog.meta(name)
        if isinstance(value, dict) and depth:
            kind = catalog.type(name) or (catalog.types.get(catalog.find_product(name) or ""))
            if kind or name.lower() in _WRAPPERS or meta:
                if kind:
                    body.meta.setdefault("type", kind.name)
                _part(value, body, catalog, depth - 1)
                continue
        if (
            meta
            and isinstance(value, str)
            and value.strip()
            and not catalog.is_objects_type(name, value)
        ):
            body.meta.setdefault(meta, value.strip())
        else:
            body.content.setdefault(name, value)


def _notice(body: _Body, reader: str, subject: str, catalog: Catalog) -> Notice | None:
    event = _event(body, catalog) or _by_subject(body, subject, catalog)
    if event is None:
        return None
    kind = catalog.normal_type(event.type)
    content = dict(_members(body.content, kind, catalog))
    info = catalog.type(event.type)
    vendor_id = body.meta.get("id", "")
    if info and info.id_fields and vendor_id and kind in catalog.types_of_id(vendor_id):
        content.setdefault(catalog.id_field(kind, vendor_id), vendor_id)
        vendor_id = ""
    check(content, kind, catalog)
    if not content:
        return None
    return Notice(
        reader=reader,
        type=event.type,
        action=event.action,
        object=content,
        timestamp=body.meta.get("timestamp"),
        truora_id=vendor_id or None,
        idempotency_key=body.meta.get("idempotency_key"),
        version=body.meta.get("version"),
    )


def _event(body: _Body, catalog: Catalog) -> EventName | None:
    meta = body.meta
    for text in filter(None, (meta.get("event"), meta.get("action"))):
        if named := catalog.find_event(text, meta.get("product") or meta.get("type")):
            return named
    if "type" in meta and "action" in meta:
        return EventName(meta["type"], meta["action"], exact=True)
    if "type" in meta and (named := catalog.find_event(meta["type"])):
        return named
    text = meta.get("event", "")
    kind, dot, action = text.rpartition(".")
    return EventName(kind, action, exact=True) if dot and kind and " " not in text else None


def _by_subject(body: _Body, subject: str, catalog: Catalog) -> EventName | None:
    """The event that the mail's subject names, where the body has an id that suits it."""
    named = catalog.find_event(subject)
    if named is None:
        return None
    texts = [
        value for value in (*body.content.values(), *body.meta.values()) if isinstance(value, str)
    ]
    suits = any(named.type in catalog.types_of_id(one) for text in texts for one in ids.found(text))
    return named if suits else None


def _members(content: dict[str, Json], kind: str, catalog: Catalog) -> Iterator[tuple[str, Json]]:
    """The members by their wire names; those that nobody knows as they are."""
    for name, value in content.items():
        field = catalog.field(name, kind)
        if field and isinstance(value, str):
            yield from catalog.members(field, value)
        else:
            yield field or name, value
