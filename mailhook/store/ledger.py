"""Events within an open transaction: look up, match, merge, write."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailhook import times
from mailhook.events import alias
from mailhook.matching import ID_KINDS, Choice, Recorded, choose, keys, outranks
from mailhook.merging import Merge, merge
from mailhook.model import Clash, Event, Known
from mailhook.store import completions
from mailhook.store.own import Own
from mailhook.store.rows import EVENT_COLUMNS, cell, cells, known, to_json
from mailhook.store.tombstones import Gone, Tombstones

# More rows than this of one base key near one moment are no repeats but a flood;
# the verified and the nearest come first.
_FAMILY_LIMIT = 64
_MARGIN_SECONDS = 60

_INSERT_EVENT = f"""
INSERT INTO events (key, revision, recorded_at, {", ".join(EVENT_COLUMNS)})
VALUES (?, ?, ?, {", ".join("?" * len(EVENT_COLUMNS))})
"""  # noqa: S608 - column names are constants

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

_NAMES_A_ROW = """
SELECT 1 FROM events WHERE key = :key UNION ALL SELECT 1 FROM aliases WHERE alias = :key
UNION ALL SELECT 1 FROM tombstones WHERE key = :key
UNION ALL SELECT 1 FROM tombstone_aliases WHERE alias = :key
"""

_NAMED = """
SELECT a.alias, e.* FROM aliases a JOIN events e ON e.id = a.event_id WHERE a.alias IN ({})
"""

_TAKEN = """
SELECT DISTINCT authenticity FROM sightings
WHERE event_id = ? AND channel IN (?, ?) AND delivery_id <> ?
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

_SIGHT = """
INSERT INTO sightings VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (event_id, delivery_id) DO UPDATE SET authenticity = excluded.authenticity,
    time_source = excluded.time_source, told = coalesce(excluded.told, told)
WHERE excluded.authenticity = 'verified' AND authenticity = 'unverified'
"""

_TELLINGS = """
SELECT told FROM sightings WHERE event_id = ? AND authenticity = ? AND told IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The row that an event is one more sighting of, None for a new one; what would change.

    `event_id` is the row's, None where it was pruned.
    """

    key: str | None
    changes: tuple[str, ...] = ()
    clashes: tuple[Clash, ...] = ()
    event_id: int | None = None


class Ledger:
    """Writes events on one connection; the caller owns the transaction."""

    def __init__(self, connection: sqlite3.Connection, window_seconds: float) -> None:
        self._connection = connection
        self._window_seconds = window_seconds
        self._tombstones = Tombstones(connection)

    def record(
        self, event: Event, delivery_id: int, channel: str, at: datetime, own: Own | None = None
    ) -> bool:
        """Record one sighting of the event; whether a new row was made for it.

        `own` is what the delivery has told of before, if it is examined again.
        """
        choice = self._choose(event, channel, own)
        self._claim(choice.claims)
        called = names(event)
        if isinstance(choice.row, Gone):
            if not outranks(event, choice.row):
                self._retell(choice.row, event, channel, disputed=choice.disputed)
                return False
            called += self._tombstones.lift(choice.row)
            choice = replace(choice, row=None)
        if choice.row is None:
            event_id, clashes = self.insert(event, at), choice.clashes
            self._add_aliases(event_id, called)
        else:
            event_id = choice.row.id
            if own:
                own.meet(event_id)
            merged = _merged(choice.row, event, disputed=choice.disputed)
            clashes = (*choice.clashes, *merged.clashes)
            self._apply(merged, choice.row, event)
        fills = choice.row is None or merged.fills
        self.sight(event_id, delivery_id, channel, event, at, told=told(event) if fills else None)
        self._note(event_id, delivery_id, clashes, at)
        return choice.row is None

    def foresee(self, event: Event, channel: str, own: Own | None = None) -> Foreseen:
        """What `record` would do with the event now; reads only."""
        choice = self._choose(event, channel, own)
        if choice.row is None or (isinstance(choice.row, Gone) and outranks(event, choice.row)):
            return Foreseen(None, clashes=choice.clashes)
        if isinstance(choice.row, Gone):
            return Foreseen(choice.row.key, clashes=choice.clashes)
        merged = _merged(choice.row, event, disputed=choice.disputed)
        clashes = (*choice.clashes, *merged.clashes)
        return Foreseen(choice.row.key, tuple(merged.updates), clashes, choice.row.id)

    def told_by(self, delivery_id: int) -> list[Known]:
        """The rows of which the delivery is a sighting, the oldest first."""
        return [known(row) for row in self._rows(_TOLD_BY, (delivery_id,))]

    def has_pruned(self, event: Event) -> bool:
        """Whether an event of the same base key was pruned, at whatever time it happened."""
        found = self._connection.execute(_GONE, {"base": event.base_key})
        return found.fetchone() is not None

    def raise_up(
        self, row: Known, event: Event, delivery_id: int, channel: str, at: datetime
    ) -> None:
        """Let the proven event take the place of what the unproven row said."""
        merged = merge(row, event)
        self._apply(merged, row, event)
        self.sight(row.id, delivery_id, channel, event, at, told=told(event))
        self._note(row.id, delivery_id, merged.clashes, at)

    def complete(self, row: Known, updates: Mapping[str, Any]) -> None:
        """Let the event's own subject, asked for because of it, change it so."""
        self._update(row.id, updates)

    def of_id(self, event_id: int) -> Known | None:
        """The row of that number."""
        return next((known(row) for row in self._rows(_OF_ID, (event_id,))), None)

    def insert(self, event: Event, at: datetime) -> int:
        """A new row under the first free key; its id."""
        values = (self._free_key(event), self._next_revision(), times.stored(at), *cells(event))
        return int(self._connection.execute(_INSERT_EVENT, values).lastrowid or 0)

    def sight(  # noqa: PLR0913 - a row's columns
        self,
        event_id: int,
        delivery_id: int,
        channel: str,
        event: Event,
        at: datetime,
        *,
        told: str | None = None,
    ) -> None:
        """Note that this delivery told of the event; a second telling in it adds only proof."""
        self._connection.execute(
            _SIGHT,
            (
                event_id,
                delivery_id,
                channel,
                times.stored(at),
                event.authenticity,
                event.time_source,
                told,
            ),
        )

    def _choose(self, event: Event, channel: str, own: Own | None) -> Choice:
        ids, mail_names, bounds = _ids(event), _mail_names(event), self._bounds(event)
        names = (*ids, *mail_names)
        gone, gone_family = self._tombstones.find(names, bounds, _road(channel))
        family = [self._known(row, event, channel, own) for row in self._rows(_FAMILY, bounds)]
        recorded = Recorded(
            named=self._named(ids, gone),
            own=self._named(mail_names, gone),
            family=sorted([*gone_family, *family], key=_unproven) if gone_family else family,
            told=own.offers(event) if own else (),
        )
        return choose(event, recorded, self._window_seconds)

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
            return known(row, tellings=self._tellings(row) if _ids(event) else frozenset())
        ours = own.delivery_id if own and own.awaits(row["id"]) else 0
        taken = self._connection.execute(_TAKEN, (row["id"], *_road(channel), ours)).fetchall()
        return known(row, frozenset(authenticity for (authenticity,) in taken))

    def _tellings(self, row: dict[str, Any]) -> frozenset[tuple[str, str]]:
        found = self._connection.execute(_TELLINGS, (row["id"], row["authenticity"])).fetchall()
        parted = (told.partition(":") for (told,) in found)
        return frozenset((kind, digest) for kinds, _, digest in parted for kind in kinds.split(","))

    def _free_key(self, event: Event) -> str:
        for key in keys(event):
            if not self._taken(key):
                return key
        like, end = f"{key}~", f"{key}\x7f"
        (count,) = self._connection.execute(
            "SELECT count(*) FROM events WHERE key > ? AND key < ?", (like, end)
        ).fetchone()
        number = count + 2
        while self._taken(f"{key}~{number}"):
            number += 1
        return f"{key}~{number}"

    def _taken(self, key: str) -> bool:
        found = self._connection.execute(_NAMES_A_ROW, {"key": key})
        return found.fetchone() is not None

    def _next_revision(self) -> int:
        (value,) = self._connection.execute(
            "UPDATE counters SET value = value + 1 WHERE name = 'revision' RETURNING value"
        ).fetchone()
        return int(value)

    def _update(self, event_id: int, updates: Mapping[str, Any]) -> None:
        if not updates:
            return
        assignments = ", ".join(f"{name} = ?" for name in updates)
        self._connection.execute(
            f"UPDATE events SET {assignments}, revision = ? WHERE id = ?",  # noqa: S608 - our names
            (*map(cell, updates.values()), self._next_revision(), event_id),
        )

    def _apply(self, merged: Merge, row: Known, event: Event) -> None:
        if merged.forgets:
            self._forget_aliases(row.id)
        self._add_aliases(row.id, self._aliases(event, row, fills=merged.fills))
        self._update(row.id, merged.updates)
        if merged.asks:
            completions.review(self._connection, row.id, merged.asks)

    def _retell(self, row: Gone, event: Event, channel: str, *, disputed: bool) -> None:
        """A pruned event is told again: what it is known by may grow, no row comes of it."""
        merged = _merged(row, event, disputed=disputed)
        self._tombstones.fill(row, merged, self._aliases(event, row, fills=merged.fills))
        self._tombstones.sight(row, event, channel, told(event) if merged.fills else None)

    def _aliases(self, event: Event, row: Known, *, fills: bool) -> tuple[str, ...]:
        """Under what else the row is to be found: ids, and this spelling's key if it is free.

        What may add nothing to the row leaves only the name that an unproven mail gives
        itself: the same mail once more is no second event.
        """
        if not fills:
            return _mail_names(event)[:1] if event.authenticity == "unverified" else ()
        other = event.key != row.key and not self._taken(event.key)
        return (*names(event), event.key) if other else names(event)

    def _add_aliases(self, event_id: int, aliases: tuple[str, ...]) -> None:
        self._connection.executemany(
            "INSERT INTO aliases SELECT ?1, ?2"
            " WHERE NOT EXISTS (SELECT 1 FROM tombstone_aliases WHERE alias = ?1)"
            " ON CONFLICT (alias) DO NOTHING",
            [(name, event_id) for name in aliases],
        )

    def _claim(self, aliases: tuple[str, ...]) -> None:
        for table in ("aliases", "tombstone_aliases") if aliases else ():
            self._connection.executemany(
                f"DELETE FROM {table} WHERE alias = ?",  # noqa: S608 - our names
                [(name,) for name in aliases],
            )

    def _forget_aliases(self, event_id: int) -> None:
        """What unverified sightings called it; an unproven mail's own name leads no other here."""
        self._connection.execute(
            "DELETE FROM aliases WHERE event_id = ? AND alias NOT LIKE '%?'", (event_id,)
        )

    def _note(
        self, event_id: int, delivery_id: int, clashes: tuple[Clash, ...], at: datetime
    ) -> None:
        self._connection.executemany(
            "INSERT INTO conflicts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                (
                    event_id,
                    delivery_id,
                    clash.field,
                    to_json(clash.had),
                    to_json(clash.got),
                    times.stored(at),
                )
                for clash in clashes
            ],
        )

    def _rows(self, sql: str, values: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as sqlite3
        cursor = self._connection.execute(sql, values)
        rows = cursor.fetchall()
        if not rows:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in rows]


def _merged(row: Known, event: Event, *, disputed: bool) -> Merge:
    return Merge({}, fills=False) if disputed else merge(row, event)


def _unproven(row: Known) -> bool:
    return row.authenticity == "unverified"


def _road(channel: str) -> tuple[str, str]:
    """A mail read from a file came by the same road as one read from its mailbox."""
    return ("email", "file") if channel in {"email", "file"} else (channel, channel)


def names(event: Event) -> tuple[str, ...]:
    """Under what the event is to be found again, beside its key."""
    return (*_ids(event), *_mail_names(event)[:1])


def _ids(event: Event) -> tuple[str, ...]:
    return tuple(alias(name) for name in (event.truora_id, event.idempotency_key) if name)


def told(event: Event) -> str | None:
    """With which kinds of the vendor's ids which time and object came; None without any id."""
    kinds = [kind for kind in ID_KINDS if getattr(event, kind)]
    telling = event.telling if kinds else None
    return f"{','.join(kinds)}:{telling}" if telling else None


def _mail_names(event: Event) -> tuple[str, ...]:
    """What the notice is called within its mail, its own name first.

    Only a notice that may repeat and tells no time of the vendor's needs one, to
    be known when the same mail comes again. A `?` marks the name that a mail
    whose sender is not proven gives itself.
    """
    if not (event.mail_key and event.repeatable and event.undated and event.subject_id):
        return ()
    date = f"@{times.short(event.occurred_at)}" if event.time_source == "mail" else ""
    proven = f"{event.mail_key}{date}"
    names = (proven, f"{proven}?")
    return names if event.authenticity == "verified" else names[::-1]
