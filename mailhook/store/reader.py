"""What people and programs read out of the store: lists, counts, queries."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from mailhook import times
from mailhook.errors import TemporaryError, UsageError
from mailhook.store.file import open_readonly, sentences

Row = dict[str, Any]

# How many steps of SQLite's machine pass between two looks at the clock.
_PROGRESS_STEPS = 10_000

_DELIVERY_COLUMNS = """
id, channel, location, message_id, sender, subject, received_at, recorded_at, size, sha256,
outcome, reason, unread, reader, reader_version, authenticity, authenticity_detail
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None leaves open. `subject` is a subject's id."""

    product: str | None = None
    type: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    channel: str | None = None
    after: int | None = None
    limit: int | None = None


class Reader:
    """A connection that cannot write; any number may be open while the service runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection = open_readonly(path).conn
        self._connection.create_function("raw_text", 1, _raw_text, deterministic=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def events(self, filters: Filters, *, by_revision: bool = False) -> Iterator[Row]:
        """Events as rows with `object` decoded: the newest first, or by revision for export."""
        where, values = _where(filters)
        order = "revision" if by_revision else "occurred_at DESC, id DESC"
        sql = f"SELECT * FROM events e {where} ORDER BY {order} LIMIT ?"  # noqa: S608 - our words
        for row in self._stream(sql, (*values, _limit(filters))):
            yield row | {"object": json.loads(row["object"])}

    def deliveries(self, filters: Filters, *, attention: bool = False) -> Iterator[Row]:
        """Deliveries without their bytes, the newest first; `attention`: only quarantined ones."""
        clauses = ["(outcome = 'quarantined' OR unread > 0)"] if attention else []
        values: list[Any] = []
        for clause, value in (
            ("channel = ?", filters.channel),
            ("received_at >= ?", filters.since and times.stored(filters.since)),
        ):
            if value is not None:
                clauses.append(clause)
                values.append(value)
        where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
        return self._stream(
            f"SELECT {_DELIVERY_COLUMNS} FROM deliveries {where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - our words
            (*values, _limit(filters)),
        )

    def delivery(self, delivery_id: int) -> Row | None:
        """One delivery with its bytes (`raw`, decompressed) and what it told of."""
        rows = list(self._stream("SELECT * FROM deliveries WHERE id = ?", (delivery_id,)))
        if not rows:
            return None
        raw = rows[0].pop("raw")
        told = self._stream(
            "SELECT e.key FROM sightings s JOIN events e ON e.id = s.event_id"
            " WHERE s.delivery_id = ? ORDER BY e.id",
            (delivery_id,),
        )
        return rows[0] | {
            "events": [row["key"] for row in told],
            "raw": zlib.decompress(raw) if raw else None,
        }

    def raw(self, location: str) -> Row | None:
        """The delivery at that location, as `delivery` gives it."""
        found = list(self._stream("SELECT id FROM deliveries WHERE location = ?", (location,)))
        return self.delivery(found[0]["id"]) if found else None

    def alerts(self, filters: Filters) -> Iterator[Row]:
        """Alerts, the newest first, with `detail` decoded."""
        since = times.stored(filters.since) if filters.since else ""
        sql = "SELECT * FROM alerts WHERE last_seen_at >= ? ORDER BY last_seen_at DESC LIMIT ?"
        for row in self._stream(sql, (since, _limit(filters))):
            yield row | {"detail": json.loads(row["detail"] or "{}")}

    def query(
        self, sql: str, values: Mapping[str, Any] | Sequence[Any] = (), seconds: float = 30
    ) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """The columns and rows of one reading statement.

        Raises UsageError where SQLite refuses it (it writes, or is wrong), and
        TemporaryError when it takes longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        self._connection.set_progress_handler(
            lambda: int(time.monotonic() > deadline), _PROGRESS_STEPS
        )
        self._connection.set_authorizer(_authorize)
        with _refusals(self.path, seconds):
            cursor = self._connection.execute(sql, values)
        if cursor.description is None:
            raise UsageError("that is no SELECT: `query` only reads")
        return [column[0] for column in cursor.description], _fetched(cursor, self.path, seconds)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of one of our own statements."""
        return list(self._stream(sql, values))

    def _stream(self, sql: str, values: Sequence[Any]) -> Iterator[Row]:
        with sentences(self.path):
            cursor = self._connection.execute(sql, values)
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield dict(zip(names, row, strict=True))


def _where(filters: Filters) -> tuple[str, list[Any]]:
    seen = "EXISTS (SELECT 1 FROM sightings s WHERE s.event_id = e.id AND s.channel = ?)"
    asked = {
        "product = ?": filters.product,
        "event_type = ?": filters.type,
        "event_action = ?": filters.action,
        "subject_id = ?": filters.subject,
        "occurred_at >= ?": filters.since and times.stored(filters.since),
        "revision > ?": filters.after,
        seen: filters.channel,
    }
    given = {clause: value for clause, value in asked.items() if value is not None}
    return (f"WHERE {' AND '.join(given)}" if given else ""), list(given.values())


def _limit(filters: Filters) -> int:
    return -1 if filters.limit is None else filters.limit


def _raw_text(raw: bytes | None) -> str | None:
    """SQL function `raw_text(raw)`: the stored bytes of a delivery as text."""
    return zlib.decompress(raw).decode("utf-8", "replace") if raw else None


_RECURSIVE = 33  # SQLITE_RECURSIVE, which the sqlite3 module of Python 3.11 does not name
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, _RECURSIVE}


def _authorize(action: int, name: str | None, value: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_PRAGMA:
        harmless = name in {"table_info", "table_xinfo", "index_list", "table_list"}
        return sqlite3.SQLITE_OK if harmless else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and value == "load_extension":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


@contextmanager
def _refusals(path: Path, seconds: float) -> Iterator[None]:
    """Turn SQLite's refusal of somebody's query into a sentence and an exit code."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.Warning) as error:
        raise UsageError(f"the query cannot be run: {error}") from error
    except sqlite3.DatabaseError as error:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_INTERRUPT:
                raise TemporaryError(
                    f"the query took longer than {seconds:g} s; narrow it, or use --timeout"
                ) from error
            case sqlite3.SQLITE_AUTH | sqlite3.SQLITE_READONLY:
                raise UsageError(f"`query` only reads: {error}") from error
            case sqlite3.SQLITE_ERROR:
                raise UsageError(f"the query cannot be run: {error}") from error
        with sentences(path):
            raise


def _fetched(cursor: sqlite3.Cursor, path: Path, seconds: float) -> Iterator[tuple[Any, ...]]:
    with _refusals(path, seconds):
        yield from cursor
