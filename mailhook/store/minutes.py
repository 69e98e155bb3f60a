"""Rows of `web_minutes`: what the endpoint answered, minute by minute."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from mailhook import times
from mailhook.store.reader import Reader

COLUMNS = ("ok", "refused", "failed", "lookalike", "retried")
_KEPT = timedelta(days=90)
_MINUTE = 60

_ADD = f"""
INSERT INTO web_minutes (minute, {", ".join(COLUMNS)})
VALUES (:minute, {", ".join(f":{name}" for name in COLUMNS)})
ON CONFLICT (minute) DO UPDATE SET
    {", ".join(f"{name} = {name} + excluded.{name}" for name in COLUMNS)}
"""  # noqa: S608 - column names are constants

Counts = Mapping[str, int]


def add(connection: sqlite3.Connection, counted: Mapping[int, Counts], now: datetime) -> None:
    """Add what was counted to its minutes, within an open transaction; old ones go.

    A minute is named by the second since 1970 at which it began.
    """
    nothing = dict.fromkeys(COLUMNS, 0)
    rows = [{**nothing, **counts, "minute": _stored(began)} for began, counts in counted.items()]
    connection.executemany(_ADD, rows)
    connection.execute("DELETE FROM web_minutes WHERE minute < ?", (times.stored(now - _KEPT),))


def since(store: Reader, first: datetime, last: datetime) -> dict[int, dict[str, int]]:
    """The counts of each minute from that in which `first` lies, named as in `add`."""
    rows = store.rows(
        "SELECT unixepoch(minute) AS began, ok, refused, failed, lookalike, retried"
        " FROM web_minutes WHERE minute BETWEEN ? AND ?",
        (_stored(int(first.timestamp()) // _MINUTE * _MINUTE), times.stored(last)),
    )
    return {row.pop("began"): row for row in rows}


def _stored(began: int) -> str:
    return times.stored(datetime.fromtimestamp(began, UTC))
