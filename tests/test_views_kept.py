"""What triggers keep is what a migration would have filled in, whatever has been recorded."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import mails
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from large_store import fill

from mailhook import times
from mailhook.config import StoreSettings, TrustSettings
from mailhook.model import Channel, Finding
from mailhook.pipeline import Trust, examine
from mailhook.queries import QUERIES
from mailhook.store import Store, pruning
from mailhook.store.schema import m008_views, m014_absences

TRUST = Trust(TrustSettings(authserv_id=(mails.SERVER,), require="none"))
CHANNELS: tuple[Channel, ...] = ("email", "file", "web", "api")
MOMENTS = ("2026-08-03T11:59:30Z", "2026-08-03T11:59:31Z", "2026-08-03T15:00:00Z", "")
_VIEWS = ("missed", "latency", "unfinished", "disagreements")


def finding(subject: int, channel: Channel, moment: str, *, proven: bool, nth: int) -> Finding:
    """One telling of a check's end, by any road."""
    raw = mails.check_finished(f"CHK{subject}", time=moment, **({} if proven else {"proof": None}))
    found = examine(mails.delivered(raw, nth), TRUST)
    there = replace(found.delivery, channel=channel, location=f"{channel}:{nth}")
    return replace(found, delivery=there, events=found.events)


TELLINGS = st.lists(
    st.tuples(
        st.integers(1, 3), st.sampled_from(CHANNELS), st.sampled_from(MOMENTS), st.booleans()
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=10, deadline=None)
@given(tellings=TELLINGS, prunes=st.booleans())
def test_after_any_tellings_by_any_roads_they_agree(
    *, tellings: list[tuple[int, Channel, str, bool]], prunes: bool
):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mailhook.db"
        with Store(path) as store:
            for nth, (subject, channel, moment, proven) in enumerate(tellings, 1):
                store.record([finding(subject, channel, moment, proven=proven, nth=nth)])
            if prunes:
                late = datetime.now(UTC) + timedelta(days=3)
                pruning.prune(store, StoreSettings(path=path, raw_days=1, event_days=1), late)
        with closing(sqlite3.connect(path)) as db:
            kept, carried = tables(db)
            filled, found = refilled(db)
    assert [row[:5] for row in kept] == [row[:5] for row in filled]
    for one, other in zip(kept, filled, strict=True):
        for mine, theirs in zip(one[5:], other[5:], strict=True):
            assert mine == (theirs if theirs is None else pytest.approx(theirs, abs=0.01))
    for about, (first_at, heard_at) in found.items():  # which may know of what has gone
        assert parsed(carried[about][0]) <= parsed(first_at) + timedelta(milliseconds=10)
        assert carried[about][1] >= heard_at


def parsed(text: str) -> datetime:
    found = times.parse(text)
    assert found
    return found


def tables(
    db: sqlite3.Connection,
) -> tuple[list[tuple[object, ...]], dict[tuple[str, str], tuple[str, str]]]:
    kept = db.execute("SELECT * FROM brought ORDER BY event_id").fetchall()
    rows = db.execute("SELECT * FROM carried").fetchall()
    return kept, {(product, road): (first, heard) for product, road, first, heard in rows}


def refilled(
    db: sqlite3.Connection,
) -> tuple[list[tuple[object, ...]], dict[tuple[str, str], tuple[str, str]]]:
    """The tables as the migration makes them of a store that is older."""
    for view in _VIEWS:
        db.execute(f"DROP VIEW {view}")
    for trigger in ("sightings_bring", "sightings_prove", "events_move", "events_leave"):
        db.execute(f"DROP TRIGGER {trigger}")
    for table in ("roads", "expected", "carried", "brought", "absences", "final_statuses"):
        db.execute(f"DROP TABLE {table}")
    db.executescript(m008_views.SQL)
    db.executescript(m014_absences.SQL)
    return tables(db)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "mailhook.db"
    with closing(sqlite3.connect(path)) as db:
        fill(path, db, 3000)
    return path


@pytest.mark.parametrize("name", ["missed", "latency"])
def test_in_a_large_store_a_view_walks_only_the_narrow_table_of_its_product(large: Path, name: str):
    with closing(sqlite3.connect(large)) as db:
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {QUERIES[name].sql}")]
        assert db.execute(QUERIES[name].sql).fetchall()
    walks = [line for line in plan if line.startswith(("SCAN", "SEARCH"))]
    by_product = "SEARCH b USING PRIMARY KEY (product=? AND occurred_at>?"
    assert sum(line.startswith(by_product) for line in walks) == 3
    assert not [line for line in walks if "sightings" in line]
    scanned = {line.split()[1] for line in walks if line.startswith("SCAN")}
    assert scanned <= {"c", "m", "(subquery-1)", "(subquery-2)", "t"}, plan


@pytest.mark.parametrize(("name", "first"), [("roads", "SCAN e"), ("disagreements", "SCAN c")])
def test_in_a_large_store_a_view_looks_up_sightings_of_what_is_shown(
    large: Path, name: str, first: str
):
    with closing(sqlite3.connect(large)) as db:
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {QUERIES[name].sql}")]
    assert plan[0] == first
    assert not [line for line in plan[1:] if line.startswith("SCAN")]
