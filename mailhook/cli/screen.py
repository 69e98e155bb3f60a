"""What a person sees: tables, escaped words, progress. Data on stdout, words on stderr."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

# Control, format (zero-width, bidi), surrogate, private use, line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def escaped(text: object) -> str:
    """The text with everything that could move a terminal's cursor or hide itself spelled out."""
    return "".join(_visible(character) for character in str(text))


def escaped_lines(text: str) -> str:
    """Escaped, but for the line breaks that are ours."""
    return "\n".join(map(escaped, text.split("\n")))


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 - Latin-1's end
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the BMP's end


def words(text: str) -> None:
    """Say something to the person, beside the data."""
    click.echo(text, err=True)


def moment(stored: str | None) -> str:
    """A column's time to the minute, as lists show it: `2026-08-03 10:00`."""
    return (stored or "")[:16].replace("T", " ")


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    cut: Collection[str] = (),
    folded: Collection[str] = (),
    gap: int = 2,
) -> None:
    """Print rows as a table, escaped: `cut` cells fit the screen, `folded` ones take more lines.

    A table whose other cells do not fit is printed record by record instead.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, gap - 1, 0, 0))
    for column in columns:
        grid.add_column(column, no_wrap=column not in {*cut, *folded}, overflow="fold")
    said = [["" if cell is None else escaped(cell) for cell in row] for row in rows]
    for row in said:
        grid.add_row(
            *(
                Text(cell, overflow="fold")
                if column in folded
                else Text(cell, no_wrap=True, overflow="ellipsis")
                for column, cell in zip(columns, row, strict=True)
            )
        )
    screen = console()
    if not said:
        words("nothing")
    elif _needed(columns, said, {*cut, *folded}) + gap * (len(columns) - 1) > screen.width:
        _records(columns, said)
    else:
        screen.print(grid)


# Of a cell that may be cut, so much is worth showing.
_LEAST = 10


def _needed(
    columns: Sequence[str], rows: Iterable[Sequence[str]], yielding: Collection[str]
) -> int:
    """How wide the cells must be at least; those that yield need little."""
    from rich.cells import cell_len

    widths = [cell_len(column) for column in columns]
    for row in rows:
        widths = [max(width, cell_len(cell)) for width, cell in zip(widths, row, strict=True)]
    return sum(
        min(width, _LEAST) if column in yielding else width
        for column, width in zip(columns, widths, strict=True)
    )


def _records(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    for nth, row in enumerate(rows):
        if nth:
            click.echo()
        fields(zip(columns, row, strict=True))


def fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values below each other."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(Text(name, style="bold"), Text(escaped(value)))
    console().print(grid)


def heading(text: str) -> None:
    """Print a line that begins a part of the data."""
    click.secho(f"\n{text}", bold=True)


def document(value: Mapping[str, Any]) -> None:
    """Print one JSON object, for programs."""
    sys.stdout.write(_json(value) + "\n")


def array(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as one JSON array, a row a line, as they come."""
    sys.stdout.write("[")
    for nth, row in enumerate(rows):
        sys.stdout.write((",\n" if nth else "\n") + _json(row))
    sys.stdout.write("\n]\n")


def _json(value: Mapping[str, Any]) -> str:
    """ASCII only: nothing a mail said can reach a terminal unescaped."""
    return json.dumps(value, ensure_ascii=True, default=str)


def console(*, stderr: bool = False) -> Console:
    """A console that colours only a terminal and keeps to its width (80 when piped)."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def counted(counts: Mapping[str, int]) -> str:
    """`3 recorded, 1 ignored`, or `nothing new`."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing new"


@contextmanager
def progress(total: int, noun: str) -> Iterator[Progress]:
    """A bar on stderr for `total` steps of its one task; invisible unless that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    screen = console(stderr=True)
    bar = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(noun),
        console=screen,
        disable=not screen.is_terminal,
    )
    with bar:
        bar.add_task(noun, total=total)
        yield bar


class Counting:
    """A line on stderr that counts what is of unknown number; only where that is a terminal."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._total = 0
        self._shown = sys.stderr.isatty()

    def add(self, count: int) -> None:
        """Count on."""
        self._total += count
        if self._shown:
            sys.stderr.write(f"\r{self._total:,} {self._noun}")
            sys.stderr.flush()

    def stop(self) -> None:
        """Leave the line clean."""
        if self._shown and self._total:
            sys.stderr.write("\r\x1b[K")
