"""What a person does to deliveries that wait, within an open transaction; `audit` tells of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from mailhook.store import audit
from mailhook.store.audit import Deed

# What is partly understood keeps its outcome: its events stand.
_DROP = """
UPDATE deliveries SET raw = NULL, unread = 0,
    outcome = iif(outcome = 'quarantined', 'dropped', outcome)
WHERE id IN (SELECT value FROM json_each(?)) AND (outcome = 'quarantined' OR unread > 0)
RETURNING id
"""


def drop(connection: sqlite3.Connection, ids: Sequence[int], deed: Deed, at: datetime) -> list[int]:
    """Remove the bytes of those that wait, and let them wait no more; their ids."""
    rows = connection.execute(_DROP, (json.dumps(list(ids)),)).fetchall()
    dropped = sorted(number for (number,) in rows)
    if dropped:
        audit.note(connection, at, deed, {"deliveries": dropped})
    return dropped
