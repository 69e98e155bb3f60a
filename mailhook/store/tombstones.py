"""What stays of pruned events within an open transaction: enough to know each one again.

A tombstone is a row with just the columns that matching looks at, so that pruning
never changes whether a telling is news. Two things differ from a living event: it
gains no sighting and no content, and what was never proven does not hold up a
notice that is: then the tombstone goes, and the event is recorded anew.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from mailhook import times
from mailhook.merging import Merge
from mailhook.model import Event, Known
from mailhook.store import hook
from mailhook.store.rows import EVENT_COLUMNS, cell

# What matching and merging ask of a row; the rest of an event is gone.
_KEPT = (
    "subject_id",
    "event_type",
    "event_action",
    "occurred_at",
    "time_source",
    "authenticity",
    "confidence",
    "truora_id",
    "idempotency_key",
)
_COLUMNS = f"t.id, t.key, t.seen, {', '.join(f't.{name}' for name in _KEPT)}"

# `@` and `~` follow a base key, as in the ledger's look-up among the living.
_FIND = f"""
SELECT a.alias, {_COLUMNS} FROM tombstone_aliases a JOIN tombstones t ON t.id = a.tombstone_id
WHERE a.alias IN (%s)
UNION ALL
SELECT * FROM (
    SELECT NULL, {_COLUMNS} FROM tombstones t
    WHERE (key = :base OR (key > :base || '@' AND key < :base || 'A')
                       OR (key > :base || '~' AND key < :base || char(127)))
      AND +occurred_at BETWEEN :start AND :end
    ORDER BY authenticity DESC, abs(unixepoch(occurred_at) - unixepoch(:middle)), id
    LIMIT :limit)
"""  # noqa: S608 - column names are constants

_BURY = (
    f"""
INSERT INTO tombstones (key, {", ".join(_KEPT)}, seen, alert, last_seen_at, hook_name, pruned_at)
SELECT key, {", ".join(_KEPT)},
       (SELECT json_group_array(json_array(channel, authenticity, told)) FROM
           (SELECT DISTINCT channel, authenticity, told FROM sightings WHERE event_id = e.id)),
       (SELECT kind || ' ' || ifnull(endpoint, '') FROM alerts WHERE event_id = e.id),
       (SELECT iif(state = 'resolved', NULL, last_seen_at) FROM alerts WHERE event_id = e.id),
       (SELECT detail ->> 'hook_name' FROM alerts WHERE event_id = e.id),
       :at
FROM events e WHERE id IN (SELECT value FROM json_each(:ids))
""",  # noqa: S608 - column names are constants
    """
INSERT INTO tombstone_aliases
SELECT a.alias, t.id FROM aliases a JOIN events e ON e.id = a.event_id
JOIN tombstones t ON t.key = e.key
WHERE e.id IN (SELECT value FROM json_each(:ids))
""",
    """
INSERT INTO tombstone_aliases
SELECT DISTINCT t.alert || ' ' || t.authenticity || ' ' || d.message_id, t.id
FROM events e JOIN tombstones t ON t.key = e.key
JOIN sightings s ON s.event_id = e.id JOIN deliveries d ON d.id = s.delivery_id
WHERE e.id IN (SELECT value FROM json_each(:ids))
  AND t.alert IS NOT NULL AND d.message_id IS NOT NULL
ON CONFLICT (alias) DO NOTHING
""",
    "DELETE FROM events WHERE id IN (SELECT value FROM json_each(:ids))",
)

_AGAIN = """
SELECT tombstone_id FROM tombstone_aliases WHERE alias = :alert || ' ' || :authenticity || ' ' ||
    (SELECT message_id FROM deliveries WHERE id = :delivery_id)
"""
_ALERT = """
SELECT id, hook_name FROM tombstones
WHERE alert = :alert AND authenticity = :authenticity
  AND last_seen_at >= :start AND occurred_at <= :end
ORDER BY last_seen_at DESC
"""


@dataclass(frozen=True, slots=True)
class Gone(Known):
    """A pruned event, as matching looks at it; its id is the tombstone's, below zero."""


def bury(connection: sqlite3.Connection, event_ids: Sequence[int], at: datetime) -> None:
    """Put tombstones in place of these events, which go with all that hangs on them."""
    values = {"ids": json.dumps(event_ids), "at": times.stored(at)}
    for statement in _BURY:
        connection.execute(statement, values)


class Tombstones:
    """Looks pruned events up on one connection; the caller owns the transaction.

    One made before the first event was ever pruned does not see it: make a new one then.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(
        self, names: Sequence[str], family: Mapping[str, Any], road: Sequence[str]
    ) -> tuple[dict[str, Known], list[Known]]:
        """Who bears one of the names, by name; and who is of the family (see the ledger)."""
        if not self._any:
            return {}, []
        named = ", ".join(f":n{nth}" for nth in range(len(names)))
        values = {**family, **{f"n{nth}": name for nth, name in enumerate(names)}}
        rows = self._connection.execute(_FIND % named, values).fetchall()
        return (
            {row[0]: _gone(row, road) for row in rows if row[0] is not None},
            [_gone(row, road) for row in rows if row[0] is None],
        )

    def sight(self, row: Gone, event: Event, channel: str, told: str | None) -> None:
        """Note by which road it was told once more: that place is taken from now on."""
        (seen,) = self._connection.execute(
            "SELECT seen FROM tombstones WHERE id = ?", (-row.id,)
        ).fetchone()
        roads = json.loads(seen)
        road = [channel, event.authenticity, told]
        if road not in roads:
            self._set(row, {"seen": json.dumps([*roads, road])})

    def fill(self, row: Gone, merged: Merge, aliases: Sequence[str]) -> None:
        """Keep what the telling adds to what the event is known by: time, ids, names."""
        self._set(row, {name: merged.updates[name] for name in _KEPT if name in merged.updates})
        self._connection.executemany(
            "INSERT INTO tombstone_aliases SELECT ?1, ?2"
            " WHERE NOT EXISTS (SELECT 1 FROM aliases WHERE alias = ?1)"
            " ON CONFLICT (alias) DO NOTHING",
            [(alias, -row.id) for alias in aliases],
        )

    def lift(self, row: Gone) -> tuple[str, ...]:
        """Remove the tombstone; the names that unproven mails gave themselves, which stay."""
        kept = self._connection.execute(
            "SELECT alias FROM tombstone_aliases WHERE tombstone_id = ? AND alias LIKE '%?'",
            (-row.id,),
        ).fetchall()
        self._connection.execute("DELETE FROM tombstones WHERE id = ?", (-row.id,))
        return tuple(alias for (alias,) in kept)

    def joined(self, asked: Mapping[str, Any]) -> bool:
        """Whether the alert repeats a pruned one, which then was seen until this one's time.

        `asked` is what `alerts` asks of its own rows.
        """
        found = self.repeated(asked)
        if found is None:
            return False
        values = {**asked, "alert": _alert(asked), "id": found}
        self._connection.execute(
            "UPDATE tombstones SET last_seen_at = max(last_seen_at, :moment),"
            " hook_name = coalesce(hook_name, :hook_name) WHERE id = :id",
            values,
        )
        self._connection.execute(
            "INSERT INTO tombstone_aliases"
            " SELECT :alert || ' ' || :authenticity || ' ' || message_id, :id FROM deliveries"
            " WHERE id = :delivery_id AND message_id IS NOT NULL ON CONFLICT (alias) DO NOTHING",
            values,
        )
        return True

    def repeated(self, asked: Mapping[str, Any]) -> int | None:
        """The tombstone of the alert that this one repeats; reads only."""
        if not self._any:
            return None
        values = {**asked, "alert": _alert(asked)}
        found = self._connection.execute(_AGAIN, values).fetchone()
        if not found:
            rows = self._connection.execute(_ALERT, values)
            found = hook.nearest(hook.named(asked["hook_name"]), rows)
        return int(found[0]) if found else None

    @cached_property
    def _any(self) -> bool:
        """Asked once: where nothing is ever pruned, the look-ups would cost a tenth of a record."""
        found = self._connection.execute("SELECT 1 FROM tombstones LIMIT 1")
        return found.fetchone() is not None

    def _set(self, row: Gone, values: Mapping[str, Any]) -> None:
        if not values:
            return
        assignments = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(
            f"UPDATE tombstones SET {assignments} WHERE id = ?",  # noqa: S608 - our names
            (*map(cell, values.values()), -row.id),
        )


def _alert(asked: Mapping[str, Any]) -> str:
    return f"{asked['kind']} {asked['endpoint'] or ''}"


def _gone(row: Sequence[Any], road: Sequence[str]) -> Gone:
    """The tombstone; `road` are the channels of the way on which it is told now."""
    _, number, key, seen, *values = row
    kept = dict(zip(_KEPT, values, strict=True))
    occurred_at = times.parse(kept["occurred_at"])
    assert occurred_at is not None  # noqa: S101 - we have written it
    tellings = [
        told.partition(":")
        for _, authenticity, told in json.loads(seen)
        if told and authenticity == kept["authenticity"]
    ]
    return Gone(
        id=-number,
        key=key,
        subject_id=kept["subject_id"],
        event_type=kept["event_type"],
        event_action=kept["event_action"],
        occurred_at=occurred_at,
        time_source=kept["time_source"],
        authenticity=kept["authenticity"],
        confidence=kept["confidence"],
        object={},
        columns={**dict.fromkeys(EVENT_COLUMNS), **kept, "occurred_at": occurred_at},
        taken=frozenset(who for channel, who, _ in json.loads(seen) if channel in road),
        tellings=frozenset(
            (kind, digest) for kinds, _, digest in tellings for kind in kinds.split(",")
        ),
    )
