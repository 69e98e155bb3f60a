"""What people were told by alarms, and what is still to be told: rows and their values.

Both tables are small and are written as a whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any

from mailhook import times
from mailhook.store.reader import Reader


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong, or was within the last day, and what people were told of it.

    `since`: when it was noticed. `level` rises as it gets worse; `told_level` is
    the one people were told of, 0 if none. `well_since`: it seems to be over, but
    that was not told yet. `over_at`: when it was told to be over. `told_at`: when
    anything was told of it last. `flaps`: how often it began anew within a day.
    """

    name: str
    words: str
    level: int
    since: datetime
    told_level: int = 0
    told_at: datetime | None = None
    well_since: datetime | None = None
    over_at: datetime | None = None
    flaps: int = 0


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to one target, not delivered yet. `target` is its key: `notify[0]`.

    `tries` have failed; it is not sent before `next_at`.
    """

    target: str
    title: str
    body: str
    written_at: datetime
    tries: int
    next_at: datetime


def replace(
    connection: sqlite3.Connection, alarms: Sequence[Alarm], letters: Sequence[Letter]
) -> None:
    """Write all alarms and letters in the place of what is there; the caller commits."""
    for table, rows in (("alarms", alarms), ("letters", letters)):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - one of two names
        for row in rows:
            _insert(connection, table, row)


def read(store: Reader) -> tuple[list[Alarm], list[Letter]]:
    """All alarms and, in the order of their writing, all letters."""
    alarms = store.rows("SELECT * FROM alarms")
    letters = store.rows("SELECT * FROM letters ORDER BY id")
    return (
        [Alarm(**_revived(row, _names(Alarm))) for row in alarms],
        [Letter(**_revived(row, _names(Letter))) for row in letters],
    )


def _insert(connection: sqlite3.Connection, table: str, row: Alarm | Letter) -> None:
    names = _names(type(row))
    values = [times.stored(one) if isinstance(one, datetime) else one for one in astuple(row)]
    places = ", ".join("?" * len(values))
    connection.execute(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})",  # noqa: S608 - our names
        values,
    )


def _names(kind: type[Alarm | Letter]) -> list[str]:
    return [field.name for field in fields(kind)]


def _revived(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The row's values, its times as times."""
    return {
        name: times.parse(row[name]) if _is_time(name) and row[name] else row[name]
        for name in names
    }


def _is_time(name: str) -> bool:
    return name.endswith(("_at", "since"))
