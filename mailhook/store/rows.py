"""Rows of `events` as values and back: the one place that knows the columns' spelling."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from mailhook import times
from mailhook.model import Authenticity, Event, Known

# Every column of `events` that an event brings along, in the table's order.
EVENT_COLUMNS = (
    "product",
    "event_type",
    "event_action",
    "subject_type",
    "subject_id",
    "process_id",
    "account_id",
    "flow_id",
    "status",
    "occurred_at",
    "time_source",
    "updated_at",
    "authenticity",
    "confidence",
    "truora_id",
    "idempotency_key",
    "version",
    "object",
    "raw_type",
    "raw_action",
    "raw_status",
    "raw_timestamp",
)
_TIMES = ("occurred_at", "updated_at")


# What was JSON has no circles.
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_VALUES = attrgetter(*EVENT_COLUMNS)


def cell(value: Any) -> Any:  # noqa: ANN401 - a column's value, whatever its type
    """The value as SQLite keeps it: times of one width, objects as JSON text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return times.stored(value)
    if isinstance(value, Mapping | list):
        return to_json(value)
    return value


def to_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Compact JSON text in the vendor's order of members."""
    return _ENCODE(value)


# The columns that are no text as they are.
_SPELLED = {
    EVENT_COLUMNS.index("occurred_at"): times.stored,
    EVENT_COLUMNS.index("updated_at"): times.stored,
    EVENT_COLUMNS.index("object"): to_json,
}


def cells(event: Event) -> tuple[Any, ...]:
    """The event's values for `EVENT_COLUMNS`."""
    values = list(_VALUES(event))
    for nth, spell in _SPELLED.items():
        if values[nth] is not None:
            values[nth] = spell(values[nth])
    return tuple(values)


def known(
    row: Mapping[str, Any],
    taken: frozenset[Authenticity] = frozenset(),
    tellings: frozenset[tuple[str, str]] = frozenset(),
) -> Known:
    """A row of `events` as matching looks at it."""
    columns = {name: row[name] for name in EVENT_COLUMNS}
    columns |= {name: times.parse(row[name]) for name in _TIMES if row[name]}
    return Known(
        id=row["id"],
        key=row["key"],
        subject_id=row["subject_id"],
        event_type=row["event_type"],
        event_action=row["event_action"],
        occurred_at=columns["occurred_at"],
        time_source=row["time_source"],
        authenticity=row["authenticity"],
        confidence=row["confidence"],
        object=json.loads(row["object"]),
        columns=columns,
        taken=taken,
        tellings=tellings,
        fetched=tuple(json.loads(row["fetched"])) if row["fetched"] else (),
    )
