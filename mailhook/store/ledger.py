"""Events within an open transaction: looked up, merged, written."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailhook import times
from mailhook.matching import outranks
from mailhook.merging import Merge, merge
from mailhook.model import Clash, Event, Known
from mailhook.store import completions
from mailhook.store.aliases import Aliases, names, told
from mailhook.store.lookup import Lookup
from mailhook.store.own import Own
from mailhook.store.rows import EVENT_COLUMNS, cell, cells, to_json
from mailhook.store.tombstones import Gone, Tombstones

_INSERT_EVENT = f"""
INSERT INTO events (key, revision, recorded_at, {", ".join(EVENT_COLUMNS)})
VALUES (?, ?, ?, {", ".join("?" * len(EVENT_COLUMNS))})
"""  # noqa: S608 - column names are constants

_SIGHT = """
INSERT INTO sightings VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (event_id, delivery_id) DO UPDATE SET authenticity = excluded.authenticity,
    time_source = excluded.time_source, told = coalesce(excluded.told, told)
WHERE excluded.authenticity = 'verified' AND authenticity = 'unverified'
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
    """Writes events on one connection; the caller owns the transaction. `lookup` finds them."""

    def __init__(self, connection: sqlite3.Connection, window_seconds: float) -> None:
        self._connection = connection
        self._tombstones = Tombstones(connection)
        self._aliases = Aliases(connection)
        self.lookup = Lookup(connection, self._tombstones, window_seconds)

    def record(
        self, event: Event, delivery_id: int, channel: str, at: datetime, own: Own | None = None
    ) -> bool:
        """Record one sighting of the event; whether a new row was made for it.

        `own` is what the delivery has told of before, if it is examined again.
        """
        choice = self.lookup.choose(event, channel, own)
        self._aliases.claim(choice.claims)
        called = names(event)
        if isinstance(choice.row, Gone):
            if not outranks(event, choice.row):
                self._retell(choice.row, event, channel, disputed=choice.disputed)
                return False
            called += self._tombstones.lift(choice.row)
            choice = replace(choice, row=None)
        if choice.row is None:
            event_id, clashes = self.insert(event, at), choice.clashes
            self._aliases.add(event_id, called)
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
        choice = self.lookup.choose(event, channel, own)
        if choice.row is None or (isinstance(choice.row, Gone) and outranks(event, choice.row)):
            return Foreseen(None, clashes=choice.clashes)
        if isinstance(choice.row, Gone):
            return Foreseen(choice.row.key, clashes=choice.clashes)
        merged = _merged(choice.row, event, disputed=choice.disputed)
        clashes = (*choice.clashes, *merged.clashes)
        return Foreseen(choice.row.key, tuple(merged.updates), clashes, choice.row.id)

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

    def insert(self, event: Event, at: datetime) -> int:
        """A new row under the first free key; its id."""
        values = (
            self._aliases.free_key(event),
            self._next_revision(),
            times.stored(at),
            *cells(event),
        )
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
            self._aliases.forget(row.id)
        self._aliases.add(row.id, self._aliases.gained(event, row, fills=merged.fills))
        self._update(row.id, merged.updates)
        if merged.asks:
            completions.review(self._connection, row.id, merged.asks)

    def _retell(self, row: Gone, event: Event, channel: str, *, disputed: bool) -> None:
        """A pruned event is told again: what it is known by may grow, no row comes of it."""
        merged = _merged(row, event, disputed=disputed)
        self._tombstones.fill(row, merged, self._aliases.gained(event, row, fills=merged.fills))
        self._tombstones.sight(row, event, channel, told(event) if merged.fills else None)

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


def _merged(row: Known, event: Event, *, disputed: bool) -> Merge:
    return Merge({}, fills=False) if disputed else merge(row, event)
