"""How far a replay has come, within an open transaction: rows of `replays`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailhook import times
from mailhook.store.rows import to_json


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a replay goes on: every delivery up to `last_id` is done, `until_id` is the end.

    `asked` tells which deliveries by which rules; `since` the oldest `received_at` asked for.
    """

    asked: str
    since: str | None
    last_id: int
    until_id: int
    counts: Mapping[str, int]
    audit_id: int | None = None


def find(connection: sqlite3.Connection, asked: str, since: str | None) -> Bookmark | None:
    """Where the same replay was broken off; one that asked for no less will do."""
    row = connection.execute(
        "SELECT asked, since, last_id, until_id, counts, audit_id FROM replays"
        " WHERE asked = ? AND (since IS ? OR since <= ?)",
        (asked, since, since),
    ).fetchone()
    if row is None:
        return None
    name, first, last_id, until_id, counts, audit_id = row
    return Bookmark(name, first, last_id, until_id, json.loads(counts), audit_id)


def keep(connection: sqlite3.Connection, mark: Bookmark, at: datetime) -> None:
    """Write down how far it has come."""
    connection.execute(
        "INSERT OR REPLACE INTO replays VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            mark.asked,
            mark.since,
            mark.last_id,
            mark.until_id,
            to_json(dict(mark.counts)),
            mark.audit_id,
            times.stored(at),
        ),
    )


def remove(connection: sqlite3.Connection, asked: str) -> None:
    """It is done."""
    connection.execute("DELETE FROM replays WHERE asked = ?", (asked,))
