"""Retention: bytes and events older than the settings allow go, in small transactions.

Age is counted from `recorded_at`, by our own clock: what a mail says of its date
decides nothing, and an archive that was read in yesterday is a day old. What is in
quarantine, or not wholly understood, keeps its bytes. An event leaves a tombstone.
A delivery goes once its bytes and all that it told of are gone; if its mail is met
again, it is read again, and known by the tombstones.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from mailhook import times
from mailhook.config import StoreSettings
from mailhook.store import audit
from mailhook.store.tombstones import bury

if TYPE_CHECKING:
    from mailhook.store.reader import Reader
    from mailhook.store.writer import Store

# What one transaction looks at: some milliseconds, for which who records may have to wait.
_ROWS = 200
_BYTES = 2_000_000
# Pages of 4 kB that one step gives back to the file system.
_PAGES = 256

_RAW = "recorded_at < :raw_before AND raw IS NOT NULL AND outcome <> 'quarantined' AND unread = 0"
# The last sighting counts of an alert: a mail that repeats it within a day must find it.
_EVENT = """recorded_at < :events_before AND NOT EXISTS
    (SELECT 1 FROM alerts a WHERE a.event_id = events.id AND a.last_seen_at >= :events_before)"""
_DELIVERY = (
    "recorded_at < :events_before AND outcome NOT IN ('quarantined', 'dropped') AND NOT unread"
)
_TOLD_NOTHING = """raw IS NULL
    AND NOT EXISTS (SELECT 1 FROM sightings s WHERE s.delivery_id = deliveries.id)
    AND NOT EXISTS (SELECT 1 FROM conflicts c WHERE c.delivery_id = deliveries.id)
    AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.delivery_id = deliveries.id)"""

_PRUNE_RAW = f"""
UPDATE deliveries SET raw = NULL WHERE id IN (
    SELECT id FROM (
        SELECT id, length(raw) AS size, sum(length(raw)) OVER (ORDER BY recorded_at, id) AS total
        FROM (SELECT id, recorded_at, raw FROM deliveries WHERE {_RAW}
              ORDER BY recorded_at, id LIMIT :rows))
    WHERE total - size < :bytes)
"""  # noqa: S608 - constants
_NEXT = """
SELECT id, recorded_at FROM {} WHERE (recorded_at, id) > (:at, :id) AND {}
ORDER BY recorded_at, id LIMIT :rows
"""
_DELETE_DELIVERIES = f"""
DELETE FROM deliveries WHERE id IN (SELECT value FROM json_each(?)) AND {_TOLD_NOTHING}
"""  # noqa: S608 - constants
# What the vendor listed of an event that was pruned, or could not be read, goes in its time, too.
_FORGET_LISTED = """
DELETE FROM listed WHERE idempotency_key IN (
    SELECT idempotency_key FROM listed
    WHERE event_id IS NULL AND listed_at < :events_before LIMIT :rows)
"""

# What would go, all at once: of a delivery both its bytes and its events.
_FORESEEN = f"""
SELECT
    (SELECT count(*) FROM deliveries WHERE {_RAW}) AS raw,
    (SELECT count(*) FROM events WHERE {_EVENT}) AS events,
    (SELECT count(*) FROM deliveries WHERE {_DELIVERY} AND (raw IS NULL OR {_RAW})
        AND NOT EXISTS (SELECT 1 FROM sightings s JOIN events ON events.id = s.event_id
                        WHERE s.delivery_id = deliveries.id AND NOT ({_EVENT}))
    ) AS deliveries
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Counts:
    """How many deliveries lost their bytes, and how many events and deliveries went."""

    raw: int = 0
    events: int = 0
    deliveries: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(
            self.raw + other.raw,
            self.events + other.events,
            self.deliveries + other.deliveries,
        )

    def __bool__(self) -> bool:
        """Whether anything went."""
        return self != Counts()


def prune(
    store: Store,
    settings: StoreSettings,
    now: datetime,
    progress: Callable[[Counts], None] = lambda _: None,
    who: str = "mailhook",
) -> Counts:
    """Remove what is older than the settings allow; what went, which `audit` tells too.

    `progress` is given the sum after each transaction; `who` is the user who asked. May
    be killed at any time and called again. Between transactions it rests as long as one
    took, so that others who write never wait for more than one.
    """
    sweep = Sweep(settings, now, who)
    while _resting(partial(store.sweep, sweep)):
        progress(sweep.counts)
    while _resting(partial(store.give_back, _PAGES)):
        progress(sweep.counts)
    return sweep.counts


def foresee(reader: Reader, settings: StoreSettings, now: datetime) -> Counts:
    """What `prune` would remove now; reads only."""
    (row,) = reader.rows(_FORESEEN, _before(settings, now))
    return Counts(**row)


class Sweep:
    """One walk through what is too old, at most so many `rows` at a time."""

    def __init__(self, settings: StoreSettings, now: datetime, who: str, rows: int = _ROWS) -> None:
        self.counts = Counts()
        why = f"raw_days: {_days(settings.raw_days)}, event_days: {_days(settings.event_days)}"
        self._now, self._deed = now, audit.Deed(who, "prune", why)
        self._values = {**_before(settings, now), "rows": rows, "bytes": _BYTES}
        self._phases = [self._raw, self._events, self._deliveries, self._listed]
        self._last = ("", 0)
        self._audit_id: int | None = None

    def step(self, connection: sqlite3.Connection) -> bool:
        """Remove the next rows; whether there may be more. The caller owns the transaction."""
        if not self._phases:
            return False
        gone, more = self._phases[0](connection)
        if not more:
            del self._phases[0]
            self._last = ("", 0)
        if gone:
            self.counts += gone
            self._note(connection)
        return bool(self._phases)

    def _raw(self, connection: sqlite3.Connection) -> tuple[Counts, bool]:
        count = connection.execute(_PRUNE_RAW, self._values).rowcount
        return Counts(raw=count), count > 0

    def _events(self, connection: sqlite3.Connection) -> tuple[Counts, bool]:
        ids = self._next(connection, "events", _EVENT)
        if ids:
            bury(connection, ids, self._now)
        return Counts(events=len(ids)), bool(ids)

    def _deliveries(self, connection: sqlite3.Connection) -> tuple[Counts, bool]:
        ids = self._next(connection, "deliveries", _DELIVERY)
        count = connection.execute(_DELETE_DELIVERIES, (json.dumps(ids),)).rowcount
        return Counts(deliveries=count), bool(ids)

    def _listed(self, connection: sqlite3.Connection) -> tuple[Counts, bool]:
        return Counts(), connection.execute(_FORGET_LISTED, self._values).rowcount > 0

    def _next(self, connection: sqlite3.Connection, table: str, where: str) -> list[int]:
        at, last_id = self._last
        values = {**self._values, "at": at, "id": last_id}
        rows = connection.execute(_NEXT.format(table, where), values).fetchall()
        if rows:
            self._last = (rows[-1][1], rows[-1][0])
        return [number for number, _ in rows]

    def _note(self, connection: sqlite3.Connection) -> None:
        detail = asdict(self.counts)
        if self._audit_id is None:
            self._audit_id = audit.note(connection, self._now, self._deed, detail)
        else:
            audit.amend(connection, self._audit_id, detail)


def _resting(step: Callable[[], bool]) -> bool:
    started = time.monotonic()
    more = step()
    if more:
        time.sleep(time.monotonic() - started)
    return more


def _before(settings: StoreSettings, now: datetime) -> dict[str, str]:
    """Before which moment goes what; the empty text is before every moment."""
    return {
        "raw_before": _ago(now, settings.raw_days),
        "events_before": _ago(now, settings.event_days),
    }


def _ago(now: datetime, days: int | None) -> str:
    if days is None:
        return ""
    start, _ = times.around(now, timedelta(days=days).total_seconds())
    return times.stored(start)


def _days(days: int | None) -> str:
    return "null" if days is None else str(days)
