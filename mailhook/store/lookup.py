"""What the store knows that might be the event which is told now; reads only."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from mailhook import times
from mailhook.matching import Choice, Recorded, choose
from mailhook.model import Event, Known
from mailhook.store.aliases import ids, mail_names
from mailhook.store.own import Own
from mailhook.store.rows import known
from mailhook.store.tombstones import Tombstones

# More rows than this of one base key near one moment are no repeats but a flood;
# the verified and the nearest come first.
_FAMILY_LIMIT = 64
_MARGIN_SECONDS = 60

# `@` and `~` follow a base key; the characters after them bound the ranges. The plus keeps
# SQLite to the index on the key: that on the time would read all events of the window.
_FAMILY = """
SELECT * FROM events
WHERE (key = :base OR (key > :base || '@' AND key < :base || 'A')
                   OR (key > :base || '~' AND key < :base || char(127)))
  AND +occurred_at BETWEEN :start AND :end
ORDER BY authenticity DESC, abs(unixepoch(occurred_at) - unixepoch(:middle)), id
LIMIT :limit
"""

_NAMED = """
SELECT a.alias, e.* FROM aliases a JOIN events e ON e.id = a.event_id WHERE a.alias IN ({})
"""

_TAKEN = """
SELECT DISTINCT authenticity FROM sightings
WHERE event_id = ? AND channel IN (?, ?) AND delivery_id <> ?
"""

_TELLINGS = """
SELECT told FROM sightings WHERE event_id = ? AND authenticity = ? AND told IS NOT NULL
"""

_TOLD_BY = """
SELECT e.* FROM sightings s JOIN events e ON e.id = s.event_id WHERE s.delivery_id = ? ORDER BY e.id
"""

_OF_ID = "SELECT * FROM events WHERE id = ?"

_GONE = """
SELECT 1 FROM tombstones
WHERE key = :base OR (key > :base || '@' AND key < :base || 'A')
                  OR (key > :base || '~' AND key < :base || char(127)) LIMIT 1
"""


class Lookup:
    """Finds events on one connection, the living and the pruned ones."""

    def __init__(
        self, connection: sqlite3.Connection, tombstones: Tombstones, window_seconds: float
    ) -> None:
        self._connection, self._tombstones = connection, tombstones
        self._window_seconds = window_seconds

    def choose(self, event: Event, channel: str, own: Own | None) -> Choice:
        """Which row the event is one more sighting of, by the rules of `matching`.

        `own` is what the delivery has told of before, if it is examined again.
        """
        own_ids, own_names, bounds = ids(event), mail_names(event), self._bounds(event)
        aliases = (*own_ids, *own_names)
        gone, gone_family = self._tombstones.find(aliases, bounds, _road(channel))
        family = [self._known(row, event, channel, own) for row in self._rows(_FAMILY, bounds)]
        recorded = Recorded(
            named=self._named(own_ids, gone),
            own=self._named(own_names, gone),
            family=sorted([*gone_family, *family], key=_unproven) if gone_family else family,
            told=own.offers(event) if own else (),
        )
        return choose(event, recorded, self._window_seconds)

    def of_id(self, event_id: int) -> Known | None:
        """The row of that number."""
        return next((known(row) for row in self._rows(_OF_ID, (event_id,))), None)

    def told_by(self, delivery_id: int) -> list[Known]:
        """The rows of which the delivery is a sighting, the oldest first."""
        return [known(row) for row in self._rows(_TOLD_BY, (delivery_id,))]

    def has_pruned(self, event: Event) -> bool:
        """Whether an event of the same base key was pruned, at whatever time it happened."""
        found = self._connection.execute(_GONE, {"base": event.base_key})
        return found.fetchone() is not None

    def _named(self, names: tuple[str, ...], gone: Mapping[str, Known]) -> dict[str, Known]:
        if not names:
            return {}
        found = self._rows(_NAMED.format(", ".join("?" * len(names))), names)
        by_alias = {**gone, **{row["alias"]: known(row) for row in found}}
        return {name: by_alias[name] for name in names if name in by_alias}

    def _bounds(self, event: Event) -> dict[str, Any]:
        """Between which keys and times the family of the event is looked for."""
        start, end = times.around(event.occurred_at, self._window_seconds + _MARGIN_SECONDS)
        bounded = event.repeatable and event.subject_id is not None
        return {
            "base": event.base_key,
            "start": times.stored(start) if bounded else "",
            "end": times.stored(end) if bounded else "~",
            "middle": times.stored(event.occurred_at),
            "limit": _FAMILY_LIMIT,
        }

    def _known(self, row: dict[str, Any], event: Event, channel: str, own: Own | None) -> Known:
        """The row, with what matching asks of its sightings.

        Who holds its places, where just one of the two has the vendor's time; with
        what its ids came, where both have it and may have other ids.
        """
        if not event.repeatable:
            return known(row)
        if event.undated != (row["time_source"] == "vendor"):
            return known(row, tellings=self._tellings(row) if ids(event) else frozenset())
        ours = own.delivery_id if own and own.awaits(row["id"]) else 0
        taken = self._connection.execute(_TAKEN, (row["id"], *_road(channel), ours)).fetchall()
        return known(row, frozenset(authenticity for (authenticity,) in taken))

    def _tellings(self, row: dict[str, Any]) -> frozenset[tuple[str, str]]:
        found = self._connection.execute(_TELLINGS, (row["id"], row["authenticity"])).fetchall()
        parted = (told.partition(":") for (told,) in found)
        return frozenset((kind, digest) for kinds, _, digest in parted for kind in kinds.split(","))

    def _rows(self, sql: str, values: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as sqlite3
        cursor = self._connection.execute(sql, values)
        rows = cursor.fetchall()
        if not rows:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in rows]


def _unproven(row: Known) -> bool:
    return row.authenticity == "unverified"


def _road(channel: str) -> tuple[str, str]:
    """A mail read from a file came by the same road as one read from its mailbox."""
    return ("email", "file") if channel in {"email", "file"} else (channel, channel)
