"""Rows of `audit` within an open transaction: who removed or changed what, when and why."""

from __future__ import annotations

import os
import pwd
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailhook import times
from mailhook.store.rows import to_json


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did it, by which command's word, and why, as the settings or the person say."""

    who: str
    what: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """A deed, what it came to so far, and the row that tells of it, if there is one already."""

    deed: Deed
    detail: Mapping[str, Any]
    audit_id: int | None = None


def write(connection: sqlite3.Connection, at: datetime, noted: Noted) -> int:
    """Write its row, or bring that up to date; the row's id."""
    if noted.audit_id is None:
        return note(connection, at, noted.deed, noted.detail)
    amend(connection, noted.audit_id, noted.detail)
    return noted.audit_id


def note(
    connection: sqlite3.Connection, at: datetime, deed: Deed, detail: Mapping[str, Any]
) -> int:
    """Write one row; its id. `detail` holds counts and numbers of rows, no personal data."""
    cursor = connection.execute(
        "INSERT INTO audit (at, who, what, detail, why) VALUES (?, ?, ?, ?, ?)",
        (times.stored(at), deed.who, deed.what, to_json(detail), deed.why),
    )
    return int(cursor.lastrowid or 0)


def amend(connection: sqlite3.Connection, audit_id: int, detail: Mapping[str, Any]) -> None:
    """Bring the row's detail up to date: the work it tells of goes on."""
    connection.execute("UPDATE audit SET detail = ? WHERE id = ?", (to_json(detail), audit_id))


def user(number: int | None = None) -> str:
    """The name of a user, else of the one this process runs as; the number where it has none."""
    uid = os.geteuid() if number is None else number
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
