"""Looking at a store from outside: by plain SQLite, and by what opening it says."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mailhook.errors import MailhookError


def asked(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def refused(opening: Callable[[Path], object], path: Path) -> MailhookError:
    with pytest.raises(MailhookError) as caught:
        opening(path)
    assert str(path) in str(caught.value)
    return caught.value


def kept(path: Path) -> list[bytes | None]:
    """What is kept of each delivery."""
    rows = asked(path, "SELECT raw FROM deliveries ORDER BY id")
    return [zlib.decompress(raw) if isinstance(raw, bytes) else None for (raw,) in rows]
