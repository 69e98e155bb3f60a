"""Rows of `heartbeat` within an open transaction: who was last alive, and what keeps it from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from mailhook import times

Trouble = Literal["refused", "unreachable", "settings"]

_BEAT = """
INSERT INTO heartbeat (name, at) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET at = excluded.at, error = NULL, failing_since = NULL,
    kind = NULL
"""

_FAIL = """
INSERT INTO heartbeat (name, at, error, failing_since, kind) VALUES (?, '', ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET error = excluded.error,
    failing_since = coalesce(failing_since, excluded.failing_since), kind = excluded.kind
"""


def beat(connection: sqlite3.Connection, beats: Mapping[str, datetime]) -> None:
    """Each has completed a round trip at its time; what kept it from one is over."""
    connection.executemany(_BEAT, [(name, times.stored(at)) for name, at in beats.items()])


def fail(
    connection: sqlite3.Connection, name: str, error: str, kind: Trouble | None, at: datetime
) -> None:
    """It is kept from a round trip: by what, since when, and whom that calls for."""
    connection.execute(_FAIL, (name, error, times.stored(at), kind))
