"""A group that is recorded at once leaves the very rows that recording it one by one does."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import mails
import pytest
from depth import examples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from one_event_cases import alerts, content, forgery, ids, keys, nameless, roads, windows
from one_event_cases.happenings import EDGES, Happening, finding, happenings, lied, lies
from one_event_cases.happenings import roads as any_road
from one_event_cases.notation import MEMORY, Telling, together, web

from mailhook import times
from mailhook.config import StoreSettings
from mailhook.model import After, Finding, Outcome
from mailhook.pipeline import Trust, examine
from mailhook.store import Store
from mailhook.store.pruning import prune

# When something was written down is the one thing that differs.
_MOMENTS = {"recorded_at", "seen_at", "queued_at", "at", "pruned_at", "updated_at"}
# What is reckoned from such a moment: there or not is what is the same.
_CLOCKED = {"since", "until", "heard_at", "first_at", "last_at", "resolved_at"} | {
    f"{road}_seconds" for road in ("email", "web", "api")
}
_ALL = StoreSettings(raw_days=1, event_days=1)
_FAILS = """
CREATE TRIGGER third AFTER INSERT ON events WHEN NEW.id = 3 BEGIN SELECT RAISE (ABORT, 'no'); END
"""
_BEGAN = times.stored(times.now())
_LATER = times.now() + timedelta(days=4000)
_THEMES = {
    theme.__name__.rpartition(".")[2]: theme.CASES
    for theme in (keys, nameless, windows, roads, ids, content, alerts, forgery)
}


def held(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, as far as it is not about when it was written."""
    with closing(sqlite3.connect(path)) as db:
        names = [
            name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {name: _rows(db, name) for name in names if name != "_sqlite_migrations"}


def _rows(db: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    told = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
    differs = {"recorded_at"} if table == "events" else _MOMENTS
    names = ", ".join(_spelled(table, name) for name in told if name not in differs)
    rows = db.execute(f"SELECT {names} FROM {table}").fetchall()  # noqa: S608 - our words
    return sorted(rows, key=repr)


def _spelled(table: str, name: str) -> str:
    """Of an alert that is dated in the future the moment is that of its row."""
    if table == "alerts" and name in {"occurred_at", "last_seen_at"}:
        return f"iif({name} >= '{_BEGAN}', 'now', {name})"
    return f"{name} IS NULL" if name in _CLOCKED else name


def both(
    before: Sequence[Finding],
    group: Sequence[Finding],
    *,
    pruned: bool = False,
    after: After | None = None,
) -> list[Outcome]:
    """What the group comes to at once and one by one, after `before`; the rows are the same."""
    outcomes, rows = [], []
    for at_once in (True, False):
        with TemporaryDirectory(dir=MEMORY) as folder, Store(path := Path(folder) / "db") as store:
            for one in before:
                store.record([one])
            if pruned:
                prune(store, _ALL, _LATER)
            parts = [group] if at_once else [[one] for one in group]
            outcomes.append([one for part in parts for one in store.record(part, after=after)])
            rows.append(held(path))
    assert rows[0] == rows[1]
    assert outcomes[0] == outcomes[1]
    return outcomes[0]


def told(cases: Sequence[object]) -> list[Finding]:
    steps = [step for case in cases for step in case.tell]  # type: ignore[attr-defined]
    return [step.finding() for step in steps if isinstance(step, Telling)]


@pytest.mark.parametrize("theme", _THEMES)
def test_all_that_is_told_of_a_theme_is_the_same_in_one_group(theme: str):
    group = told(_THEMES[theme])
    both(group[: len(group) // 3], group)


Step = tuple[Happening, str, bool, dict[str, object], int]


def steps(happened: list[Happening]) -> st.SearchStrategy[list[Step]]:
    """Tellings of a few events, some of them under a location that another one has."""
    lie = st.just({}) | st.just({}) | lies
    one = st.tuples(st.sampled_from(happened), any_road, st.booleans(), lie, st.integers(0, 12))
    return st.lists(one, min_size=2, max_size=10)


@settings(
    max_examples=examples(15),
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(
    listed=happenings(EDGES.map(abs), EDGES).filter(bool).flatmap(steps),
    known=st.integers(0, 5),
    strangers=st.sets(st.integers(0, 14), max_size=6),
    pruned=st.booleans(),
)
def test_whatever_meets_within_a_group_or_without_its_rows_are_those_of_one_by_one(
    listed: list[Step], known: int, strangers: set[int], *, pruned: bool
):
    heard = [
        finding(lied(one.told(road, proven=proven), lie), number)
        for one, road, proven, lie, number in listed
    ]
    for place in sorted(strangers):
        heard.insert(min(place, len(heard)), web("check.finished", f"CHK9{place}").finding())
    both(heard[:known], heard[known:], pruned=pruned)


def test_one_delivery_of_many_events_or_of_one_twice_is_the_same_in_a_group():
    many = together(*(web("check.finished", f"CHK{n}", hke=f"HKE{n}") for n in range(200)))
    twice = together(web("check.finished", "CHK1"), web("check.finished", "CHK1", hke="HKE777"))
    both([], [twice.finding(), web("check.finished", "CHK2").finding()])
    outcomes = both([], [many.finding(), twice.finding(), web("check.finished").finding()])
    assert outcomes == [Outcome.RECORDED, Outcome.DUPLICATE, Outcome.DUPLICATE]


def test_mails_with_their_places_twins_and_deeds_are_the_same_in_a_group(trust: Trust):
    raws = [mails.check_finished(f"CHK{n:032x}") for n in range(3)]
    quiet = mails.write("nothing", subject="Hello", sender="Ana <ana@example.com>")
    group = [
        examine(mails.delivered(raw, uid), trust)
        for uid, raw in enumerate([*raws, quiet, raws[0], raws[1], quiet], 1)
    ]
    group.append(replace(group[2]))  # the very same place once more
    moved = After("move", "Done")
    outcomes = both([], group, after=moved)
    assert outcomes.count(Outcome.DUPLICATE) == 4
    both(group[:2], group, after=moved)


def test_a_location_that_is_known_costs_one_question_however_much_it_tells():
    known = web("check.finished").finding()
    with TemporaryDirectory(dir=MEMORY) as folder, Store(path := Path(folder) / "db") as store:
        store.record([known])
        before = held(path)
        assert store.record([known] * 3) == [Outcome.DUPLICATE] * 3
        assert held(path) == before


def test_a_group_that_fails_in_the_middle_of_a_statement_leaves_nothing(tmp_path: Path):
    group = told(_THEMES["keys"])
    with Store(tmp_path / "db") as store:
        store.write(lambda connection, _: connection.execute(_FAILS))
        before = held(tmp_path / "db")
        with pytest.raises(sqlite3.IntegrityError):
            store.record(group)
        assert held(tmp_path / "db") == before
        assert before["deliveries"] == []
