"""How late, without an end, in dispute: by rows worked out by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from told import NOON, Told, told

from mailhook import times

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Told]:
    with told(tmp_path / "mailhook.db") as store:
        yield store


def test_latency_has_a_row_for_each_road_that_brought_an_event_with_its_first_sight(store: Told):
    store.event(1, NOON, web=2.25, email=9, api=900)
    store.sight(1, "file", NOON + HOUR)
    store.event(2, NOON, email=-1)
    store.event(3, NOON, email=9, time_source="mail")
    store.event(4, NOON, web=1, authenticity="unverified")
    rows = store.rows("SELECT event_id, road, seen_at, seconds FROM latency ORDER BY 1, 2")
    at = [times.stored(NOON + seconds * SECOND) for seconds in (900, 9, 2.25, -1)]
    assert rows == [
        (1, "api", at[0], 900.0),
        (1, "email", at[1], 9.0),
        (1, "web", at[2], 2.25),
        (2, "email", at[3], -1.0),
    ]


def test_the_percentiles_are_those_of_a_day_a_product_and_a_road(store: Told):
    day = times.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    order = random.Random(4).sample(range(1, 101), 100)  # noqa: S311 - in any order
    for number, seconds in enumerate(order, 1):
        store.event(number, day + number * SECOND, web=seconds)
    for number in range(101, 104):
        store.event(number, day + timedelta(days=1), email=number, product="signals")
    store.event(200, day - timedelta(days=40), web=5000)
    first, second = (str((day + timedelta(days=nth)).date()) for nth in (0, 1))
    assert store.answer("latency") == [
        (second, "signals", "email", 3, 102.0, 103.0, 103.0),
        (first, "checks", "web", 100, 50.0, 90.0, 99.0),
    ]


def lives(store: Told, count: int, span: timedelta, first: int = 1) -> None:
    """So many checks that came to an end after so long."""
    for number in range(first, first + count):
        at = NOON + number * MINUTE
        store.event(1000 + number, at, web=1, subject=f"CHK{number}", action="created")
        store.event(2000 + number, at + span, web=1, subject=f"CHK{number}")


UNFINISHED = "SELECT subject_id, status, since, usual_seconds, samples FROM unfinished ORDER BY 1"


def test_a_subject_is_unfinished_once_19_of_20_of_its_kind_would_have_ended(store: Told):
    lives(store, 19, 2 * HOUR)
    lives(store, 1, 50 * HOUR, first=20)
    now = times.now()
    store.event(1, now - 3 * HOUR, web=1, subject="CHKa", action="created")
    store.event(2, now - 2.9 * HOUR, web=1, subject="CHKa", action="started", status="in_progress")
    store.event(3, now - 1.9 * HOUR, web=1, subject="CHKb", action="created")
    store.event(4, now - 3 * HOUR, web=1, subject="IDPa", action="created", type="other")
    assert store.rows(UNFINISHED) == [
        ("CHKa", "in_progress", times.stored(now - 3 * HOUR), 7200.0, 20)
    ]
    ((since, product, subject, status, waiting, usual),) = store.answer("unfinished")
    assert (since, product) == (times.stored(now - 3 * HOUR), "checks")
    assert (subject, status, usual) == ("CHKa", "in_progress", 7200.0)
    assert waiting == pytest.approx(3 * 3600, abs=60)


def test_of_what_ends_in_a_moment_an_hour_is_waited_for(store: Told):
    lives(store, 20, SECOND)
    now = times.now()
    store.event(1, now - 0.9 * HOUR, web=1, subject="CHKa", action="created")
    store.event(2, now - 1.1 * HOUR, web=1, subject="CHKb", action="created")
    assert [row[0] for row in store.rows(UNFINISHED)] == ["CHKb"]


def test_of_fewer_than_20_ends_nothing_is_learned(store: Told):
    lives(store, 19, HOUR)
    for number in range(30, 60):  # of these only the end is known
        store.event(number, NOON, web=1)
    store.event(1, NOON, web=1, subject="CHKa", action="created")
    assert store.rows(UNFINISHED) == []


def test_what_was_restarted_after_its_end_waits_since_then(store: Told):
    lives(store, 20, HOUR)
    restarted = {"web": 1, "subject": "CHK7", "action": "restarted"}
    store.event(1, NOON + 48 * HOUR, **restarted)
    assert [row[:3] for row in store.rows(UNFINISHED)] == [
        ("CHK7", "restarted", times.stored(NOON + 48 * HOUR))
    ]
    store.event(2, NOON + 50 * HOUR, web=1, subject="CHK7")
    assert store.rows(UNFINISHED) == []


@pytest.mark.parametrize(
    ("kind", "status", "waits"),
    [
        ("check", "completed", False),
        ("check", "error", False),
        ("check", "delayed", True),
        ("check", "archived", True),
        ("identity_process", "success", False),
        ("identity_process", "completed", True),
    ],
)
def test_whose_latest_status_is_final_by_the_catalogue_has_ended(
    store: Told, kind: str, status: str, *, waits: bool
):
    for number in range(1, 21):
        for action, at in (
            ("created", NOON),
            ("finished", NOON + HOUR),
            ("succeeded", NOON + HOUR),
        ):
            told = {"web": 1, "subject": f"S{number}", "action": action, "type": kind}
            store.event(len(store.rows("SELECT id FROM events")) + 100, at, **told)
    last = {"email": 1, "subject": "S", "type": kind, "action": "delayed"}
    store.event(1, NOON + HOUR, **last, status=status)
    assert [row[:2] for row in store.rows(UNFINISHED)] == [("S", status)] * waits
    assert [row[2] for row in store.answer("open")] == ["S"] * waits


def test_a_continuous_check_is_open_whatever_its_status(store: Told):
    told = {"type": "continuous_check", "action": "created", "status": "enabled"}
    store.event(1, NOON, web=1, **told)
    assert [row[2] for row in store.answer("open")] == ["CHK1"]


def test_the_status_of_what_is_unfinished_is_the_latest(store: Told):
    lives(store, 20, HOUR)
    store.event(1, NOON, web=1, subject="S", action="created", status="in_progress")
    store.event(2, NOON - HOUR, web=1, subject="S", action="delayed", status="delayed")
    with store.db:
        updated_at = (times.stored(NOON + HOUR),)
        store.db.execute("UPDATE events SET updated_at = ? WHERE id = 2", updated_at)
    latest = store.rows("SELECT status FROM latest_status WHERE subject_id = 'S'")
    assert [row[1:2] for row in store.rows(UNFINISHED)] == latest == [("delayed",)]
    store.rows("UPDATE events SET status = 'completed' WHERE id = 2")
    assert store.rows(UNFINISHED) == []
    store.event(3, NOON + 2 * HOUR, web=1, subject="S", action="restarted", status="in_progress")
    assert [row[1] for row in store.rows(UNFINISHED)] == ["in_progress"]


def test_what_is_not_proven_is_not_waited_for_and_ends_nothing(store: Told):
    lives(store, 20, HOUR)
    store.event(1, NOON, web=1, subject="CHKa", action="created")
    store.event(2, NOON, web=1, subject="CHKa", authenticity="unverified")
    store.event(3, NOON, web=1, subject="CHKb", action="created", authenticity="unverified")
    assert [row[0] for row in store.rows(UNFINISHED)] == ["CHKa"]


def clash(store: Told, event: int, delivery: int, had: str, got: str) -> None:
    with store.db:
        store.db.execute(
            "INSERT INTO conflicts SELECT ?, id, 'object.score', ?, ?, recorded_at"
            " FROM deliveries WHERE id = ?",
            (event, had, got, delivery),
        )


def test_roads_disagree_where_another_one_has_told_of_the_event_before(store: Told):
    store.event(1, NOON, web=2)
    clash(store, 1, store.sight(1, "email", NOON + MINUTE), "0.9", "0.7")
    store.event(2, NOON, web=2)
    clash(store, 2, store.sight(2, "web", NOON + MINUTE), "0.9", "0.7")
    store.event(3, NOON, web=2)
    clash(store, 3, store.sight(3, "email", NOON + MINUTE, "unverified"), "0.9", "0.7")
    store.event(4, NOON, email=2)
    clash(store, 4, store.sight(4, "file", NOON + MINUTE), "0.9", "0.7")
    store.event(5, NOON, authenticity="unverified")
    store.sight(5, "email", NOON, "unverified")
    clash(store, 5, store.sight(5, "web", NOON + MINUTE), "0.1", "0.9")
    at = times.stored(NOON + MINUTE)
    told = [(at, "CHK1/1.finished", "object.score", "web", "0.9", "email", "0.7")]
    assert store.answer("disagreements") == told
