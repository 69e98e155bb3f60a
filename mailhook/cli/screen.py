"""What a person sees: tables, escaped words, progress. Data on stdout, words on stderr."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

T = TypeVar("T")

# Control, format (zero-width, bidi), surrogate, private use, line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
# Rows that a person is shown unless asked otherwise.
_SHOWN = 50
# Of a cell that may be cut, so much is worth showing.
_LEAST = 10


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


def heading(text: str) -> None:
    """Print a line that begins a part of the data."""
    click.secho(f"\n{text}", bold=True)


def count(number: int, noun: str) -> str:
    """`1 event`, `12,000 events`, `2 deliveries`."""
    several = f"{noun.removesuffix('y')}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else several}"


def counted(counts: Mapping[str, int]) -> str:
    """`3 recorded, 1 ignored`, or `nothing new`."""
    return ", ".join(f"{number:,} {name}" for name, number in counts.items()) or "nothing new"


def moment(stored: str | None) -> str:
    """A column's time to the minute, as lists show it: `2026-08-03 10:00`."""
    return (stored or "")[:16].replace("T", " ")


def newest(rows: Iterable[T], limit: int | None) -> list[T]:
    """The rows to show; without a limit the newest of them, and a word that there are more."""
    stream = iter(rows)
    if limit is not None:
        return list(stream)
    shown = list(islice(stream, _SHOWN))
    if next(stream, None) is not None:
        words(f"the newest {_SHOWN} are shown; --limit shows more, --json all")
    return shown


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
        grid.add_column(Text(column), no_wrap=column not in {*cut, *folded}, overflow="fold")
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
    if not said:
        words("nothing")
    elif _needed(columns, said, {*cut, *folded}) + gap * (len(columns) - 1) > width():
        records(columns, said)
    else:
        _print(grid)


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


def _print(grid: RenderableType) -> None:
    """Print without the blanks that fill rows up."""
    screen = console()
    with screen.capture() as drawn:
        screen.print(grid)
    click.echo("\n".join(line.rstrip() for line in drawn.get().splitlines()))


def records(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print each row as names and values below each other."""
    for nth, row in enumerate(rows):
        if nth:
            click.echo()
        fields(zip(columns, row, strict=True))


def fields(pairs: Iterable[tuple[str, object]], indent: str = "") -> None:
    """Print names and values below each other, escaped.

    Values go on below themselves, but no word is broken: an id can be copied whole.
    """
    said = [(escaped(name), escaped(value)) for name, value in pairs]
    longest = max((len(name) for name, _ in said), default=0)
    blanks = " " * (len(indent) + longest + 2)
    for name, value in said:
        label = click.style(name, bold=True) + " " * (longest - len(name))
        click.echo(f"{indent}{label}  {wrapped(value, blanks)}".rstrip())


def wrapped(text: str, indent: str) -> str:
    """The text in lines that fit the screen beside `indent`, which all but the first begin with."""
    room = max(width() - len(indent), _LEAST)
    lines = wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return f"\n{indent}".join(lines)


def document(value: Mapping[str, Any]) -> None:
    """Print one JSON object, for programs."""
    sys.stdout.write(_json(value) + "\n")


def array(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as one JSON array, a row a line, as they come."""
    sys.stdout.write("[")
    for nth, row in enumerate(rows):
        sys.stdout.write((",\n" if nth else "\n") + _json(row))
    sys.stdout.write("\n]\n")


def lines(texts: Iterable[str]) -> None:
    """Print lines for programs as they are, but on a terminal with nothing that could steer it."""
    shown = map(escaped_lines, texts) if sys.stdout.isatty() else texts
    sys.stdout.writelines(shown)


def _json(value: Mapping[str, Any]) -> str:
    """ASCII only: nothing a mail said can reach a terminal unescaped."""
    return json.dumps(value, ensure_ascii=True, default=str)


def width() -> int:
    """The terminal's width: $COLUMNS, or 80 where nothing tells."""
    from shutil import get_terminal_size

    return get_terminal_size().columns


def height() -> int:
    """The terminal's height in lines: $LINES, or 24 where nothing tells."""
    from shutil import get_terminal_size

    return get_terminal_size().lines


def console(*, stderr: bool = False) -> Console:
    """A console that colours only a terminal and keeps to its width."""
    from rich.console import Console

    return Console(stderr=stderr, width=width(), highlight=False, soft_wrap=False)


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
