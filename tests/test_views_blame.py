"""What no road is blamed for: not asked, not in the settings, or by one wrong date alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hooks
import pytest
from fake_api import NOW, settings_of
from sqlite_utils import Database
from stores import asked
from told import NOON, Told, told

from mailhook import times
from mailhook.config import Settings, WebSettings
from mailhook.reconcile import reconcile
from mailhook.store import Store, roads
from mailhook.store.schema import migrations
from mailhook.testing.api import FakeApi

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MISSED = "SELECT event_id, road FROM missed ORDER BY event_id, road"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Told]:
    with told(tmp_path / "mailhook.db") as store:
        yield store


def late(at: datetime, seen_at: datetime) -> float:
    return (seen_at - at).total_seconds()


def test_the_api_misses_only_what_its_list_was_read_for_since_and_no_retry_was_to_come(store: Told):
    store.roads("api")
    store.event(1, NOON, api=60, email=9)
    store.event(2, NOON + HOUR, email=9)
    for read_at, missed in (
        (NOON + MINUTE, []),
        (NOON + 2 * HOUR, []),
        (NOON + 4 * HOUR, []),
        (NOON + 4 * HOUR + MINUTE, [(2, "api")]),
    ):
        store.list_was_read(read_at)
        assert store.rows(MISSED) == missed


def test_a_list_that_was_never_read_to_its_end_misses_nothing(store: Told):
    store.roads("api")
    store.event(1, NOON, api=60, email=9)
    store.event(2, NOON + HOUR, email=9)
    store.rows("UPDATE listings SET read_at = NULL")
    assert store.rows(MISSED) == []


def test_of_several_lists_the_latest_reading_counts(store: Told):
    store.roads("api")
    store.event(1, NOON, api=60, email=9)
    store.event(2, NOON + HOUR, email=9)
    store.rows(
        "INSERT INTO listings (source, read_at) VALUES ('https://other.example.com', '2026')"
    )
    assert store.rows(MISSED) == [(2, "api")]


@pytest.mark.parametrize("first", [True, False], ids=["the first that came", "a later one"])
def test_one_event_of_an_impossible_date_makes_no_road_older(store: Told, *, first: bool):
    store.roads("web")
    if not first:
        store.event(1, NOON, web=2, email=9)
    store.event(2, EPOCH, web=late(EPOCH, NOON + HOUR))
    store.event(3, NOON - DAY, email=9)
    store.event(4, NOON + 2 * HOUR, email=9)
    assert store.rows(MISSED) == [(4, "web")]
    since = NOON + HOUR if first else NOON
    assert store.rows("SELECT first_at FROM carried WHERE road = 'web'") == [(times.stored(since),)]


@pytest.mark.parametrize(("days", "missed"), [(60, [(3, "web")]), (62, [])])
def test_what_is_told_as_late_as_the_vendor_lists_says_since_when_a_road_brings(
    store: Told, days: int, missed: list[tuple[int, str]]
):
    store.roads("web")
    store.event(1, NOON - days * DAY, web=days * 86_400)
    store.event(3, NOON - DAY, email=9)
    assert store.rows(MISSED) == missed


def test_a_date_that_is_put_right_says_since_when_a_road_brings(store: Told):
    store.roads("web")
    store.event(1, EPOCH, web=late(EPOCH, NOON))
    store.event(2, NOON - HOUR / 2, email=9)
    assert store.rows(MISSED) == []
    with store.db:
        at = times.stored(NOON - HOUR)
        store.db.execute("UPDATE events SET occurred_at = ? WHERE id = 1", (at,))
    assert store.rows(MISSED) == [(2, "web")]
    with store.db:
        store.db.execute("UPDATE events SET occurred_at = '1970' WHERE id = 1")
    assert store.rows(MISSED) == [(2, "web")]


def test_a_sighting_that_is_proven_later_makes_no_road_older_either(store: Told):
    store.roads("web")
    store.event(1, EPOCH)
    store.sight(1, "web", NOON, "unverified")
    store.rows("UPDATE sightings SET authenticity = 'verified'")
    store.event(2, NOON - DAY, email=9)
    assert store.rows(MISSED) == []


def test_what_happened_while_a_road_was_not_in_the_settings_it_has_not_missed(store: Told):
    def named(*names: str, at: datetime) -> None:
        with store.db:
            roads.note(store.db, {"roads": set(names), "expected": set()}, at)

    named("web", "email", at=NOON - DAY)
    store.event(1, NOON, web=2, email=9)
    store.event(2, NOON + HOUR, email=9)
    named("email", at=NOON + DAY)
    store.event(3, NOON + 2 * DAY, email=9)
    assert store.rows(MISSED) == []
    named("web", "email", at=NOON + 3 * DAY)
    store.event(4, NOON + 4 * DAY, email=9)
    store.event(5, NOON + 4 * DAY, web=2)
    assert store.rows(MISSED) == [(2, "web"), (4, "web"), (5, "email")]
    named("email", at=NOON + 5 * DAY)
    named("web", "email", at=NOON + 6 * DAY)
    store.event(6, NOON + 5 * DAY + HOUR, email=9)
    store.event(7, NOON + 6 * DAY + HOUR, email=9)
    assert store.rows(MISSED) == [(2, "web"), (4, "web"), (5, "email"), (7, "web")]
    named("email", at=NOON + 7 * DAY)
    named("web", "email", at=NOON + 7 * DAY + HOUR)
    assert store.rows("SELECT * FROM absences") == [
        ("web", times.stored(NOON + begin * DAY), times.stored(NOON + end * DAY))
        for begin, end in ((1, 3), (5, 6))
    ]


def test_every_road_names_an_unknown_type_alike_so_that_its_misses_are_seen(tmp_path: Path):
    def told_by_web(number: int, at: datetime) -> None:
        event = {
            "id": f"HKE{number:040x}",
            "event_type": "whatsapp_message",
            "event_action": "read",
            "object": {"whatsapp_message_id": f"WAM{number}"},
            "timestamp": times.short(at),
            "version": "1.0",
        }
        hooks.take(store, hooks.posted(hooks.signed(event, made_at=at), at))

    path = tmp_path / "mailhook.db"
    with FakeApi() as api, Store(path) as store:
        settings = Settings(api=settings_of(api, tmp_path), web=WebSettings())
        store.heed(settings)
        told_by_web(1, NOW - 2 * DAY)
        for number, at in ((1, NOW - 2 * DAY), (2, NOW - DAY)):
            content = {"whatsapp_message_id": f"WAM{number}"}
            api.add("whatsapp_message", "read", content, at, product="customer_engagement")
        reconcile(settings, store, hooks.TRUST, pause=lambda _: None)
    assert asked(path, "SELECT DISTINCT product FROM events") == [("whatsapp_message",)]
    assert asked(path, "SELECT subject_id, road FROM missed") == [("WAM2", "web")]


def older(path: Path) -> None:
    """A store as the migration before left it: two words for one type, one date of 1970."""
    with closing(sqlite3.connect(path)) as db:
        migrations.apply(Database(db), stop_before="m014_absences")
        db.execute("INSERT INTO vocabulary VALUES ('check', 'finished', 'checks', 50, 0, 1, 0)")
        db.execute("UPDATE counters SET value = 9 WHERE name = 'revision'")
        store = Told(path, db)
        store.roads("web")
        message = {"type": "whatsapp_message", "action": "read"}
        store.event(1, NOON, web=2, product="whatsapp_message", **message)
        store.event(2, NOON + HOUR, api=900, product="customer_engagement", **message)
        store.event(3, NOON + 2 * HOUR, api=900, product="customer_engagement", **message)
        store.event(4, NOON + 3 * HOUR, web=2)
        store.event(5, EPOCH, web=late(EPOCH, NOON))
        store.event(6, NOON + HOUR, email=9)
        assert store.rows(MISSED) == [(6, "web")]


def test_an_older_store_is_put_right(tmp_path: Path):
    path = tmp_path / "mailhook.db"
    older(path)
    Store(path).close()
    assert asked(path, MISSED) == [(2, "web"), (3, "web"), (6, "web")]
    assert asked(path, "SELECT product, road, first_at, heard_at FROM carried ORDER BY 1, 2")[
        :2
    ] == [
        ("checks", "email", times.stored(NOON + HOUR), times.stored(NOON + HOUR + 9 * MINUTE / 60)),
        ("checks", "web", times.stored(NOON), times.stored(NOON + 3 * HOUR + MINUTE / 30)),
    ]
    named = "SELECT id, product, revision FROM events WHERE event_type <> 'check' ORDER BY id"
    assert asked(path, named) == [
        (1, "whatsapp_message", 1),
        (2, "whatsapp_message", 10),
        (3, "whatsapp_message", 11),
    ]
    assert asked(path, "SELECT value FROM counters WHERE name = 'revision'") == [(11,)]
    heard = "SELECT first_at, heard_at FROM carried WHERE product LIKE 'whats%' AND road = 'api'"
    seen_at = times.stored(NOON + 2 * HOUR + 15 * MINUTE)
    assert asked(path, heard) == [(times.stored(NOON + HOUR), seen_at)]
    assert asked(path, "SELECT count(*) FROM final_statuses WHERE subject_type = 'check'") == [(2,)]
