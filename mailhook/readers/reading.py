"""What a reader found, and the one shape that three spellings share: the event as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mailhook import strict_json
from mailhook.errors import MalformedNotice
from mailhook.model import Json, Notice


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in one mail.

    `unread` counts what was recognised as a notice but not understood;
    `problem` says, as `code: sentence`, why something vendor-like was not used;
    `conflicts` are sentences on what the mail says of one thing in two ways.
    """

    notices: tuple[Notice, ...] = ()
    unread: int = 0
    reader: str | None = None
    problem: str | None = None
    conflicts: tuple[str, ...] = ()


def is_event(value: Json) -> bool:
    """Whether a JSON value has the shape of the vendor's events."""
    return isinstance(value, dict) and isinstance(value.get("event_type"), str)


def notice(event: Json, reader: str, *, proven: bool = False) -> Notice:
    """The notice that one of the vendor's event objects is.

    Web hooks carry `object` as an object, the vendor's API as a JSON string.
    Raises MalformedNotice where it is no event after all.
    """
    if not isinstance(event, dict):
        raise MalformedNotice("an event is no JSON object")
    event_type, action = _type_and_action(event)
    return Notice(
        reader=reader,
        type=event_type,
        action=action,
        object=_object(event.get("object")),
        timestamp=_text(event, "timestamp"),
        truora_id=_text(event, "id"),
        idempotency_key=_text(event, "idempotency_key"),
        version=_text(event, "version"),
        proven=proven,
    )


def each_once(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """The notices in order, of equal ones the first; an object's members have no order."""
    told = tuple(notices)
    if len(told) < 2:  # noqa: PLR2004
        return told
    found: dict[str, Notice] = {}
    for one in told:
        content = json.dumps(one.object, sort_keys=True)
        found.setdefault(f"{replace(one, object={})!r} {content}", one)
    return tuple(found.values())


def _type_and_action(event: dict[str, Any]) -> tuple[str, str]:
    event_type, action = _text(event, "event_type"), _text(event, "event_action")
    if event_type and not action and "." in event_type:
        # A rule's name holds both: checks.check.finished
        event_type, _, action = event_type.rpartition(".")
    if not event_type or not action:
        raise MalformedNotice("an event without event_type or event_action")
    return event_type, action


def _object(value: Json) -> dict[str, Json]:
    if isinstance(value, str):
        try:
            value = strict_json.loads(value)
        except ValueError as error:
            raise MalformedNotice(f"an event's object is no strict JSON: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedNotice("an event's object is no JSON object")
    return value


def _text(event: dict[str, Any], name: str) -> str | None:
    value = event.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise MalformedNotice(f"an event's {name} is no text")
    return value.strip() or None
