"""Alerts within an open transaction: a repeated one joins the first, a later one is new.

Creator and owner of a hook get the same mail, and the vendor may write again
while it goes on: within a day of the last sighting it is the same alert. Not where
two mails name two hooks; one that names none joins the last told of its address.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from mailhook import times
from mailhook.events import endpoint
from mailhook.model import Event
from mailhook.store import hook
from mailhook.store.ledger import Foreseen, Ledger
from mailhook.store.own import Own
from mailhook.store.rows import to_json
from mailhook.store.tombstones import Tombstones

_JOIN_SECONDS = 24 * 3600

# A person's word, a mail that the hook is enabled again, or web hooks that come.
ClosedBy = Literal["hand", "mail", "web"]

# The owner's copies may be read long after the creator's, days of them: what lies
# between the first sighting of an alert and its last belongs to it as well.
_FIND = """
SELECT id, event_id, detail ->> 'hook_name' FROM alerts
WHERE kind = :kind AND endpoint IS :endpoint AND authenticity = :authenticity
  AND state <> 'resolved' AND last_seen_at >= :start AND occurred_at <= :end
ORDER BY last_seen_at DESC
"""

# The very mail once more, out of another folder or with a header more: in any state.
_AGAIN = """
SELECT a.id, a.event_id FROM alerts a
JOIN sightings s ON s.event_id = a.event_id JOIN deliveries d ON d.id = s.delivery_id
WHERE a.kind = :kind AND a.endpoint IS :endpoint AND a.authenticity = :authenticity
  AND d.message_id = (SELECT message_id FROM deliveries WHERE id = :delivery_id) LIMIT 1
"""

# What this very delivery has told before, when it is examined again.
_OWN = """
SELECT a.id, a.event_id, a.authenticity FROM alerts a JOIN sightings s ON s.event_id = a.event_id
WHERE s.delivery_id = :delivery_id AND a.kind = :kind AND a.endpoint IS :endpoint
ORDER BY a.authenticity DESC, a.id LIMIT 1
"""

# How many readings of the vendor's list had begun: only a later one knows of what is told now.
_READINGS = "(SELECT value FROM counters WHERE name = 'readings')"

# Told of a later or an earlier time, its gap is longer than what was healed or lost. One that is
# resolved stays so. Which hook it is may be told by another mail than the first.
_TELL = f"""
UPDATE alerts SET sightings = sightings + 1, last_seen_at = max(last_seen_at, :moment),
    occurred_at = min(occurred_at, :moment),
    (state, healing, readings) = (
        SELECT iif(is_longer AND state <> 'resolved', 'open', state),
               iif(is_longer AND state <> 'resolved', NULL, healing),
               iif(is_longer, {_READINGS}, readings)
        FROM (SELECT :moment > last_seen_at OR :moment < occurred_at AS is_longer)),
    detail = iif(:hook_name IS NOT NULL AND detail ->> 'hook_name' IS NULL,
                 json_set(detail, '$.hook_name', :hook_name), detail)
WHERE id = :id
"""  # noqa: S608 - a constant

# The moments of unproven mails go with their words: a forged date must not swallow what follows.
_RAISE = f"""
UPDATE alerts SET authenticity = 'verified', occurred_at = :moment, last_seen_at = :moment,
    delivery_id = :delivery_id, detail = :detail, readings = {_READINGS}
WHERE id = :id
"""  # noqa: S608 - a constant

_RECORDED = "SELECT recorded_at FROM deliveries WHERE id = ?"

_INSERT = f"""
INSERT INTO alerts (kind, endpoint, occurred_at, last_seen_at, delivery_id, event_id,
                    authenticity, detail, readings)
VALUES (:kind, :endpoint, :moment, :moment, :delivery_id, :event_id, :authenticity, :detail,
        {_READINGS})
"""  # noqa: S608 - a constant


class Alerts:
    """Writes alerts on one connection; the caller owns the transaction."""

    def __init__(self, connection: sqlite3.Connection, ledger: Ledger) -> None:
        self._connection = connection
        self._ledger = ledger
        self._tombstones = Tombstones(connection)

    def record(self, event: Event, kind: str, delivery_id: int, channel: str, at: datetime) -> bool:
        """Record one sighting of an alert: on the one it joins, or as a new one.

        False where it repeats an alert that was pruned: nothing is recorded then.
        """
        asked = self._asked(event, kind, delivery_id)
        if joined := self._find(asked):
            alert_id, event_id = joined
            self._connection.execute(_TELL, {**asked, "id": alert_id})
        elif self._tombstones.joined(asked):
            return False
        else:
            event_id = self._ledger.insert(event, at)
            detail = to_json(dict(event.object))
            self._connection.execute(_INSERT, {**asked, "event_id": event_id, "detail": detail})
        self._ledger.sight(event_id, delivery_id, channel, event, at)
        return True

    def again(self, event: Event, kind: str, own: Own, channel: str, at: datetime) -> bool | None:
        """Record what the delivery tells once more of an alert; None where it never told of it.

        Its sighting is not counted twice. True where it proves today what it did not:
        then it is told of the proven alert it joins, or else its own becomes proven.
        """
        mine = self._own(event, kind, own)
        if mine is None:
            return None
        own.meet(mine[1])
        if not self._proves(event, mine):
            return False
        asked = self._asked(event, kind, own.delivery_id)
        if self._find(asked):
            self.record(event, kind, own.delivery_id, channel, at)
            return True
        row = own.rows[mine[1]]
        self._ledger.raise_up(row, event, own.delivery_id, channel, at)
        detail = to_json(dict(event.object))
        self._connection.execute(_RAISE, {**asked, "id": mine[0], "detail": detail})
        return True

    def foresee(self, event: Event, kind: str, own: Own) -> Foreseen:
        """What `again`, else `record`, would do with the alert now; reads only."""
        mine = self._own(event, kind, own)
        if mine is None:
            asked = self._asked(event, kind, own.delivery_id)
            known = self._find(asked) or self._tombstones.repeated(asked)
            return Foreseen(event.base_key if known else None)
        changes = ("authenticity",) if self._proves(event, mine) else ()
        return Foreseen(own.rows[mine[1]].key, changes, event_id=mine[1])

    def _own(self, event: Event, kind: str, own: Own) -> tuple[int, int, str] | None:
        if not own.rows:
            return None
        found: tuple[int, int, str] | None = self._connection.execute(
            _OWN, self._asked(event, kind, own.delivery_id)
        ).fetchone()
        return found if found and found[1] in own.rows else None

    def _proves(self, event: Event, mine: tuple[int, int, str]) -> bool:
        return event.authenticity == "verified" and mine[2] == "unverified"

    def _find(self, asked: Mapping[str, Any]) -> tuple[int, int] | None:
        """The alert that it joins and its event: two hooks of one address are two alerts."""
        found: tuple[int, int] | None = self._connection.execute(_AGAIN, asked).fetchone()
        if found:
            return found
        rows = self._connection.execute(_FIND, asked)
        row = hook.nearest(hook.named(asked["hook_name"]), rows)
        return (row[0], row[1]) if row else None

    def _asked(self, event: Event, kind: str, delivery_id: int) -> dict[str, Any]:
        """What is looked for among the alerts, and written if none is found.

        No mail tells of what comes after it was read, whatever its Date: its moment is then.
        """
        (recorded_at,) = self._connection.execute(_RECORDED, (delivery_id,)).fetchone()
        moment = min(event.occurred_at, times.parse(recorded_at) or event.occurred_at)
        start, end = times.around(moment, _JOIN_SECONDS)
        return {
            "kind": kind,
            "endpoint": endpoint(event.object),
            "hook_name": _hook_name(event),
            "authenticity": event.authenticity,
            "start": times.stored(start),
            "end": times.stored(end),
            "moment": times.stored(moment),
            "delivery_id": delivery_id,
        }


def _hook_name(event: Event) -> str | None:
    """The name of the hook as it is told, where one is."""
    told = event.object.get("hook_name")
    return told if isinstance(told, str) and hook.named(told) else None


def resolve(
    connection: sqlite3.Connection, ids: Iterable[int], at: datetime, by: ClosedBy = "hand"
) -> list[int]:
    """Close these alerts; those that there are. One that is closed keeps when and how it was."""
    found = []
    for alert_id in ids:
        cursor = connection.execute(
            "UPDATE alerts SET state = 'resolved', resolved_at = coalesce(resolved_at, ?),"
            " resolved_by = iif(resolved_at IS NULL, ?, resolved_by) WHERE id = ?",
            (times.stored(at), by, alert_id),
        )
        found += [alert_id] * cursor.rowcount
    return found
