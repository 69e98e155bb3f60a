"""Room within the file that nobody uses: given back bit by bit, or all at once."""

from __future__ import annotations

import sqlite3

_INCREMENTAL = 2  # what PRAGMA auto_vacuum reads then


def give_back(connection: sqlite3.Connection, pages: int) -> bool:
    """Give so many free pages back to the file system; whether there are more.

    False, too, for a store that was made without `auto_vacuum`, until `compact`.
    """
    if _pragma(connection, "auto_vacuum") != _INCREMENTAL:
        return False
    free = _pragma(connection, "freelist_count")
    # QUIRK: each page is a row without columns, of which `execute` takes only the first.
    connection.executescript(f"PRAGMA incremental_vacuum({pages})")
    return 0 < _pragma(connection, "freelist_count") < free


def compact(connection: sqlite3.Connection) -> None:
    """Write the whole file anew; needs twice its size for a while."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA temp_store = FILE")  # the copy may be larger than our memory
    try:
        connection.execute("VACUUM")
    finally:
        connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
