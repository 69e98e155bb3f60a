"""Which migrations a store has been through; read without the library that runs them."""

from __future__ import annotations

import sqlite3

# In order; tests hold them against `schema`.
KNOWN = (
    "m001_events_and_deliveries",
    "m002_views",
    "m003_retention",
    "m004_alarms",
    "m005_replays",
    "m006_web",
    "m007_api",
    "m008_views",
    "m009_fetched",
    "m010_readings",
    "m011_mail_twins",
    "m012_keys_of_lists",
    "m013_alerts",
    "m014_absences",
)

_TABLE = "_sqlite_migrations"  # sqlite-utils' own


def applied(connection: sqlite3.Connection) -> list[str]:
    """The migrations that were run on this file, ours or a later version's, in order."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)).fetchone()
    if not there:
        return []
    rows = connection.execute(
        f"SELECT name FROM {_TABLE} WHERE migration_set = 'mailhook' ORDER BY rowid"  # noqa: S608 - a constant
    )
    return [name for (name,) in rows]


def is_foreign(connection: sqlite3.Connection) -> bool:
    """Whether somebody else has made something in this file, and we nothing."""
    others = "SELECT 1 FROM sqlite_master WHERE tbl_name <> ? LIMIT 1"
    return not applied(connection) and bool(connection.execute(others, (_TABLE,)).fetchone())


def apply(connection: sqlite3.Connection) -> None:
    """Run what is pending, each migration in one transaction with its record."""
    if applied(connection) == list(KNOWN):
        return
    from sqlite_utils import Database

    from mailhook.store.schema import migrations

    db = Database(connection)
    with db.atomic():  # sqlite-utils would commit its table before the index on it
        migrations.ensure_migrations_table(db)
    migrations.apply(db)
