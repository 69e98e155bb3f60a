"""query: SQL on the store, read-only."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import click

from mailhook.cli import screen
from mailhook.cli.options import reader
from mailhook.errors import UsageError

# Rows of a table; more than a person reads, and few enough to measure their widths.
_SHOWN = 1000


@click.command()
@click.argument("question", metavar="[SQL or NAME]", required=False)
@click.option("--list", "wants_names", is_flag=True, help="Show the named questions.")
@click.option("--json", "form", flag_value="json", help="One JSON array.")
@click.option("--jsonl", "form", flag_value="jsonl", help="One JSON object a line.")
@click.option("--csv", "form", flag_value="csv", help="CSV with a header line.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds it may take.")
@click.pass_context
def query(
    ctx: click.Context, question: str | None, form: str | None, timeout: float, *, wants_names: bool
) -> None:
    """Ask the store: an SQL statement that only reads, or the name of a question.

    Tables and their columns: docs/tables.md. `raw_text(raw)` shows a delivery's bytes.
    """
    from mailhook.queries import QUERIES

    if wants_names:
        screen.table(("name", "answers"), ((name, q.answers) for name, q in QUERIES.items()))
        return
    if not question:
        raise UsageError('what is asked? `mailhook query "SELECT …"`, or `query --list`')
    sql = QUERIES[question].sql if question in QUERIES else question
    if question.replace("-", "").isalpha() and question not in QUERIES:
        raise UsageError(f"there is no question named {question!r}; `query --list` shows them")
    columns, rows = reader(ctx).query(sql, seconds=timeout)
    _PRINTERS[form or "table"](columns, rows)


def _table(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    screen.table([screen.escaped(name) for name in columns], islice(rows, _SHOWN))
    if next(rows, None) is not None:
        screen.words(f"the first {_SHOWN} rows are shown; --jsonl or --csv give all")


def _json(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    screen.array(_named(columns, rows))


def _jsonl(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    for row in _named(columns, rows):
        screen.document(row)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_plain(cell) for cell in row] for row in rows)


def _named(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {name: _plain(cell) for name, cell in zip(columns, row, strict=True)}


def _plain(cell: Any) -> Any:  # noqa: ANN401 - a cell, whatever its type
    """Bytes have no spelling in JSON and CSV: hexadecimal, as SQLite's X'…' has it."""
    return cell.hex() if isinstance(cell, bytes) else cell


_PRINTERS = {"table": _table, "json": _json, "jsonl": _jsonl, "csv": _csv}
