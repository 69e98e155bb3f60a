"""What never came by web, told by the store alone; and that asking costs little."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import hooks
import mails
import pytest
from stores import asked

from mailhook import times
from mailhook.config import GuardSettings
from mailhook.guard import Standing, evidence
from mailhook.guard.reckoning import reckon
from mailhook.model import Channel, Delivery
from mailhook.store import Reader, Store

NOW = mails.NOON
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
_numbers = count(1)

_MANY = """
WITH RECURSIVE n (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < :many)
INSERT INTO events (key, revision, product, event_type, event_action, occurred_at, time_source,
    recorded_at, authenticity, confidence, object, raw_type, raw_action)
SELECT 'many-' || x, 1000 + x, 'checks', 'check', 'finished',
    strftime('%Y-%m-%dT%H:%M:%S.000000Z', :now, '-' || (x * 150) || ' seconds'), 'vendor',
    strftime('%Y-%m-%dT%H:%M:%S.000000Z', :now, '-' || (x * 150 - 1) || ' seconds'),
    'verified', 'exact', '{}', 'check', 'finished' FROM n
"""
_SIGHTED = """
INSERT INTO sightings SELECT id, 1, iif(id % 2, 'email', 'web'), recorded_at, 'verified', 'vendor',
    NULL FROM events WHERE key LIKE 'many-%'
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mailhook.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """One by which a check has finished by web before."""
    with Store(path) as opened:
        hooks.take(opened, hooks.of_check(_check(), NOW))
        with closing(sqlite3.connect(path)) as db, db:
            then = times.stored(NOW - MINUTE)
            db.execute("UPDATE web_carried SET since = :then, last_at = :then", {"then": then})
        yield opened


def _check() -> str:
    return f"CHK{next(_numbers):032x}"


def mailed(channel: Channel = "email", ago: timedelta = timedelta(), **told: object) -> Delivery:
    raw = mails.check_finished(_check(), time=times.short(NOW - ago), **told)
    return hooks.mailed(raw, NOW, channel)


def look(path: Path, now: datetime) -> Standing:
    settings = GuardSettings()
    with Reader(path) as reader:
        return reckon(evidence.gathered(settings, reader, now), settings)


def after(path: Path, span: timedelta) -> Standing:
    """How it looks so long after all of it was recorded."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE events SET recorded_at = ?", (times.stored(NOW),))
    return look(path, NOW + span)


def test_what_came_by_mail_and_a_minute_later_not_by_web_has_failed_each_time(
    path: Path, store: Store
):
    hooks.take(store, mailed())
    spans = {45: 0, 70: 2, 149: 2, 160: 3, 640: 4, 3000: 5, 3700: 3}
    assert {span: after(path, span * SECOND).failed for span in spans} == spans


def test_what_comes_by_web_after_all_is_inferred_no_more(path: Path, store: Store):
    subject = _check()
    raw = mails.check_finished(subject, time=times.short(NOW))
    hooks.take(store, hooks.mailed(raw, NOW))
    assert after(path, 2 * MINUTE).failed == 2
    hooks.take(store, hooks.of_check(subject, NOW, came=30 * SECOND))
    assert after(path, 2 * MINUTE).failed == 0


@pytest.mark.parametrize(
    "delivery",
    [
        pytest.param(lambda: mailed(proof=None), id="unproven"),
        pytest.param(lambda: mailed("file"), id="an old file"),
        pytest.param(lambda: mailed(ago=timedelta(days=3)), id="of long ago"),
        pytest.param(
            lambda: hooks.mailed(mails.write("Your webhook has been disabled."), NOW), id="an alert"
        ),
        pytest.param(
            lambda: hooks.mailed(
                mails.check_finished(_check()).replace(b"finished", b"delayed"), NOW
            ),
            id="a kind that never came by web",
        ),
    ],
)
def test_what_nobody_can_expect_by_web_is_not_missed(path: Path, store: Store, delivery):  # type: ignore[no-untyped-def]
    hooks.take(store, delivery())
    assert after(path, 20 * MINUTE).failed == 0


def test_what_has_not_come_by_web_for_a_week_is_not_awaited_there(path: Path, store: Store):
    hooks.take(store, mailed())
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE web_carried SET last_at = ?", (times.stored(NOW - timedelta(days=7)),))
    assert after(path, 2 * MINUTE).failed == 0


def test_when_a_kind_came_by_web_last_is_kept_to_the_hour(path: Path, store: Store):
    hooks.take(store, hooks.of_check(_check(), NOW), hooks.of_check(_check(), NOW))
    seen = asked(path, "SELECT seen_at FROM sightings ORDER BY event_id")
    second, third = (str(at) for (at,) in seen[1:])
    last_at = second if second[:13] == third[:13] else third
    assert asked(path, "SELECT last_at FROM web_carried") == [(last_at,)]


def test_before_anything_came_by_web_nothing_is_missed_there(path: Path):
    with Store(path) as store:
        hooks.take(store, mailed())
        hooks.take(store, hooks.of_check(_check(), NOW))
    assert asked(path, "SELECT event_type, event_action, product FROM web_carried") == [
        ("check", "finished", "checks")
    ]
    assert after(path, 20 * MINUTE).failed == 0


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("many", [20_000, pytest.param(200_000, marks=pytest.mark.torture)])
def test_among_many_events_only_those_of_the_window_are_looked_at(path: Path, many: int):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(_MANY, {"now": times.stored(NOW), "many": many})
        db.execute(_SIGHTED)
        db.execute("UPDATE web_carried SET since = '2020'")
        plan = db.execute(
            f"EXPLAIN QUERY PLAN {evidence.MISSED}",
            {"since": "", "until": "", "heard": "", "all": 6},
        ).fetchall()
    steps = " ".join(step for *_, step in plan)
    assert "SCAN" not in steps.replace("USE TEMP B-TREE", "")
    assert "events_recorded_at (recorded_at>? AND recorded_at<?)" in steps
    took = []
    for _ in range(5):
        start = time.perf_counter()
        found = look(path, NOW)
        took.append(time.perf_counter() - start)
    assert found.failed > 3
    assert min(took) < 0.05
