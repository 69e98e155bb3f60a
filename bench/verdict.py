"""What the runs came to: a table, and in words each goal that was missed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from race import Run

_TIMES_MBSYNC = 1.4
_PEAK_BYTES = 100_000_000
_NOTHING_NEW_SECONDS = 0.3

_Measure = Callable[[Run], float]


@dataclass(slots=True)
class Results:
    """One program's runs, a pair each round: all mails new to it, then none."""

    first: list[Run] = field(default_factory=list)
    second: list[Run] = field(default_factory=list)


def verdict(ours: Results, theirs: Results) -> tuple[str, list[str]]:
    """The table, and the sentences for what was missed."""
    ratio = _median(ours.first, _wall) / _median(theirs.first, _wall)
    nothing_new = _median(ours.second, _wall)
    peak = max(run.peak_bytes for run in (*ours.first, *ours.second))
    rows = [
        ("", "mailhook", "mbsync", "ratio", "goal"),
        (
            "all new",
            _spread(ours.first, _wall),
            _spread(theirs.first, _wall),
            f"{ratio:.2f}",
            f"at most {_TIMES_MBSYNC} x mbsync",
        ),
        ("  of it CPU", _spread(ours.first, _cpu), _spread(theirs.first, _cpu), "", ""),
        (
            "nothing new",
            _spread(ours.second, _wall),
            _spread(theirs.second, _wall),
            "",
            f"at most {_NOTHING_NEW_SECONDS} s",
        ),
        ("  of it CPU", _spread(ours.second, _cpu), _spread(theirs.second, _cpu), "", ""),
        ("peak memory", _megabytes(peak), "", "", f"at most {_megabytes(_PEAK_BYTES)}"),
    ]
    missed = {
        f"missed: with all mails new it took {ratio:.2f} x mbsync": ratio > _TIMES_MBSYNC,
        f"missed: with nothing new it took {nothing_new:.2f} s": nothing_new > _NOTHING_NEW_SECONDS,
        f"missed: it took {_megabytes(peak)} of memory": peak > _PEAK_BYTES,
    }
    return table(rows), [words for words, is_missed in missed.items() if is_missed]


def _wall(run: Run) -> float:
    return run.seconds


def _cpu(run: Run) -> float:
    return run.cpu_seconds


def _median(runs: Sequence[Run], measure: _Measure) -> float:
    return median(map(measure, runs))


def _spread(runs: Sequence[Run], measure: _Measure) -> str:
    values = sorted(map(measure, runs))
    return f"{median(values):.2f} s ({values[0]:.2f} to {values[-1]:.2f})"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def table(rows: Sequence[Sequence[str]]) -> str:
    """The rows, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
