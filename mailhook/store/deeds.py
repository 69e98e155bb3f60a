"""Rows of `actions` within an open transaction: what is still to be done to mails."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from mailhook.model import Action, Place

_QUEUED = """
SELECT id, source, uidvalidity, uid, verb, target, state, message_id
FROM actions WHERE source = ? ORDER BY id
"""


def queued(connection: sqlite3.Connection, source: str) -> list[Action]:
    """Those of one folder, in the order they were queued."""
    rows = connection.execute(_QUEUED, (source,))
    return [Action(row[0], Place(*row[1:4]), row[4], row[5], row[6], row[7]) for row in rows]


def note(connection: sqlite3.Connection, noted: Sequence[tuple[Action, str]]) -> None:
    """What came of each: a state, `refused: …` (stays queued), or an end."""
    for action, word in noted:
        if word in {"copying", "copied"}:
            connection.execute("UPDATE actions SET state = ? WHERE id = ?", (word, action.id))
        elif word.startswith("refused"):
            connection.execute("UPDATE actions SET error = ? WHERE id = ?", (word, action.id))
        else:
            connection.execute("DELETE FROM actions WHERE id = ?", (action.id,))
