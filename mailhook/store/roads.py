"""Which roads and products the settings name, within an open transaction: views ask for that."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from mailhook import times
from mailhook.config import Settings

# Files that were read count as a road of their own time: such a row is no setting's to remove.
_NAMED = {
    "roads": "SELECT road FROM roads WHERE until IS NULL",
    "expected": "SELECT product FROM expected",
}
_ADD = {
    "roads": "INSERT INTO roads VALUES (?, ?, NULL) ON CONFLICT DO UPDATE SET until = NULL",
    "expected": "INSERT INTO expected VALUES (?, ?) ON CONFLICT DO NOTHING",
}
_REMOVE = {
    "roads": "DELETE FROM roads WHERE road = ? AND until IS NULL",
    "expected": "DELETE FROM expected WHERE product = ?",
}
# What is not in the settings for a time brings nothing then, and misses nothing.
_LEAVE = "INSERT INTO absences (road, since) VALUES (?, ?) ON CONFLICT DO NOTHING"
_RETURN = "UPDATE absences SET until = ? WHERE road = ? AND until IS NULL"
# Where two programs use one store by settings of their own, no road is absent for minutes.
_SHORTEST = timedelta(days=1)
_WAS_HERE = "DELETE FROM absences WHERE road = ? AND until IS NULL AND since > ?"

Named = dict[str, set[str]]


def of(settings: Settings) -> Named:
    """The roads and the expected products that the settings name."""
    roads = {
        "email": bool(settings.mailboxes),
        "web": settings.web is not None,
        "api": settings.api is not None,
    }
    named = {road for road, is_named in roads.items() if is_named}
    return {"roads": named, "expected": set(settings.expect)}


def noted(connection: sqlite3.Connection) -> Named:
    """Those that were written down last."""
    return {table: {name for (name,) in connection.execute(sql)} for table, sql in _NAMED.items()}


def note(connection: sqlite3.Connection, named: Named, at: datetime) -> None:
    """Write down what is named now; what was named before keeps the time since when it is."""
    before = noted(connection)
    for table, names in named.items():
        added, removed = names - before[table], before[table] - names
        connection.executemany(_ADD[table], [(name, times.stored(at)) for name in added])
        connection.executemany(_REMOVE[table], [(name,) for name in removed])
        if table == "roads":
            _note_absences(connection, added, removed, at)


def _note_absences(
    connection: sqlite3.Connection, added: set[str], removed: set[str], at: datetime
) -> None:
    lately = times.stored(at - _SHORTEST)
    connection.executemany(_WAS_HERE, [(road, lately) for road in added])
    connection.executemany(_RETURN, [(times.stored(at), road) for road in added])
    connection.executemany(_LEAVE, [(road, times.stored(at)) for road in removed])
