"""export: events out of the store, whole or not at all, and from where the last one ended."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from mailhook.cli import screen
from mailhook.cli.options import filtering, reader
from mailhook.errors import UsageError
from mailhook.export import FORMATS, Row, write_whole
from mailhook.store import Filters

_STANDARD_OUTPUT = Path("-")


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="jsonl",
    show_default=True,
    help="webhook: as the vendor's web hook carries them.",
)
@click.option(
    "--after",
    type=click.IntRange(0),
    metavar="REVISION",
    help="Only what is new or has changed since.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Written whole or not at all; else standard output.",
)
@filtering
@click.pass_context
def export(
    ctx: click.Context, filters: Filters, form: str, after: int | None, output: Path | None
) -> None:
    """Write events out, in the order of their revisions.

    Each event comes again, with a higher revision, when it has changed. The last
    revision is told on standard error: go on from there with --after.
    """
    seen = _Last(after)
    store = reader(ctx)
    if after is not None and after > (last := store.last_revision()):
        raise UsageError(f"the last revision is {last}: --after {after} is of another store")
    rows = store.events(replace(filters, after=after), by_revision=True)
    lines = FORMATS[form](seen.watch(rows))
    if output and output != _STANDARD_OUTPUT:
        write_whole(output, lines)
    else:
        screen.lines(lines)
        sys.stdout.flush()
    going_on = f"; go on with --after {seen.revision}" if seen.revision else ""
    screen.words(f"{screen.count(seen.count, 'event')}{going_on}")


class _Last:
    """Counts rows as they pass and keeps the last revision."""

    def __init__(self, revision: int | None) -> None:
        self.revision = revision
        self.count = 0

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.count += 1
            self.revision = row["revision"]
            yield row
