"""The one connection that writes: deliveries, what they told of, and how far we have read."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Self

from mailhook import catalog, times
from mailhook.model import Action, After, Delivery, Finding, Outcome, Place, Position
from mailhook.store.alerts import Alerts
from mailhook.store.file import Lock, open_writable, sentences
from mailhook.store.ledger import Ledger

KeepRaw = Literal["full", "headers", "none"]

# Level 1 halves a notification in a tenth of the time level 6 takes for a little more.
_COMPRESSION_LEVEL = 1
_DONE = (Outcome.RECORDED, Outcome.DUPLICATE, Outcome.ALERT)

_INSERT_DELIVERY = """
INSERT INTO deliveries (channel, location, message_id, sender, subject, received_at, recorded_at,
    size, sha256, outcome, reason, unread, reader, reader_version, authenticity,
    authenticity_detail, raw)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (location) DO NOTHING
"""

# The same bytes somewhere in the same account: seen before under another UIDVALIDITY.
_TWIN = """
SELECT outcome FROM deliveries
WHERE sha256 = ? AND message_id IS ? AND size = ? AND substr(location, 1, ?) = ?
"""


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
        self._keep_raw = keep_raw
        self._mutex = threading.RLock()
        with sentences(path):
            self._lock = Lock(path, purpose)
        try:
            self._db = open_writable(path)
        except BaseException:
            self._lock.release()
            raise
        self._connection: sqlite3.Connection = self._db.conn
        self._ledger = Ledger(self._connection, window_seconds)
        self._alerts = Alerts(self._connection, self._ledger)
        self._vocabulary: str | None = None

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
            self._refresh_vocabulary()
            outcomes = [self._record(finding, after, now) for finding in findings]
            if position:
                self._advance(position, now)
        return outcomes

    def position(self, source: str) -> Position | None:
        """How far the folder has been read; None if never."""
        with self._mutex:
            row = self._connection.execute(
                "SELECT source, uidvalidity, last_uid FROM positions WHERE source = ?", (source,)
            ).fetchone()
        return Position(*row) if row else None

    def actions(self, source: str) -> list[Action]:
        """What is still to be done in the folder, in the order it was queued."""
        with self._mutex:
            rows = self._connection.execute(
                "SELECT id, source, uidvalidity, uid, verb, target, state, message_id"
                " FROM actions WHERE source = ? ORDER BY id",
                (source,),
            ).fetchall()
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
        with self._mutex, sentences(self.path), self._db.atomic():
            yield

    def _record(self, finding: Finding, after: After | None, now: datetime) -> Outcome:
        delivery = finding.delivery
        digest = hashlib.sha256(delivery.raw).hexdigest()
        twin = self._twin(delivery, digest, finding.message_id)
        delivery_id = None if twin else self._insert(finding, digest, now)
        if delivery_id is None:
            self._queue(finding, after, twin or self._outcome_at(delivery.location), now)
            return Outcome.DUPLICATE
        outcome = self._record_events(finding, delivery_id, now)
        if outcome is not _first_guess(finding):
            self._connection.execute(
                "UPDATE deliveries SET outcome = ? WHERE id = ?", (outcome, delivery_id)
            )
        self._queue(finding, after, outcome, now)
        return outcome

    def _record_events(self, finding: Finding, delivery_id: int, now: datetime) -> Outcome:
        if finding.verdict != "read":
            return _first_guess(finding)
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

    def _insert(self, finding: Finding, digest: str, now: datetime) -> int | None:
        delivery = finding.delivery
        values = (
            delivery.channel,
            delivery.location,
            finding.message_id,
            finding.sender,
            finding.subject,
            times.stored(delivery.received_at),
            times.stored(now),
            len(delivery.raw) if delivery.size is None else delivery.size,
            digest,
            _first_guess(finding),
            finding.reason,
            finding.unread,
            finding.reader,
            version("mailhook") if finding.reader else None,
            finding.authenticity,
            finding.authenticity_detail,
            self._kept(finding),
        )
        cursor = self._connection.execute(_INSERT_DELIVERY, values)
        return cursor.lastrowid if cursor.rowcount else None

    def _kept(self, finding: Finding) -> bytes | None:
        """The bytes to keep; all of them where somebody may have to look at them again."""
        raw = finding.delivery.raw
        if self._keep_raw == "full" or finding.verdict == "quarantined" or finding.unread:
            return zlib.compress(raw, _COMPRESSION_LEVEL)
        if self._keep_raw == "headers":
            return zlib.compress(_headers(raw), _COMPRESSION_LEVEL)
        return None

    def _twin(self, delivery: Delivery, digest: str, message_id: str | None) -> Outcome | None:
        if delivery.place is None:
            return None
        account = "/".join(delivery.place.source.split("/", 3)[:3]) + "/"
        size = len(delivery.raw) if delivery.size is None else delivery.size
        row = self._connection.execute(
            _TWIN, (digest, message_id, size, len(account), account)
        ).fetchone()
        return Outcome(row[0]) if row else None

    def _outcome_at(self, location: str) -> Outcome:
        row = self._connection.execute(
            "SELECT outcome FROM deliveries WHERE location = ?", (location,)
        ).fetchone()
        return Outcome(row[0])

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
        if self._vocabulary == words.fingerprint:
            return
        found = self._connection.execute("SELECT value FROM facts WHERE name = 'catalog'")
        if found.fetchone() != (words.fingerprint,):
            self._connection.execute("DELETE FROM vocabulary")
            self._connection.executemany(
                "INSERT INTO vocabulary VALUES (?, ?, ?, ?, ?, ?, ?)", _vocabulary(words)
            )
            self._connection.execute(
                "INSERT INTO facts VALUES ('catalog', ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (words.fingerprint,),
            )
        self._vocabulary = words.fingerprint


def _first_guess(finding: Finding) -> Outcome:
    match finding.verdict:
        case "quarantined":
            return Outcome.QUARANTINED
        case "ignored":
            return Outcome.IGNORED
    return Outcome.RECORDED


def _headers(raw: bytes) -> bytes:
    ends = [found + 2 for end in (b"\n\r\n", b"\n\n") if (found := raw.find(end)) >= 0]
    return raw[: min(ends, default=len(raw))]


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
