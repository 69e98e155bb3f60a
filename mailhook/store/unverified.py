"""Rows of `unverified_tokens`: what was refused and may yet turn out to be the vendor's.

Anybody can send such tokens, so all is bounded: rows, bytes, age, and what one source
holds of these. What is there already only counts.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from mailhook import times

MOST_ROWS = 10_000
MOST_BYTES = 64_000_000
MOST_AGE = timedelta(days=7)
# What one source may hold of each.
SHARE = 0.1

_HELD = "SELECT source, count(*), sum(size) FROM unverified_tokens GROUP BY source"
_KEEP = """
INSERT INTO unverified_tokens
    (sha256, source, received_at, last_seen_at, sightings, size, raw)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (sha256) DO UPDATE SET
    last_seen_at = excluded.last_seen_at, sightings = sightings + excluded.sightings
"""
_PAGE = """
SELECT id, sha256, received_at, raw FROM unverified_tokens
WHERE id > ? AND id <= ? ORDER BY id LIMIT ?
"""
_PAGE_ROWS = 50


@dataclass(frozen=True)
class Refused:
    """A body that was refused: from whom, and the time and number of its arrivals."""

    raw: bytes
    source: str
    first_at: datetime
    last_at: datetime
    sightings: int = 1

    @cached_property
    def sha256(self) -> str:
        """What tells it again."""
        return hashlib.sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A row, to be examined again."""

    id: int
    sha256: str
    received_at: datetime
    raw: bytes


@dataclass(slots=True)
class Held:
    """What the table holds, in memory: rows and bytes by source, and the digests."""

    rows: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    digests: set[str] = field(default_factory=set)

    def admits(self, one: Refused) -> bool:
        """Whether it may be written; counts it, as if it were there from now on."""
        if one.sha256 in self.digests:
            return True
        if not self._has_room(one):
            return False
        self.digests.add(one.sha256)
        self.rows[one.source] += 1
        self.sizes[one.source] += len(one.raw)
        return True

    def _has_room(self, one: Refused) -> bool:
        size = len(one.raw)
        fits_all = len(self.digests) < MOST_ROWS and self.sizes.total() + size <= MOST_BYTES
        own_rows, own_bytes = self.rows[one.source], self.sizes[one.source] + size
        return fits_all and own_rows < MOST_ROWS * SHARE and own_bytes <= MOST_BYTES * SHARE


def held(connection: sqlite3.Connection) -> Held:
    """What is there now; read by indexes alone."""
    found = Held()
    for source, rows, size in connection.execute(_HELD):
        found.rows[source], found.sizes[source] = rows, size
    digests = connection.execute("SELECT sha256 FROM unverified_tokens")
    found.digests = {digest for (digest,) in digests}
    return found


def keep(connection: sqlite3.Connection, group: Sequence[Refused], now: datetime) -> int:
    """Write these and let go of those that are too old, how many; the caller commits."""
    before = times.stored(now - MOST_AGE)
    gone = connection.execute("DELETE FROM unverified_tokens WHERE received_at < ?", (before,))
    connection.executemany(_KEEP, map(_row, group))
    return gone.rowcount


def page(rows: Sequence[Mapping[str, Any]]) -> list[KeptToken]:
    """The rows of PAGE as values."""
    return [
        KeptToken(
            row["id"],
            row["sha256"],
            times.parse(row["received_at"]) or times.now(),
            zlib.decompress(row["raw"]),
        )
        for row in rows
    ]


def query(after: int, until: int) -> tuple[str, tuple[int, int, int]]:
    """The statement and its values that give the next rows, for `page`."""
    return _PAGE, (after, until, _PAGE_ROWS)


def settle(
    connection: sqlite3.Connection, gone: Sequence[int], stay: Sequence[int], now: datetime
) -> None:
    """Some became deliveries, the others were looked at in vain; the caller commits."""
    connection.executemany("DELETE FROM unverified_tokens WHERE id = ?", _each(gone))
    at = times.stored(now)
    connection.executemany(
        "UPDATE unverified_tokens SET rechecked_at = ? WHERE id = ?", [(at, one) for one in stay]
    )


def _each(ids: Sequence[int]) -> Iterator[tuple[int]]:
    return ((one,) for one in ids)


def _row(one: Refused) -> tuple[object, ...]:
    first, last = times.stored(one.first_at), times.stored(one.last_at)
    packed = zlib.compress(one.raw)
    return one.sha256, one.source, first, last, one.sightings, len(one.raw), packed
