"""Events as rows, each told by the roads a test names, so many seconds after it happened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mailhook import times
from mailhook.queries import QUERIES
from mailhook.store import Reader, Store

NOON = datetime(2026, 8, 3, 12, tzinfo=UTC)

_EVENT = """
INSERT INTO events (id, key, revision, product, event_type, event_action, subject_type, subject_id,
    status, occurred_at, time_source, recorded_at, authenticity, confidence, object, raw_type,
    raw_action)
VALUES (:id, :key, :id, :product, :type, :action, :type, :subject, :status, :at, :time_source,
    :recorded_at, :authenticity, 'exact', '{}', :type, :action)
"""


class Told:
    """A store that is filled row by row, by plain SQL."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path, self.db = path, db
        self._deliveries = 0

    def roads(self, *roads: str) -> None:
        """These are in the settings."""
        self.db.executemany("INSERT INTO roads VALUES (?, '2026', NULL)", [(r,) for r in roads])
        if "api" in roads:
            self.list_was_read(times.now())
        self.db.commit()

    def list_was_read(self, at: datetime) -> None:
        """The vendor's list was read to its end by a reading that began then."""
        with self.db:
            self.db.execute(
                "INSERT OR REPLACE INTO listings (source, read_at)"
                " VALUES ('https://api.example.com', ?)",
                (times.stored(at),),
            )

    def event(self, number: int, at: datetime = NOON, /, **told: Any) -> int:
        """An event; `web=2, email=9` says when it was seen; everything else are columns."""
        seen = {road: told.pop(road) for road in ("email", "web", "api", "file") if road in told}
        subject = f"CHK{number}"
        row = {
            "id": number,
            "product": "checks",
            "type": "check",
            "action": "finished",
            "subject": subject,
            "status": None,
            "time_source": "vendor",
            "authenticity": "verified",
            "recorded_at": times.stored(at + timedelta(seconds=min(seen.values(), default=0))),
        } | told
        row |= {"at": times.stored(at), "key": f"{row['subject']}/{number}.{row['action']}"}
        with self.db:
            self.db.execute(_EVENT, row)
        for road, seconds in seen.items():
            self.sight(number, road, at + timedelta(seconds=seconds), row["authenticity"])
        return number

    def sight(self, event: int, road: str, at: datetime, authenticity: str = "verified") -> int:
        """One delivery told of the event; its id."""
        self._deliveries += 1
        seen_at = times.stored(at)
        with self.db:
            self.db.execute(
                "INSERT INTO deliveries (id, channel, location, received_at, recorded_at, size,"
                " sha256, outcome, authenticity, authenticity_detail)"
                " VALUES (?1, ?2, ?1, ?3, ?3, 1, ?1, 'recorded', ?4, '')",
                (self._deliveries, road, seen_at, authenticity),
            )
            self.db.execute(
                "INSERT INTO sightings VALUES (?, ?, ?, ?, ?, 'vendor', NULL)",
                (event, self._deliveries, road, seen_at, authenticity),
            )
        return self._deliveries

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.db.execute(sql).fetchall()

    def answer(self, name: str) -> list[tuple[Any, ...]]:
        """What a named query says."""
        with Reader(self.path) as reader:
            return list(reader.query(QUERIES[name].sql)[1])


@contextmanager
def told(path: Path) -> Iterator[Told]:
    """A new store to fill."""
    Store(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA foreign_keys = ON")
        yield Told(path, db)
