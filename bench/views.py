"""Are the views quick where the store is large?

    make bench-views ARGS="--events 1000000"

Fills a store with so many events of 300 days, told by three roads of which each loses some, and
asks the named queries. Exits 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from large_store import fill
from verdict import table

from mailhook.queries import QUERIES
from mailhook.store import Reader

RUNS = 3
# Seconds for a million events, of which the last 30 days hold a tenth.
GOALS = {"missed": 1.0, "latency": 1.5}
ASKED = {
    "missed, all its rows": "SELECT * FROM missed",
    **{name: QUERIES[name].sql for name in ("missed", "missed-per-day", "latency", "unfinished")},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    events: int = parser.parse_args().events
    with tempfile.TemporaryDirectory(prefix="mailhook-views-") as folder:
        path = Path(folder) / "mailhook.db"
        started = time.monotonic()
        with closing(sqlite3.connect(path)) as db:
            fill(path, db, events)
        print(f"{events:,} events in {time.monotonic() - started:.0f} s")
        return report({name: measured(path, sql) for name, sql in ASKED.items()})


def measured(path: Path, sql: str) -> tuple[float, float, int]:
    """The best of some runs in seconds, and of CPU, and how many rows there are."""
    best = cpu = float("inf")
    count = 0
    for _ in range(RUNS):
        started, worked = time.monotonic(), time.process_time()
        with Reader(path) as reader:
            count = len(list(reader.query(sql, seconds=300)[1]))
        best = min(best, time.monotonic() - started)
        cpu = min(cpu, time.process_time() - worked)
    return best, cpu, count


def report(results: dict[str, tuple[float, float, int]]) -> int:
    rows = [("query", "rows", "seconds", "of CPU", "goal", "")]
    missed = []
    for name, (seconds, cpu, count) in results.items():
        goal = GOALS.get(name.partition(",")[0])
        met = "" if goal is None else "met" if seconds <= goal else "missed"
        missed += [name] * (met == "missed")
        rows.append(
            (name, f"{count:,}", f"{seconds:.2f}", f"{cpu:.2f}", f"{goal} s" if goal else "", met)
        )
    print(table(rows))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
