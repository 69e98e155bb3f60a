"""Which road did not bring an event: by rows worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from told import NOON, Told, told

from mailhook import times

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MISSED = "SELECT event_id, road, found_by, late_seconds FROM missed ORDER BY event_id, road"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Told]:
    """Mail and web are in the settings, and each has brought a check at noon."""
    with told(tmp_path / "mailhook.db") as store:
        store.roads("email", "web")
        store.event(1, NOON, web=2, email=9)
        yield store


def test_an_event_that_one_road_did_not_bring_is_missed_by_it_and_found_by_the_other(store: Told):
    store.event(2, NOON + MINUTE, email=9.5)
    store.event(3, NOON + 2 * MINUTE, web=2)
    store.event(4, NOON + 3 * MINUTE, web=2, email=900)
    assert store.rows(MISSED) == [(2, "web", "email", 9.5), (3, "email", "web", 2.0)]
    found_at = store.rows("SELECT found_at FROM missed WHERE event_id = 2")
    assert found_at == [(times.stored(NOON + MINUTE + timedelta(seconds=9.5)),)]


def test_what_a_road_brings_late_is_missed_no_more(store: Told):
    store.event(2, NOON + MINUTE, email=9)
    assert len(store.rows(MISSED)) == 1
    store.sight(2, "web", NOON + 2 * HOUR)
    assert store.rows(MISSED) == []


def test_what_two_roads_did_not_bring_is_missed_by_both_and_found_by_the_third(store: Told):
    store.roads("api")
    store.event(2, NOON + MINUTE, api=900)
    store.event(3, NOON + 2 * MINUTE, web=2, email=9)
    store.event(4, NOON + 3 * MINUTE, web=12, email=9, api=10)
    assert store.rows(MISSED) == [
        (2, "email", "api", 900.0),
        (2, "web", "api", 900.0),
        (3, "api", "web", 2.0),
    ]


def test_a_road_misses_nothing_that_is_not_in_the_settings(store: Told):
    store.event(2, NOON + MINUTE, email=9)
    store.event(3, NOON + MINUTE, web=9)
    store.rows("DELETE FROM roads WHERE road = 'web'")
    assert store.rows(MISSED) == [(3, "email", "web", 9.0)]


def test_a_road_misses_nothing_of_a_product_that_it_had_not_brought_before(store: Told):
    store.event(2, NOON - MINUTE, email=9)
    store.event(3, NOON + MINUTE, email=9, product="signals")
    store.event(4, NOON + HOUR, web=2, email=9, product="signals")
    assert store.rows(MISSED) == []
    store.event(5, NOON + 2 * HOUR, email=9, product="signals")
    assert store.rows(MISSED) == [(5, "web", "email", 9.0)]


def test_files_count_as_mail_up_to_the_last_that_told_of_something(tmp_path: Path):
    with told(tmp_path / "mailhook.db") as store:
        store.roads("web")
        store.event(1, NOON, web=2, file=60)
        store.event(2, NOON + HOUR, web=2)
        assert store.rows(MISSED) == []
        store.event(3, NOON + 2 * HOUR, web=2, file=60)
        assert store.rows(MISSED) == [(2, "email", "web", 2.0)]
        assert store.rows("SELECT road, until FROM roads ORDER BY road") == [
            ("email", times.stored(NOON + 2 * HOUR + MINUTE)),
            ("web", None),
        ]


@pytest.mark.parametrize(("age", "count"), [(2 * HOUR, 0), (4 * HOUR, 1)])
def test_what_may_still_come_is_not_missed(store: Told, age: timedelta, count: int):
    store.event(2, times.now() - age, email=9)
    assert len(store.rows(MISSED)) == count


def test_what_is_not_proven_is_neither_missed_nor_found(store: Told):
    store.event(2, NOON + MINUTE, email=9, authenticity="unverified")
    store.event(3, NOON + 2 * MINUTE, web=2)
    store.sight(3, "email", NOON + HOUR, "unverified")
    assert store.rows(MISSED) == [(3, "email", "web", 2.0)]
    store.rows("UPDATE sightings SET authenticity = 'verified' WHERE event_id = 3")
    assert store.rows(MISSED) == []


def test_an_event_without_subject_and_an_alert_of_one_road_are_missed_by_none(store: Told):
    store.event(2, NOON + MINUTE, web=2, subject=None)
    store.event(3, NOON + MINUTE, email=2, product="webhook", type="webhook")
    assert store.rows(MISSED) == []


def test_what_retention_has_removed_is_not_missed_and_its_product_stays_known(store: Told):
    store.event(2, NOON + MINUTE, email=9)
    store.event(3, NOON + HOUR, email=9)
    with store.db:
        store.db.execute("DELETE FROM events WHERE id <= 2")
        store.db.execute("UPDATE deliveries SET raw = NULL")
    assert store.rows(MISSED) == [(3, "web", "email", 9.0)]
    assert store.rows("SELECT event_id FROM brought") == [(3,)]


def test_the_vendors_time_takes_the_place_of_the_mails_date(store: Told):
    store.event(2, NOON + MINUTE, email=0, time_source="mail")
    assert store.rows("SELECT seconds FROM latency WHERE event_id = 2") == []
    with store.db:
        at = times.stored(NOON + MINUTE / 2)
        store.db.execute(
            "UPDATE events SET occurred_at = ?, time_source = 'vendor' WHERE id = 2", (at,)
        )
    assert store.rows("SELECT road, seconds FROM latency WHERE event_id = 2") == [("email", 30.0)]
    assert store.rows(MISSED) == [(2, "web", "email", 30.0)]


def test_the_named_queries_show_the_newest_first_and_count_by_day(store: Told):
    store.event(2, NOON + MINUTE, email=9)
    store.event(3, NOON + 24 * HOUR, web=2)
    store.event(4, NOON + 24 * HOUR + MINUTE, web=3.4)
    assert [row[1:] for row in store.answer("missed")] == [
        ("CHK4/4.finished", "email", "web", 3.4),
        ("CHK3/3.finished", "email", "web", 2.0),
        ("CHK2/2.finished", "web", "email", 9.0),
    ]
    assert store.answer("missed-per-day") == [
        ("2026-08-04", "checks", "email", 2, 3.0),
        ("2026-08-03", "checks", "web", 1, 9.0),
    ]


def test_what_another_road_brought_and_web_not_is_listed_for_a_day(tmp_path: Path):
    now = times.now()
    with told(tmp_path / "mailhook.db") as store:
        store.event(1, now - 3 * HOUR, web=2)
        store.event(2, now - 2 * HOUR, email=9)
        store.event(3, now - 2 * HOUR, email=9, web=900)
        store.event(4, now - 30 * HOUR, email=9)
        store.event(5, now - 2 * HOUR, email=9, authenticity="unverified")
        store.event(6, now - 2 * HOUR, email=9, action="created")
        store.event(7, now - HOUR, api=900, action="delayed")
        with store.db:
            store.db.execute(
                "INSERT INTO listed VALUES ('HIK7', 7, 'failure', 4, NULL, NULL, ?)",
                (times.stored(now),),
            )
        assert [row[1:] for row in store.answer("not-by-web")] == [
            ("CHK7/7.delayed", "failure", 4),
            ("CHK2/2.finished", None, None),
        ]
