"""Many rows by few statements: each statement is one wait for the interpreter's lock.

SQLite runs without it, and whoever needs it back may wait until another thread has
had its turn. `executemany` gives it up and waits for it at each row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

# How many rows one statement takes; few sizes, so that each is prepared once.
_SIZES = (64, 32, 16, 8, 4, 2, 1)


# A statement that fails undoes what it has done so far; that costs a file of its own, with
# each page as it was. Here the whole transaction is undone: see `insert`.
_INSERT = "INSERT OR FAIL INTO"


def insert(connection: sqlite3.Connection, head: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert the rows, in order; `head` is the table, and its columns if not all.

    Who owns the transaction must roll it back where this raises: part of the rows is there.
    """
    for part in _parts(rows):
        values = [value for row in part for value in row]
        connection.execute(_statement(head, len(part), len(part[0])), values)


def _parts(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    at = 0
    for size in _SIZES:
        while len(rows) - at >= size:
            yield rows[at : at + size]
            at += size


@lru_cache(maxsize=64)
def _statement(head: str, count: int, width: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{_INSERT} {head} VALUES {', '.join([row] * count)}"
