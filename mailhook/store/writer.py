"""The one connection that writes: deliveries, what they told of, and how far we have read."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from mailhook import catalog, times
from mailhook.model import Action, After, Finding, Outcome, Place, Position
from mailhook.store.alerts import Alerts
from mailhook.store.deliveries import Deliveries, KeepRaw, presumed
from mailhook.store.file import Lock, open_writable, sentences
from mailhook.store.ledger import Ledger

_DONE = (Outcome.RECORDED, Outcome.DUPLICATE, Outcome.ALERT)


class Store:
    """The store, opened for writing; holds `<store>.lock` until closed.

    Methods may be called from several threads; each call is one transaction.
    """

    def __init__(
        self,
        path: Path,
        *,
        purpose: str = "ingest",
        keep_raw: KeepRaw = "full",
        window_seconds: float = 180,
    ) -> None:
        self.path = path
        self._mutex = threading.RLock()
        with sentences(path):
            self._lock = Lock(path, purpose)
        try:
            self._connection: sqlite3.Connection = open_writable(path).conn
        except BaseException:
            self._lock.release()
            raise
        self._deliveries = Deliveries(self._connection, keep_raw)
        self._ledger = Ledger(self._connection, window_seconds)
        self._alerts = Alerts(self._connection, self._ledger)
        try:
            with self._transaction():
                self._refresh_vocabulary()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, which checkpoints the WAL, and let go of the lock."""
        with self._mutex:
            self._connection.close()
            self._lock.release()

    def record(
        self,
        findings: Sequence[Finding],
        position: Position | None = None,
        after: After | None = None,
    ) -> list[Outcome]:
        """Commit the findings, in order, with the position they lead to: all or nothing.

        A location that is already there, or a mail of the same account with the
        same bytes, gains no row and is a duplicate. `after` is queued for what
        was understood.
        """
        now = times.now()
        with self._transaction():
            outcomes = [self._record(finding, after, now) for finding in findings]
            if position:
                self._advance(position, now)
        return outcomes

    def position(self, source: str) -> Position | None:
        """How far the folder has been read; None if never."""
        rows = self._rows(
            "SELECT source, uidvalidity, last_uid FROM positions WHERE source = ?", source
        )
        return Position(*rows[0]) if rows else None

    def actions(self, source: str) -> list[Action]:
        """What is still to be done in the folder, in the order it was queued."""
        rows = self._rows(
            "SELECT id, source, uidvalidity, uid, verb, target, state, message_id"
            " FROM actions WHERE source = ? ORDER BY id",
            source,
        )
        return [Action(row[0], Place(*row[1:4]), row[4], row[5], row[6], row[7]) for row in rows]

    def note_actions(self, noted: Sequence[tuple[Action, str]]) -> None:
        """Commit what came of actions: a state, `refused: …` (stays queued), or an end."""
        with self._transaction():
            for action, note in noted:
                if note in {"copying", "copied"}:
                    self._set_action(action, state=note)
                elif note.startswith("refused"):
                    self._set_action(action, error=note)
                else:
                    self._connection.execute("DELETE FROM actions WHERE id = ?", (action.id,))

    def beat(self, name: str, error: str | None = None) -> None:
        """Note a completed round trip of `name`, or since when and why there is none."""
        now = times.stored(times.now())
        with self._transaction():
            if error is None:
                self._connection.execute(
                    "INSERT INTO heartbeat (name, at) VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET at = excluded.at, error = NULL,"
                    " failing_since = NULL",
                    (name, now),
                )
            else:
                self._connection.execute(
                    "INSERT INTO heartbeat (name, at, error, failing_since) VALUES (?, '', ?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET error = excluded.error,"
                    " failing_since = coalesce(failing_since, excluded.failing_since)",
                    (name, error, now),
                )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._mutex, sentences(self.path), self._connection:
            # Not a deferred one: that would begin by reading, and what it read may have
            # been changed by somebody's `sqlite3` before it comes to write.
            self._connection.execute("BEGIN IMMEDIATE")
            yield

    def _rows(self, sql: str, source: str) -> list[Any]:
        with self._mutex, sentences(self.path):
            return self._connection.execute(sql, (source,)).fetchall()

    def _record(self, finding: Finding, after: After | None, now: datetime) -> Outcome:
        added = self._deliveries.insert(finding, now)
        if isinstance(added, Outcome):
            self._queue(finding, after, added, now)
            return Outcome.DUPLICATE
        outcome = self._record_events(finding, added, now)
        if outcome is not presumed(finding):
            self._deliveries.settle(added, outcome)
        self._queue(finding, after, outcome, now)
        return outcome

    def _record_events(self, finding: Finding, delivery_id: int, now: datetime) -> Outcome:
        if finding.verdict != "read":
            return presumed(finding)
        outcome = Outcome.DUPLICATE
        for event in finding.events:
            channel = finding.delivery.channel
            kind = catalog.load().action(event.event_type, event.event_action).alert_kind
            if kind:
                self._alerts.record(event, kind, delivery_id, channel, now)
                outcome = Outcome.ALERT if outcome is Outcome.DUPLICATE else outcome
            elif self._ledger.record(event, delivery_id, channel, now):
                outcome = Outcome.RECORDED
        return outcome

    def _queue(
        self, finding: Finding, after: After | None, outcome: Outcome, now: datetime
    ) -> None:
        place = finding.delivery.place
        if after is None or place is None or outcome not in _DONE or finding.unread:
            return
        self._connection.execute(
            "INSERT INTO actions (source, uidvalidity, uid, verb, target, message_id, queued_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                place.source,
                place.uidvalidity,
                place.uid,
                after.verb,
                after.target,
                finding.message_id,
                times.stored(now),
            ),
        )

    def _set_action(self, action: Action, **values: Any) -> None:  # noqa: ANN401 - a column
        assignments = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(
            f"UPDATE actions SET {assignments} WHERE id = ?",  # noqa: S608 - our names
            (*values.values(), action.id),
        )

    def _advance(self, position: Position, now: datetime) -> None:
        self._connection.execute(
            "INSERT INTO positions VALUES (?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
            " uidvalidity = excluded.uidvalidity, last_uid = excluded.last_uid,"
            " updated_at = excluded.updated_at",
            (position.source, position.uidvalidity, position.last_uid, times.stored(now)),
        )

    def _refresh_vocabulary(self) -> None:
        """Keep the words' ranks beside the events, where views can reach them."""
        words = catalog.load()
        found = self._connection.execute("SELECT value FROM facts WHERE name = 'catalog'")
        if found.fetchone() == (words.fingerprint,):
            return
        self._connection.execute("DELETE FROM vocabulary")
        self._connection.executemany(
            "INSERT INTO vocabulary VALUES (?, ?, ?, ?, ?, ?, ?)", _vocabulary(words)
        )
        self._connection.execute(
            "INSERT INTO facts VALUES ('catalog', ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (words.fingerprint,),
        )


def _vocabulary(words: catalog.Catalog) -> list[tuple[Any, ...]]:
    return [
        (
            info.name,
            action.name,
            info.product,
            action.rank,
            action.repeats,
            action.final,
            action.follows_final,
        )
        for info in words.types.values()
        for action in info.actions.values()
    ]
