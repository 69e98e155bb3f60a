"""The tables and views, as named migrations in order. docs/tables.md explains each column.

A migration that has landed is never edited: a change is a new file, and its name in
`versions.KNOWN`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from importlib import import_module

from sqlite_utils import Database, Migrations

from mailhook.store.versions import KNOWN

migrations = Migrations("mailhook")


def _step(name: str) -> Callable[[Database], None]:
    return partial(_execute, script=import_module(f"{__name__}.{name}").SQL)


def _execute(db: Database, script: str) -> None:
    """Run the statements one by one; `executescript` would commit before the first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.conn.execute(statement)
            statement = ""


for _name in KNOWN:
    migrations(name=_name)(_step(_name))
