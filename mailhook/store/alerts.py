"""Alerts within an open transaction: a repeated one joins the first, a later one is new.

Creator and owner of a hook get the same mail, and the vendor may write again
while it goes on: within a day of the last sighting it is the same alert.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from mailhook import times
from mailhook.events import endpoint
from mailhook.model import Event
from mailhook.store.ledger import Ledger
from mailhook.store.rows import to_json

_JOIN_SECONDS = 24 * 3600

# The owner's copies may be read long after the creator's, days of them: what lies
# between the first sighting of an alert and its last belongs to it as well.
_FIND = """
SELECT id, event_id, last_seen_at FROM alerts
WHERE kind = :kind AND endpoint IS :endpoint AND authenticity = :authenticity
  AND state <> 'resolved' AND last_seen_at >= :start AND occurred_at <= :end
ORDER BY last_seen_at DESC LIMIT 1
"""

# The very mail once more, out of another folder or with a header more: in any state.
_AGAIN = """
SELECT a.id, a.event_id, a.last_seen_at FROM alerts a
JOIN sightings s ON s.event_id = a.event_id JOIN deliveries d ON d.id = s.delivery_id
WHERE a.kind = :kind AND a.endpoint IS :endpoint AND a.authenticity = :authenticity
  AND d.message_id = (SELECT message_id FROM deliveries WHERE id = :delivery_id) LIMIT 1
"""

_INSERT = """
INSERT INTO alerts (kind, endpoint, occurred_at, last_seen_at, delivery_id, event_id,
                    authenticity, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


class Alerts:
    """Writes alerts on one connection; the caller owns the transaction."""

    def __init__(self, connection: sqlite3.Connection, ledger: Ledger) -> None:
        self._connection = connection
        self._ledger = ledger

    def record(self, event: Event, kind: str, delivery_id: int, channel: str, at: datetime) -> None:
        """Record one sighting of an alert: on the one it joins, or as a new one."""
        joined = self._find(event, kind, delivery_id)
        if joined:
            alert_id, event_id, last_seen_at = joined
            self._connection.execute(
                "UPDATE alerts SET sightings = sightings + 1, last_seen_at = ? WHERE id = ?",
                (max(last_seen_at, times.stored(event.occurred_at)), alert_id),
            )
        else:
            event_id = self._ledger.insert(event, at)
            moment = times.stored(event.occurred_at)
            detail = to_json(dict(event.object))
            self._connection.execute(
                _INSERT,
                (
                    kind,
                    endpoint(event.object),
                    moment,
                    moment,
                    delivery_id,
                    event_id,
                    event.authenticity,
                    detail,
                ),
            )
        self._ledger.sight(event_id, delivery_id, channel, event, at)

    def _find(self, event: Event, kind: str, delivery_id: int) -> tuple[int, int, str] | None:
        start, end = times.around(event.occurred_at, _JOIN_SECONDS)
        asked = {
            "kind": kind,
            "endpoint": endpoint(event.object),
            "authenticity": event.authenticity,
            "start": times.stored(start),
            "end": times.stored(end),
            "delivery_id": delivery_id,
        }
        for question in (_AGAIN, _FIND):
            found: tuple[int, int, str] | None = self._connection.execute(
                question, asked
            ).fetchone()
            if found:
                return found
        return None
