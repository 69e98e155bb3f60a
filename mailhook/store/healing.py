"""Alerts by what became of the gap they tell of: within an open transaction, or read-only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import unquote

from mailhook import times
from mailhook.store.reader import Reader

State = Literal["open", "healed", "lost", "resolved"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A verified alert of which the gap may still close; times as the columns hold them.

    `readings` of the list had begun when it was last told.
    """

    id: int
    occurred_at: str
    last_seen_at: str
    state: State
    healing: str | None
    readings: int = 0


Verdict = tuple[State, str | None]

# As far back as the list reaches.
_WHILE = timedelta(days=60)

_GAPS = """
SELECT id, occurred_at, last_seen_at, state, healing, readings FROM alerts
WHERE (state <> 'resolved' OR last_seen_at >= ? AND ifnull(healing, '') NOT LIKE 'healed:%')
  AND authenticity = 'verified' AND kind IN ('delivery_failing', 'hook_disabled')
"""

# What is listed has its place behind the list's address. The pluses keep SQLite to the index
# of what waits.
_WAITING = """
SELECT location, received_at FROM deliveries
WHERE (outcome = 'quarantined' OR unread > 0) AND outcome = 'quarantined'
  AND +location > :source || '#' AND +location < :source || '0'
UNION ALL
SELECT location, received_at FROM deliveries
WHERE location > :source || '#' AND location < :source || '0' AND outcome = 'dropped'
"""

# Of the items with these names, each as the list and as `aliases` tells it: when the event was,
# as far as that can be read, and whether another telling of it could be.
_LISTED = """
SELECT (SELECT occurred_at FROM listed WHERE idempotency_key = value ->> 0) AS occurred_at,
    EXISTS (SELECT 1 FROM aliases a JOIN sightings s ON s.event_id = a.event_id
            WHERE a.alias = value ->> 1 AND s.channel = 'api' AND s.authenticity = 'verified')
    OR EXISTS (SELECT 1 FROM tombstone_aliases a JOIN tombstones t ON t.id = a.tombstone_id
               WHERE a.alias = value ->> 1 AND t.authenticity = 'verified') AS is_recorded
FROM json_each(:names) ORDER BY key
"""

_ALONE = """
SELECT count(*) AS count FROM events e WHERE e.occurred_at >= :since
  AND EXISTS (SELECT 1 FROM sightings s WHERE s.event_id = e.id AND s.channel = 'api')
  AND NOT EXISTS (SELECT 1 FROM sightings s WHERE s.event_id = e.id
                  AND s.channel IN ('email', 'file', 'web'))
"""

_RECORDED = """
SELECT count(*) AS events, coalesce(sum(EXISTS (
           SELECT 1 FROM sightings s WHERE s.event_id = e.id AND s.channel IN ('email', 'file')
       )), 0) AS mail, coalesce(sum(EXISTS (
           SELECT 1 FROM sightings s WHERE s.event_id = e.id AND s.channel = 'web'
       )), 0) AS web, coalesce(sum(EXISTS (
           SELECT 1 FROM sightings s WHERE s.event_id = e.id AND s.channel = 'api'
       )), 0) AS api
FROM events e WHERE e.occurred_at >= :since AND e.occurred_at < :until
  AND e.authenticity = 'verified' AND e.product <> 'webhook'
"""

_SETTLE = """
UPDATE alerts SET state = :became, healing = :words
WHERE id = :id AND state = :state AND healing IS :healing AND readings = :readings
  AND occurred_at = :occurred_at AND last_seen_at = :last_seen_at
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many proven events of a time there are, and how many came by which road."""

    events: int
    mail: int
    web: int
    api: int


def gaps(reader: Reader, now: datetime) -> list[Gap]:
    """Every such alert; one that was resolved before its gap was closed, too, for a while."""
    return [Gap(**row) for row in reader.rows(_GAPS, (times.stored(now - _WHILE),))]


def unread(reader: Reader, source: str, since: str) -> int:
    """How many listed events may be of since then and could not be read: waiting, or dropped.

    Not those that could another time: what the vendor has cut may come whole. One that does
    not even tell its time is of when it was found.
    """
    from mailhook.events import alias  # with the catalogue, so only where it is needed

    waiting = reader.rows(_WAITING, {"source": source})
    keys = [_key(row["location"], source) for row in waiting]
    names = json.dumps([[key, alias(key)] for key in keys])
    found_at = {
        key or row["location"]: listed["occurred_at"] or row["received_at"]
        for key, row, listed in zip(
            keys, waiting, reader.rows(_LISTED, {"names": names}), strict=True
        )
        if not listed["is_recorded"]
    }
    return sum(moment >= since for moment in found_at.values())


def _key(location: str, source: str) -> str:
    """The idempotency key of the item that lies there; empty where it tells none."""
    return unquote(location.removeprefix(source).partition("#")[0].removeprefix("/"))


def alone(reader: Reader, since: str) -> int:
    """How many events that happened since then came by the API and by no other road."""
    return int(reader.rows(_ALONE, {"since": since})[0]["count"])


def recorded(reader: Reader, since: str, until: str) -> Recorded:
    """What happened in that time and is recorded; alerts are not counted."""
    return Recorded(**reader.rows(_RECORDED, {"since": since, "until": until})[0])


def settle(connection: sqlite3.Connection, verdicts: Iterable[tuple[Gap, Verdict]]) -> list[State]:
    """Write down what became of these, and say of which it was.

    Not of those that were told again, resolved or judged by somebody else since they were read.
    """
    return [
        state
        for gap, (state, words) in verdicts
        if connection.execute(_SETTLE, {**asdict(gap), "became": state, "words": words}).rowcount
    ]
