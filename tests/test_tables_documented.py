"""docs/tables.md names every table, view and column as it is, and none that is not."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mailhook.store import Reader, Store

TEXT = (Path(__file__).parents[1] / "docs" / "tables.md").read_text()
QUESTIONS = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
_SECTION = re.compile(r"^##+ `(\w+)`( \(view\))?\n(.*?)(?=^##|\Z)", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r"^\| `(\w+)` \| ([A-Z]+)( or NULL)? \| ([^|]+) \| `([^|]+)` \|$", re.MULTILINE)

Column = tuple[str, str, bool]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("documented") / "mailhook.db"
    Store(path).close()
    return path


def documented() -> dict[tuple[str, bool], list[Column]]:
    return {
        (name, bool(view)): [(row[0], row[1], bool(row[2])) for row in _ROW.findall(body)]
        for name, view, body in _SECTION.findall(TEXT)
    }


def columns(db: sqlite3.Connection, name: str, *, view: bool) -> Iterator[Column]:
    """Names, types (whatever is documented where a view computes) and whether NULL may be."""
    told = {column: kind for column, kind, _ in documented().get((name, view), [])}
    for _, column, kind, notnull, _, key in db.execute(f"PRAGMA table_info({name})"):
        yield column, kind or told.get(column, ""), not (notnull or key or view)


def test_every_table_view_and_column_is_documented_and_no_other(path: Path):
    with closing(sqlite3.connect(path)) as db:
        named = "SELECT name, type = 'view' FROM sqlite_master WHERE type IN ('table', 'view')"
        found = {
            (name, bool(view)): list(columns(db, name, view=bool(view)))
            for name, view in db.execute(named).fetchall()
        }
    assert documented() == found


def test_every_row_of_its_tables_was_read():
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    assert len(rows) == sum(map(len, documented().values()))


def test_its_questions_are_three_and_can_be_asked(path: Path):
    assert len(QUESTIONS) == 3
    with Reader(path) as reader:
        for question in QUESTIONS:
            assert list(reader.query(question)[1]) == []
