"""How far the vendor's list of hook events was read, and what it says of their deliveries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime

from mailhook import times
from mailhook.store.reader import Reader


@dataclass(frozen=True, slots=True)
class Listing:
    """A row of `listings`; times as the column holds them.

    What stands between `since` and `paged_at` is of a reading that goes on: None without, 0
    `pages`. `last_at`: what it has told of last; `falls`: whether it was newest first so far;
    `paged_at`: when its last page was recorded. `key_mark` tells the key from others.
    `number`: which of all readings it is; `read_number`: which that was that began at `read_at`.
    `read_from`: since when nothing that was listed can have been missed until `read_until`.
    """

    source: str
    read_until: str | None = None
    read_at: str | None = None
    since: str | None = None
    next: str | None = None
    newest: str | None = None
    began_at: str | None = None
    last_at: str | None = None
    falls: bool | None = None
    pages: int = 0
    paged_at: str | None = None
    error: str | None = None
    failing_since: str | None = None
    is_mixed: bool = False
    key_mark: str | None = None
    rests_until: str | None = None
    number: int | None = None
    read_number: int = 0
    read_from: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list says of the delivery of one event; `location` is the delivery to us."""

    idempotency_key: str
    location: str
    delivery_status: str | None
    delivery_attempts: int | None
    occurred_at: str | None
    updated_at: str | None


_NAMES = ", ".join(field.name for field in fields(Listing))
_FIND = f"SELECT {_NAMES} FROM listings WHERE source = ?"  # noqa: S608 - names of columns
_VALUES = ", ".join("?" for _ in fields(Listing))
_KEEP = f"INSERT OR REPLACE INTO listings ({_NAMES}) VALUES ({_VALUES})"  # noqa: S608 - likewise

_BEGIN = "UPDATE counters SET value = value + 1 WHERE name = 'readings' RETURNING value"

_LIST = """
INSERT INTO listed VALUES (?1,
    (SELECT min(s.event_id) FROM deliveries d JOIN sightings s ON s.delivery_id = d.id
     WHERE d.location = ?2), ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (idempotency_key) DO UPDATE SET event_id = coalesce(excluded.event_id, event_id),
    delivery_status = excluded.delivery_status, delivery_attempts = excluded.delivery_attempts,
    occurred_at = excluded.occurred_at, updated_at = excluded.updated_at
WHERE updated_at IS NULL OR excluded.updated_at >= updated_at
"""


def find(connection: sqlite3.Connection, source: str) -> Listing:
    """How far that list was read."""
    row = connection.execute(_FIND, (source,)).fetchone()
    found = Listing(*row) if row else Listing(source)
    falls = None if found.falls is None else bool(found.falls)
    return replace(found, falls=falls, is_mixed=bool(found.is_mixed))


def begin(connection: sqlite3.Connection) -> int:
    """The number of a reading that begins now: higher than that of any before, in all lists."""
    (number,) = connection.execute(_BEGIN).fetchone()
    return int(number)


def last_read_at(reader: Reader) -> str | None:
    """When the reading of any list began that last came to its end, as the column holds it."""
    found: str | None = reader.rows("SELECT max(read_at) AS read_at FROM listings")[0]["read_at"]
    return found


def keep(connection: sqlite3.Connection, listing: Listing) -> None:
    """Write down how far it was read."""
    connection.execute(_KEEP, astuple(listing))
    connection.execute(_ASKED_NO_MORE, (listing.source,))


def note(connection: sqlite3.Connection, listed: Iterable[Listed], at: datetime) -> None:
    """Write down what the list says of the deliveries of these, whose events are recorded."""
    connection.executemany(
        _LIST,
        [
            (
                one.idempotency_key,
                one.location,
                one.delivery_status,
                one.delivery_attempts,
                one.occurred_at,
                one.updated_at,
                times.stored(at),
            )
            for one in listed
        ],
    )


_FAIL = """
INSERT INTO listings (source, error, failing_since) VALUES (?1, ?2, ?3)
ON CONFLICT (source) DO UPDATE SET error = excluded.error,
    failing_since = coalesce(failing_since, excluded.failing_since)
"""

# Another address was in the settings before: what was wrong there is nobody's to mend any more.
_ASKED_NO_MORE = """
UPDATE listings SET error = NULL, failing_since = NULL WHERE source <> ? AND error IS NOT NULL
"""

_REST = """
INSERT INTO listings (source, rests_until) VALUES (?1, ?2)
ON CONFLICT (source) DO UPDATE SET rests_until = excluded.rests_until
"""

_FORGET = """
UPDATE listings SET since = NULL, next = NULL, newest = NULL, began_at = NULL,
    last_at = NULL, falls = NULL, pages = 0, paged_at = NULL, number = NULL
WHERE source = ?
"""


def fail(connection: sqlite3.Connection, source: str, error: str, at: datetime) -> None:
    """Write down what keeps us from reading that list, and since when."""
    connection.execute(_FAIL, (source, error, times.stored(at)))
    connection.execute(_ASKED_NO_MORE, (source,))


def rest(connection: sqlite3.Connection, source: str, until: datetime) -> None:
    """Write down till when the API wants to be left alone."""
    connection.execute(_REST, (source, times.stored(until)))


def forget(connection: sqlite3.Connection, source: str) -> None:
    """Do not go on with a reading that was broken off: the next one begins anew."""
    connection.execute(_FORGET, (source,))
