"""What a person sees: tables, escaped words, progress. Data on stdout, words on stderr."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

# Control, format (zero-width, bidi), surrogate, private use, line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def escaped(text: object) -> str:
    """The text with everything that could move a terminal's cursor or hide itself spelled out."""
    return "".join(_visible(character) for character in str(text))


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - Latin-1's end


def console(*, stderr: bool = False) -> Console:
    """A console that colours only a terminal and keeps to its width (80 when piped)."""
    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as a table; cells are escaped and cut to the width of the screen."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        grid.add_column(column, overflow="ellipsis", no_wrap=True)
    count = 0
    for row in rows:
        grid.add_row(*(Text("" if cell is None else escaped(cell)) for cell in row))
        count += 1
    if count:
        console().print(grid)
    else:
        words("nothing")


def lines(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as JSON, one a line, for programs."""
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=True, default=str) + "\n")


def words(text: str) -> None:
    """Say something to the person, beside the data."""
    click.echo(text, err=True)


def fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values below each other."""
    grid = Table.grid(padding=(0, 2))
    for name, value in pairs:
        grid.add_row(Text(name, style="bold"), Text(escaped(value)))
    console().print(grid)


def escaped_lines(text: str) -> str:
    """Escaped, but for the line breaks that are ours."""
    return "\n".join(map(escaped, text.split("\n")))


class counting:  # noqa: N801 - reads as what it does
    """A line on stderr that counts; nothing unless that is a terminal."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._total = 0
        self._shown = sys.stderr.isatty()

    def start(self) -> None:
        """Show nothing yet: most rounds bring nothing."""

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


def progress(words_before: str) -> Progress:
    """A progress bar on stderr, invisible unless that is a terminal."""
    screen = console(stderr=True)
    return Progress(
        TextColumn(words_before),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=screen,
        disable=not screen.is_terminal,
    )


def counted(counts: Mapping[str, int]) -> str:
    """`3 recorded, 1 ignored`, or `nothing new`."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing new"
