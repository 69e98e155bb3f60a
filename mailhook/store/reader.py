"""What people and programs read out of the store: lists, counts, queries."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mailhook import times
from mailhook.errors import TemporaryError, UsageError
from mailhook.model import Event, Finding
from mailhook.store.file import open_readonly, sentences
from mailhook.store.kept import COLUMNS, Kept, Selection, kept

if TYPE_CHECKING:
    from mailhook.store.again import Change
    from mailhook.store.ledger import Foreseen

Row = dict[str, Any]

# How many steps of SQLite's machine pass between two looks at the clock.
_PROGRESS_STEPS = 10_000
# Of deliveries that are examined again at once: what one transaction then writes takes
# some milliseconds, for which whoever records mails may have to wait.
_PAGE_ROWS = 100
_PAGE_BYTES = 2_000_000

_DELIVERY = """
d.id, d.channel, d.location, d.message_id, d.sender, d.subject, d.received_at, d.recorded_at,
d.size, d.sha256, d.outcome, d.reason, d.unread, d.reader, d.reader_version, d.authenticity,
d.authenticity_detail
"""
_FIRST_TOLD = """
(SELECT e.key FROM sightings s JOIN events e ON e.id = s.event_id
 WHERE s.delivery_id = d.id ORDER BY e.id LIMIT 1) AS event
"""
_SIGHTINGS = "FROM sightings s JOIN events e ON e.id = s.event_id"
_SEEN_BY = "EXISTS (SELECT 1 FROM sightings s WHERE s.event_id = e.id AND s.channel = ?)"


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


@dataclass(frozen=True, slots=True)
class Extent:
    """How many deliveries have bytes, how many have none, and the highest id of them all."""

    kept: int
    without_bytes: int
    last: int


class Reader:
    """A connection that cannot write; any number may be open while the service runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_readonly(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def events(self, filters: Filters, *, by_revision: bool = False) -> Iterator[Row]:
        """Events as rows: the newest first, or by revision for export.

        `object` is decoded, `fetched` a list of names.
        """
        order = "e.revision" if by_revision else "e.occurred_at DESC, e.id DESC"
        clauses = {
            **_about(filters),
            "e.occurred_at >= ?": _since(filters),
            "e.revision > ?": filters.after,
            _SEEN_BY: filters.channel,
        }
        for row in self._list("e.* FROM events e", clauses, order, filters):
            fetched = json.loads(row["fetched"] or "[]")
            yield row | {"object": json.loads(row["object"]), "fetched": fetched}

    def deliveries(self, filters: Filters, *, attention: bool = False) -> Iterator[Row]:
        """Deliveries without their bytes, the newest first; `attention`: only quarantined ones.

        `event` is the key of the first event that it told of, None where there is none.
        Narrowed to a product, type, action or subject, those that told of such an event.
        """
        told, values = _narrowed(_about(filters))
        clauses = {
            "d.channel = ?": filters.channel,
            "d.received_at >= ?": _since(filters),
            f"d.id IN (SELECT s.delivery_id {_SIGHTINGS} {told})": tuple(values) or None,
            "(d.outcome = 'quarantined' OR d.unread > 0)": () if attention else None,
        }
        columns = f"{_DELIVERY}, {_FIRST_TOLD} FROM deliveries d"
        return self._list(columns, clauses, "d.id DESC", filters)

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
        clauses = {
            **_about(filters),
            "a.last_seen_at >= ?": _since(filters),
            _SEEN_BY: filters.channel,
        }
        columns = "a.* FROM alerts a JOIN events e ON e.id = a.event_id"
        for row in self._list(columns, clauses, "a.last_seen_at DESC, a.id DESC", filters):
            yield row | {"detail": json.loads(row["detail"] or "{}")}

    def query(
        self, sql: str, values: Mapping[str, Any] | Sequence[Any] = (), seconds: float = 30
    ) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """The columns and rows of one reading statement, on a connection of its own.

        Raises UsageError where SQLite refuses it (it writes, or is wrong), and
        TemporaryError when all of it, the reading of its rows included, takes
        longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        with ExitStack() as opened, _refusals(self.path, seconds, deadline):
            connection = opened.enter_context(closing(open_readonly(self.path)))
            connection.create_function("raw_text", 1, _raw_text, deterministic=True)
            connection.execute(_NAME_TABLE_FUNCTIONS)
            connection.set_authorizer(_authorize)
            connection.set_progress_handler(lambda: time.monotonic() > deadline, _PROGRESS_STEPS)
            cursor = connection.execute(sql, values)
            if cursor.description is None:
                raise UsageError("that is no SELECT: `query` only reads")
            opened.pop_all()
        columns = [column[0] for column in cursor.description]
        return columns, self._fetched(connection, cursor, seconds, deadline)

    def last_revision(self) -> int:
        """The last revision given to any event, pruned or not; 0 where there was none."""
        return int(self.rows("SELECT value FROM counters WHERE name = 'revision'")[0]["value"])

    def foresee(self, event: Event, channel: str, window_seconds: float) -> Foreseen:
        """What the store would do with the event now."""
        from mailhook.store.ledger import Ledger

        with sentences(self.path):
            return Ledger(self._connection, window_seconds).foresee(event, channel)

    def kept(self, selection: Selection, after: int, until: int) -> list[Kept]:
        """The next deliveries that have bytes, in order of id: not many, or not many bytes."""
        clauses = dict(selection.clauses())
        clauses |= {"id > ?": after, "id <= ?": until, "raw IS NOT NULL": ()}
        where, values = _narrowed(clauses)
        found, size = [], 0
        sql = f"SELECT {COLUMNS} FROM deliveries {where} ORDER BY id LIMIT ?"  # noqa: S608 - ours
        for row in self._stream(sql, (*values, _PAGE_ROWS)):
            found.append(kept(row))
            size += len(found[-1].delivery.raw)
            if size > _PAGE_BYTES:
                break
        return found

    def extent(self, selection: Selection, after: int = 0) -> Extent:
        """How many deliveries `kept` would give, how many have no bytes; and the last id."""
        where, values = _narrowed(dict(selection.clauses()) | {"id > ?": after})
        sql = (
            "SELECT count(raw) AS kept, count(*) - count(raw) AS without_bytes,"  # noqa: S608
            f" coalesce(max(id), 0) AS last FROM deliveries {where}"
        )
        return Extent(**self.rows(sql, values)[0])

    def foresee_again(self, window_seconds: float) -> Callable[[Kept, Finding | None], Change]:
        """What would change if a delivery were brought up to date with a finding now."""
        from mailhook.store.again import Again

        again = Again(self._connection, "full", window_seconds)

        def foresee(kept: Kept, finding: Finding | None) -> Change:
            with sentences(self.path):
                return again.foresee(kept, finding)

        return foresee

    def rows(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> list[Row]:
        """All rows of one of our own statements."""
        return list(self._stream(sql, values))

    def _fetched(
        self,
        connection: sqlite3.Connection,
        cursor: sqlite3.Cursor,
        seconds: float,
        deadline: float,
    ) -> Iterator[tuple[Any, ...]]:
        with closing(connection), _refusals(self.path, seconds, deadline):
            yield from cursor

    def _list(
        self, columns: str, clauses: Mapping[str, Any], order: str, filters: Filters
    ) -> Iterator[Row]:
        where, values = _narrowed(clauses)
        limit = -1 if filters.limit is None else filters.limit
        sql = f"SELECT {columns} {where} ORDER BY {order} LIMIT ?"
        return self._stream(sql, (*values, limit))

    def _stream(self, sql: str, values: Mapping[str, Any] | Sequence[Any]) -> Iterator[Row]:
        with sentences(self.path):
            try:
                cursor = self._connection.execute(sql, values)
            except OverflowError as error:
                raise UsageError("a number is larger than any the store can hold") from error
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield dict(zip(names, row, strict=True))


def _about(filters: Filters) -> dict[str, str | None]:
    return {
        "e.product = ?": filters.product,
        "e.event_type = ?": filters.type,
        "e.event_action = ?": filters.action,
        "e.subject_id = ?": filters.subject,
    }


def _since(filters: Filters) -> str | None:
    return times.stored(filters.since) if filters.since else None


def _narrowed(clauses: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The WHERE of those clauses that have a value (a tuple: several, or none), and the values."""
    given = {clause: value for clause, value in clauses.items() if value is not None}
    values = [value if isinstance(value, tuple) else (value,) for value in given.values()]
    return f"WHERE {' AND '.join(given)}" if given else "", list(chain.from_iterable(values))


def _raw_text(raw: bytes | None) -> str | None:
    """SQL function `raw_text(raw)`: the stored bytes of a delivery as text."""
    return zlib.decompress(raw).decode("utf-8", "replace") if raw else None


_RECURSIVE = 33  # SQLITE_RECURSIVE, which the sqlite3 module of Python 3.11 does not name
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, _RECURSIVE}
_PRAGMAS = {"table_info", "table_xinfo", "index_list", "table_list"}
# A table-valued function is made when it is first named, by what looks like writing.
_NAME_TABLE_FUNCTIONS = """
SELECT 1 FROM json_each, json_tree, pragma_table_info, pragma_table_xinfo, pragma_index_list,
    pragma_table_list LIMIT 0
"""


def _authorize(action: int, name: str | None, value: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if name in _PRAGMAS else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and value == "load_extension":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


@contextmanager
def _refusals(path: Path, seconds: float, deadline: float) -> Iterator[None]:
    """Turn SQLite's refusal of somebody's query into a sentence and an exit code."""
    try:
        with sentences(path):
            yield
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as error:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_INTERRUPT:
                if time.monotonic() <= deadline:  # SQLite has swallowed a ^C
                    raise KeyboardInterrupt from error
                raise TemporaryError(
                    f"the query took longer than {seconds:g} s; narrow it, or use --timeout"
                ) from error
            case sqlite3.SQLITE_AUTH:
                raise UsageError(f"`query` only reads: {error}") from error
        raise UsageError(f"the query cannot be run: {error}") from error
