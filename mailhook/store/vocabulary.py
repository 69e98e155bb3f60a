"""The words' ranks beside the events, where views can reach them."""

from __future__ import annotations

import sqlite3
from typing import Any

from mailhook import catalog


def refresh(connection: sqlite3.Connection) -> None:
    """Bring `vocabulary` to this version's catalogue; the caller owns the transaction."""
    fingerprint = catalog.fingerprint()
    found = connection.execute("SELECT value FROM facts WHERE name = 'catalog'")
    if found.fetchone() == (fingerprint,):
        return
    words = catalog.load()
    connection.execute("DELETE FROM vocabulary")
    connection.executemany("INSERT INTO vocabulary VALUES (?, ?, ?, ?, ?, ?, ?)", _rows(words))
    connection.execute(
        "INSERT INTO facts VALUES ('catalog', ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (fingerprint,),
    )


def _rows(words: catalog.Catalog) -> list[tuple[Any, ...]]:
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
