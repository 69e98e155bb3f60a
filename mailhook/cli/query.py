"""query: SQL on the store, read-only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from math import isfinite
from typing import Any

import click

from mailhook.cli import screen
from mailhook.cli.options import reader
from mailhook.errors import UsageError
from mailhook.export import csv_record

# Rows of a table; more than a person reads, and few enough to measure their widths.
_SHOWN = 1000


@click.command()
@click.argument("question", metavar="[SQL or NAME]", required=False)
@click.option("--list", "wants_names", is_flag=True, help="Show the named questions.")
@click.option("--json", "form", flag_value="json", help="One JSON array.")
@click.option("--jsonl", "form", flag_value="jsonl", help="One JSON object a line.")
@click.option("--csv", "form", flag_value="csv", help="CSV with a header line.")
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    metavar="SECONDS",
    default=30,
    show_default=True,
    help="How long it may take.",
)
@click.pass_context
def query(
    ctx: click.Context, question: str | None, form: str | None, timeout: float, *, wants_names: bool
) -> None:
    """Ask the store: an SQL statement that only reads, or the name of a question.

    `raw_text(raw)` gives a delivery's bytes as text. Tables: docs/tables.md.
    """
    from mailhook.queries import QUERIES

    if wants_names:
        known = ((name, query.answers) for name, query in QUERIES.items())
        _PRINTERS[form or "table"](("name", "answers"), known)
        return
    if not question:
        raise UsageError('what is asked? `mailhook query "SELECT …"`, or `query --list`')
    if question in QUERIES:
        sql = QUERIES[question].sql
    elif question.replace("-", "").replace("_", "").isalnum():
        near = get_close_matches(question[:64], QUERIES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "`query --list` shows them"
        raise UsageError(f"there is no question named {question!r}; {hint}")
    else:
        sql = question
    columns, rows = reader(ctx).query(sql, seconds=timeout)
    _PRINTERS[form or "table"](columns, rows)


def _table(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    names, shown = [screen.escaped(name) for name in columns], islice(rows, _SHOWN)
    screen.table(names, ([_shown(cell) for cell in row] for row in shown))
    if next(rows, None) is not None:
        screen.words(f"the first {_SHOWN} rows are shown; --jsonl or --csv give all")


def _shown(cell: Any) -> Any:  # noqa: ANN401 - a cell, whatever its type
    return f"{len(cell):,} bytes" if isinstance(cell, bytes) else cell


def _json(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    screen.array(_named(columns, rows))


def _jsonl(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    for row in _named(columns, rows):
        screen.document(row)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    screen.lines([csv_record(columns)])
    screen.lines(csv_record(map(_plain, row)) for row in rows)


def _named(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    names = list(_each_once(columns))
    for row in rows:
        yield {name: _plain(cell) for name, cell in zip(names, row, strict=True)}


def _each_once(columns: Sequence[str]) -> Iterator[str]:
    """The names of columns, a repeated one numbered as SQLite itself does: `key`, `key:1`."""
    for nth, name in enumerate(columns):
        before = columns[:nth].count(name)
        yield f"{name}:{before}" if before else name


def _plain(cell: Any) -> Any:  # noqa: ANN401 - a cell, whatever its type
    """Bytes and infinity have no spelling in JSON: hexadecimal, as SQLite's X'…' has it; words."""
    if isinstance(cell, float) and not isfinite(cell):
        return str(cell)
    return cell.hex() if isinstance(cell, bytes) else cell


_PRINTERS = {"table": _table, "json": _json, "jsonl": _jsonl, "csv": _csv}
