"""The words' ranks, and which statuses are an end, where views can reach them."""

from __future__ import annotations

import sqlite3
from typing import Any

from mailhook import catalog


def refresh(connection: sqlite3.Connection) -> None:
    """Bring both tables to this version's catalogue; the caller owns the transaction."""
    fingerprint = catalog.fingerprint()
    found = connection.execute("SELECT value FROM facts WHERE name = 'catalog'")
    if found.fetchone() == (fingerprint,):
        return
    words = catalog.load()
    connection.execute("DELETE FROM vocabulary")
    connection.executemany("INSERT INTO vocabulary VALUES (?, ?, ?, ?, ?, ?, ?)", _rows(words))
    connection.execute("DELETE FROM final_statuses")
    connection.executemany("INSERT INTO final_statuses VALUES (?, ?)", _ends(words))
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


def _ends(words: catalog.Catalog) -> list[tuple[str, str]]:
    kinds = (kind for kind in words.resources.values() if kind.subject_type)
    return [(kind.subject_type, status) for kind in kinds for status in kind.final_statuses]
