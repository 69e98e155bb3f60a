"""Rows of findings that are certainly new, collected and written by a few statements."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from mailhook import times
from mailhook.model import Event, Finding
from mailhook.store import many
from mailhook.store.aliases import names, told
from mailhook.store.deliveries import Deliveries
from mailhook.store.rows import EVENT_COLUMNS, cells

_DELIVERIES = f"deliveries (id, {', '.join(Deliveries.COLUMNS)})"
_EVENTS = f"events (id, key, revision, recorded_at, {', '.join(EVENT_COLUMNS)})"
_ALIASES = "aliases"
_SIGHTINGS = "sightings"
_LAST = "SELECT (SELECT max(id) FROM deliveries), (SELECT max(id) FROM events)"
_REVISE = "UPDATE counters SET value = value + ? WHERE name = 'revision' RETURNING value"

_Row = tuple[Any, ...]


class Sheet:
    """What `Recorder.record` would write of each finding, for all of them at once.

    The caller owns the transaction, and sees to it that nothing else is written
    between the first `add` and `write`.
    """

    def __init__(
        self, connection: sqlite3.Connection, deliveries: Deliveries, now: datetime
    ) -> None:
        self._connection, self._deliveries, self._at = connection, deliveries, times.stored(now)
        self._rows: list[_Row] = []
        self._events: list[tuple[Event, int, str]] = []

    def add(self, finding: Finding, sha256: str) -> None:
        """One more; its events are in the same order as it tells them."""
        self._rows.append(self._deliveries.row(finding, sha256, self._at))
        if finding.verdict == "read":
            nth, channel = len(self._rows), finding.delivery.channel
            self._events += [(event, nth, channel) for event in finding.events]

    def write(self) -> None:
        """Write them, and begin anew."""
        if not self._rows:
            return
        deliveries, events = (last or 0 for last in self._connection.execute(_LAST).fetchone())
        many.insert(
            self._connection,
            _DELIVERIES,
            [(deliveries + nth, *row) for nth, row in enumerate(self._rows, 1)],
        )
        if self._events:
            self._write_events(deliveries, events)
        self._rows, self._events = [], []

    def _write_events(self, deliveries: int, last: int) -> None:
        numbered = list(enumerate(self._events, last + 1))
        shift = self._revised(len(numbered)) - last - len(numbered)
        many.insert(
            self._connection,
            _EVENTS,
            [(id_, e.key, id_ + shift, self._at, *cells(e)) for id_, (e, _, _) in numbered],
        )
        aliases = [(name, id_) for id_, (e, _, _) in numbered for name in names(e)]
        many.insert(self._connection, _ALIASES, aliases)
        sightings = [self._sighting(id_, deliveries, *one) for id_, one in numbered]
        many.insert(self._connection, _SIGHTINGS, sightings)

    def _revised(self, count: int) -> int:
        """The revision of the last of so many events."""
        (value,) = self._connection.execute(_REVISE, (count,)).fetchone()
        return int(value)

    def _sighting(self, event_id: int, deliveries: int, event: Event, nth: int, road: str) -> _Row:
        proof = (event.authenticity, event.time_source, told(event))
        return (event_id, deliveries + nth, road, self._at, *proof)
