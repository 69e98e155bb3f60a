"""Reconcile: what the API lists ends in the table once, whatever there was before."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import mails
import pytest
import stamina
from depth import examples
from fake_api import NOW, fill, key_file, settings_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database
from stores import asked

from mailhook import config, times
from mailhook.errors import ConfigError, TemporaryError
from mailhook.model import Batch, Delivery
from mailhook.pipeline import ingest
from mailhook.reconcile import Report, reconcile
from mailhook.reconcile.order import Order
from mailhook.store import Store
from mailhook.store.schema import migrations
from mailhook.testing.api import EVENTS, KEY, FakeApi
from mailhook.trust import Trust

TRUST = Trust(config.TrustSettings(authserv_id=(mails.SERVER,)))
DAY = timedelta(days=1)


class Road:
    """A store and the API it is reconciled with."""

    def __init__(self, folder: Path, api: FakeApi) -> None:
        self.folder, self.api, self.path = folder, api, folder / "mailhook.db"

    def run(self, since_days: float | None = None, **given: Any) -> Report:
        watch = {name: given.pop(name) for name in ("progress", "only") if name in given}
        settings = config.Settings(api=settings_of(self.api, self.folder, **given))
        since = NOW - timedelta(days=since_days) if since_days else None
        with stamina.set_testing(testing=True, attempts=2, cap=True), Store(self.path) as store:
            pause = lambda _: None  # noqa: E731 - shorter
            return reconcile(settings, store, TRUST, since=since, pause=pause, **watch)

    def mail(self, raw: bytes, uid: int = 1) -> None:
        location = f"imap://hooks@imap.example.com/INBOX;UIDVALIDITY=9/;UID={uid}"
        with Store(self.path) as store:
            ingest(Batch((Delivery("email", location, NOW, raw),)), store, TRUST)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return asked(self.path, sql)


@pytest.fixture
def road(tmp_path: Path) -> Iterator[Road]:
    with FakeApi(page_size=3) as api:
        yield Road(tmp_path, api)


EVERYTHING = """
SELECT key, authenticity, confidence, object, idempotency_key FROM events ORDER BY key
"""


@pytest.mark.parametrize(
    ("order", "object_is"), [("newest", "string"), ("oldest", "object"), ("none", "string")]
)
def test_all_that_is_listed_is_recorded_and_twice_changes_nothing(road: Road, order, object_is):
    road.api.order, road.api.object_is, road.api.repeats = order, object_is, 1
    fill(road.api, 8, days=50)
    first = road.run()
    before = road.rows("SELECT * FROM events"), road.rows("SELECT * FROM sightings")
    again = road.run()
    assert (first.new, first.failed, first.exit_code) == (8, 0, 0)
    assert (again.new, again.known, again.exit_code) == (0, again.listed, 0)
    assert before == (road.rows("SELECT * FROM events"), road.rows("SELECT * FROM sightings"))
    assert len(road.rows("SELECT 1 FROM events")) == 8
    assert road.rows("SELECT DISTINCT authenticity, authenticity_detail FROM deliveries") == [
        ("verified", f"told by the vendor's API at {road.api.url.removeprefix('http://')}")
    ]


def test_times_and_words_are_those_of_every_road(road: Road):
    road.api.add(
        "digital_identity.identity_process",
        "success",
        {"process_id": "IDP1", "status": "success"},
        timestamp="2026-08-03T05:00:00-05:00",
    )
    road.run()
    assert road.rows(
        "SELECT key, event_type, event_action, occurred_at, time_source, raw_timestamp FROM events"
    ) == [
        (
            "IDP1/identity_process.succeeded",
            "identity_process",
            "succeeded",
            "2026-08-03T10:00:00.000000Z",
            "vendor",
            "2026-08-03T05:00:00-05:00",
        )
    ]


def test_what_a_mail_has_brought_gains_a_sighting_and_an_alias(road: Road):
    check = f"CHK{7:032x}"
    road.mail(mails.check_finished(check, time=times.short(NOW)))
    road.api.add("check", "finished", {"check_id": check, "status": "completed"}, NOW)
    report = road.run()
    assert (report.new, report.known) == (0, 1)
    assert road.rows("SELECT channel FROM sightings ORDER BY channel") == [("api",), ("email",)]
    key = road.api.events[0]["idempotency_key"]
    assert road.rows("SELECT idempotency_key FROM events") == [(key,)]
    assert (key, 1) in road.rows("SELECT alias, event_id FROM aliases")


def test_a_later_state_of_an_event_is_a_sighting_and_how_it_is_delivered_is_kept(road: Road):
    event = road.api.add(
        "check",
        "finished",
        {"check_id": "CHK1", "status": "completed"},
        NOW - timedelta(hours=1),
        delivery_status="pending",
        delivery_attempts=0,
    )
    road.run()
    listed = "SELECT delivery_status, delivery_attempts, event_id FROM listed"
    assert road.rows(listed) == [("pending", 0, 1)]
    event |= {"delivery_status": "failure", "delivery_attempts": 5}
    event["update_date"] = times.short(NOW)
    report = road.run()
    assert (report.new, report.known) == (0, 1)
    assert road.rows(listed) == [("failure", 5, 1)]
    assert road.rows("SELECT count(*) FROM sightings") == [(2,)]
    assert road.rows("SELECT count(*) FROM conflicts") == [(0,)]
    assert road.run().known == 1
    assert road.rows("SELECT count(*) FROM deliveries") == [(2,)]


@pytest.mark.parametrize(
    "broken",
    [
        {"object": "{not json"},
        {"object": '{"score": ' + "9" * 400 + "}"},
        {"object": "[]"},
        {"object": 7},
        {"event_type": None},
        {"event_action": 5},
        {"timestamp": 12},
    ],
)
def test_an_event_that_cannot_be_read_is_kept_and_the_rest_go_on(road: Road, broken):
    fill(road.api, 2)
    road.api.add("check", "finished", {"check_id": "CHK9"}, NOW, **broken)
    fill(road.api, 1, days=3)
    report = road.run()
    assert (report.new, report.failed, report.exit_code) == (3, 1, 0)
    assert road.run().failed == 0
    ((outcome, reason, authenticity),) = road.rows(
        "SELECT outcome, reason, authenticity FROM deliveries WHERE outcome = 'quarantined'"
    )
    assert str(reason).startswith("malformed_notice: ")
    assert (outcome, authenticity) == ("quarantined", "verified")


@pytest.mark.parametrize(
    "bad",
    [
        b'{"timestamp": "2026-11-20T10:00:00Z", "note": "a\nb"}',
        b'{"timestamp": "2026-11-20T10:00:00Z", "note": "\xff\xfe"}',
        b'{"a": ' + b"[" * 100_000 + b'"]\\""' + b"]" * 100_000 + b"}",
        b'{"a": NaN}',
    ],
    ids=["a line's end in a text", "no UTF-8", "nested very deep", "no number"],
)
def test_one_that_is_no_strict_json_keeps_its_bytes_and_spoils_no_other(road: Road, bad: bytes):
    fill(road.api, 2)
    good = json.dumps(road.api.events[0]).encode(), json.dumps(road.api.events[1]).encode()
    page = b'{"events": [' + b", ".join([good[0], bad, good[1]]) + b'], "next": ""}'
    road.api.fail(200, body=page, path=EVENTS)
    report = road.run()
    assert (report.new, report.failed, report.is_whole) == (2, 1, True)
    ((raw,),) = road.rows("SELECT raw FROM deliveries WHERE outcome = 'quarantined'")
    assert zlib.decompress(raw) == bad  # type: ignore[arg-type] # bytes


def test_a_byte_order_mark_is_no_matter(road: Road):
    fill(road.api, 2)
    page = json.dumps({"events": road.api.events, "next": ""}).encode()
    road.api.fail(200, body=b"\xef\xbb\xbf" + page, path=EVENTS)
    assert road.run().new == 2


def test_a_number_of_400_digits_spoils_one_event_of_its_page(road: Road):
    fill(road.api, 2)
    page = {"events": road.api.events, "next": ""}
    long = f'"delivery_attempts": {"9" * 400}'
    text = json.dumps(page).replace('"delivery_attempts": 1', long, 1)
    road.api.fail(200, body=text.encode())
    report = road.run()
    assert (report.new, report.failed) == (1, 1)


@pytest.mark.parametrize(
    ("body", "status"), [(b"<html>Sign in</html>", 200), (b"<html>busy</html>", 503)]
)
def test_what_is_no_list_writes_nothing_but_what_is_wrong(road: Road, body: bytes, status: int):
    fill(road.api, 2)
    road.api.fail(status, body=body, times=1 if status == 200 else 2)
    report = road.run()
    assert report.exit_code == 75
    assert not report.is_whole
    assert road.rows("SELECT count(*) FROM deliveries") == [(0,)]
    ((error, since),) = road.rows("SELECT error, failing_since FROM listings")
    assert str(error).startswith("127.0.0.1")
    assert since
    assert road.run().new == 2
    assert road.rows("SELECT error, failing_since FROM listings") == [(None, None)]


def test_a_refused_key_is_the_operators_to_mend_and_the_rest_was_recorded(road: Road):
    fill(road.api, 9)
    road.api.page_size = 5
    report = road.run(progress=lambda _: road.api.fail(401))
    assert (report.exit_code, report.new) == (78, 5)
    assert road.run().new == 4


def test_without_settings_there_is_nobody_to_ask(tmp_path: Path):
    with Store(tmp_path / "mailhook.db") as store, pytest.raises(ConfigError, match="is not set"):
        reconcile(config.Settings(), store, TRUST)


@pytest.mark.parametrize("killed_after", range(1, 5))
def test_broken_off_anywhere_the_next_run_finishes_it(road: Road, killed_after: int):
    fill(road.api, 12, days=40)
    pages: list[int] = []

    def progress(count: int) -> None:
        pages.append(count)
        if len(pages) == killed_after:
            raise TemporaryError("it ends early")

    assert road.run(progress=progress).exit_code == 75
    assert road.rows("SELECT count(*) FROM events") == [(3 * killed_after,)]
    before = len(road.api.requests)
    road.api.add("check", "finished", {"check_id": "CHK-new", "status": "completed"}, NOW)
    report = road.run()
    assert (report.new, report.is_whole) == (13 - 3 * killed_after, True)
    assert road.rows("SELECT count(*) FROM events") == [(13,)]
    if killed_after < 4:
        assert f"start={3 * killed_after}" in road.api.requests[before].path


def test_a_budget_that_does_not_reach_is_gone_on_with(road: Road):
    fill(road.api, 12, days=40)
    assert (road.run(requests_per_run=2).exit_code, road.run(requests_per_run=2).new) == (75, 6)
    report = road.run(requests_per_run=9)
    assert (report.is_whole, report.exit_code) == (True, 0)
    assert road.rows("SELECT count(*) FROM events") == [(12,)]


def test_a_list_longer_than_the_budget_comes_to_its_end_and_is_begun_by_the_next_run(road: Road):
    road.api.order = "oldest"
    fill(road.api, 18, days=40)
    reports = [road.run(requests_per_run=4) for _ in range(4)]
    assert [(one.pages, one.is_whole, one.exit_code) for one in reports] == [
        (4, False, 75),
        (2, True, 0),
    ] * 2
    assert [one.new for one in reports] == [12, 6, 0, 0]


def test_a_next_page_that_is_no_more_is_begun_anew(road: Road):
    fill(road.api, 9, days=40)
    assert road.run(requests_per_run=1).exit_code == 75
    road.api.fail(400, path=f"{EVENTS}?start=3")
    report = road.run()
    assert (report.new, report.exit_code) == (6, 0)


def test_a_next_page_that_is_in_trouble_for_two_runs_is_begun_anew(road: Road):
    fill(road.api, 9, days=40)
    assert road.run(requests_per_run=1).exit_code == 75
    road.api.fail(500, times=4, path=f"{EVENTS}?start=3")
    assert (road.run().pages, road.run().new) == (0, 6)
    assert len(road.api.asked(f"{EVENTS}?start=3")) == 5


def test_where_all_of_the_list_is_in_trouble_it_is_gone_on_with_later(road: Road):
    fill(road.api, 9, days=40)
    assert road.run(requests_per_run=1).exit_code == 75
    road.api.fail(503, times=6)
    assert (road.run().pages, road.run().pages) == (0, 0)
    before = len(road.api.requests)
    assert (road.run().new, road.api.requests[before].path) == (6, f"{EVENTS}?start=3")


def test_a_next_page_that_wants_to_be_left_alone_is_gone_on_with_later(road: Road):
    fill(road.api, 9, days=40)
    assert road.run(requests_per_run=1).exit_code == 75
    road.api.fail(429, times=9, headers={"Retry-After": "3600"}, path=f"{EVENTS}?start=3")
    assert [road.run().pages for _ in range(3)] == [0, 0, 0]


def test_newest_first_is_read_no_further_than_a_day_before_the_position(road: Road):
    road.api.page_size = 5
    fill(road.api, 100, days=50)
    assert road.run().pages == 20
    road.api.add("check", "finished", {"check_id": "CHK-new"}, NOW)
    late = {"check_id": "CHK-late", "status": "completed"}
    road.api.add("check", "finished", late, NOW - timedelta(hours=20))
    report = road.run()
    assert (report.new, report.pages) == (2, 2)


class AsListed(FakeApi):
    """A list in the order in which its events were listed, the newest first."""

    def _sorted(self) -> list[dict[str, Any]]:
        return self.events[::-1]


def test_what_is_listed_late_hides_nothing_that_is_listed_before_it(tmp_path: Path):
    with AsListed(page_size=10) as api:
        road = Road(tmp_path, api)
        fill(api, 60, days=6)
        road.run()
        for minutes, count in ((12, 5), (4 * 24 * 60, 25), (5, 5)):
            for number in range(count):
                content = {"check_id": f"CHK-{minutes}-{number}", "status": "completed"}
                api.add("check", "finished", content, NOW - timedelta(minutes=minutes))
        assert road.run().new == 35


def test_with_another_key_another_accounts_list_is_read_from_its_beginning(road: Road):
    fill(road.api, 20, days=0.5)
    road.run()
    road.api.events.clear()
    road.api.key = KEY[::-1]
    (road.folder / "other").mkdir()
    key = {"file": str(key_file(road.folder / "other", road.api.key))}
    for number in range(40):
        content = {"check_id": f"CHK-b{number}", "status": "completed"}
        moment = NOW - timedelta(days=50 - number)
        road.api.add("check", "finished", content, moment, idempotency_key=f"HIK-b{number}")
    report = road.run(key=key)
    assert (report.new, report.since, report.is_whole) == (40, None, True)
    assert road.run(key=key).since is not None


def test_asked_once_a_day_a_list_longer_than_the_budget_comes_to_its_end(road: Road):
    fill(road.api, 60, days=20)
    for _ in range(3):
        road.run(requests_per_run=8)
        yesterday = times.stored(times.now() - timedelta(hours=25))
        with closing(sqlite3.connect(road.path)) as db, db:
            older = "UPDATE listings SET began_at = ?1, paged_at = ?1 WHERE next IS NOT NULL"
            db.execute(older, (yesterday,))
    assert road.rows("SELECT count(*) FROM events") == [(60,)]
    assert road.rows("SELECT read_until IS NOT NULL FROM listings") == [(1,)]


def test_a_link_that_is_signed_anew_at_each_listing_makes_no_row_each_time(road: Road):
    event = road.api.add("check", "finished", {"check_id": "CHK1", "image": ""}, NOW)
    for number in range(8):
        event["object"]["image"] = f"https://files.example.com/a.jpg?signature={number}"
        assert road.run().listed == 1
    assert road.rows("SELECT count(*) FROM deliveries") == [(3,)]
    event["update_date"] = times.short(NOW + timedelta(hours=1))
    road.run()
    assert road.rows("SELECT count(*) FROM deliveries") == [(4,)]
    assert road.rows("SELECT count(*) FROM events") == [(1,)]


@pytest.mark.parametrize("bare", [{"idempotency_key": None, "update_date": None}, {"object": "{"}])
def test_what_has_no_name_or_cannot_be_read_is_taken_each_for_itself(
    road: Road, bare: dict[str, object]
):
    for number in range(8):
        told = {**bare, "note": number}
        if "object" in bare:
            told |= {"idempotency_key": None, "update_date": "2026-11-20T10:00:00Z"}
        road.api.add("check", "finished", {"check_id": f"CHK-{number}"}, NOW, **told)
        report = road.run()
        assert (report.new + report.failed, report.known) == (1, number)


def test_one_that_is_named_is_taken_however_often_it_was_told_otherwise(road: Road):
    event = road.api.add("check", "in_progress", {"check_id": "CHK1", "image": ""}, NOW)
    for number in range(5):
        event["object"]["image"] = f"https://files.example.com/a.jpg?signature={number}"
        road.run(only=(event["idempotency_key"],))
    assert road.rows("SELECT count(*) FROM deliveries") == [(5,)]


@pytest.mark.parametrize("end", ["", " ", "#", "#more", None, False, 0, [], {}])
def test_a_next_that_names_no_page_is_the_end(road: Road, end: object):
    fill(road.api, 2)
    page = {"events": road.api.events, "next": end}
    road.api.fail(200, body=json.dumps(page).encode(), path=EVENTS)
    report = road.run()
    assert (report.new, report.is_whole, report.errors) == (2, True, [])


@pytest.mark.parametrize("broken", [{"score": 10**399}, None])
def test_an_event_without_a_time_is_a_reason_to_read_all_of_the_list_once(road: Road, broken):
    road.api.page_size, road.api.object_is = 5, "object"
    fill(road.api, 100, days=50)
    road.run()
    event = road.api.add("check", "finished", broken or {"check_id": "CHK-bad"}, NOW)
    if not broken:
        road.api.order = "none"
        road.api.events.sort(key=lambda one: str(one["timestamp"]), reverse=True)
        del event["timestamp"]
    assert [road.run().pages for _ in range(3)] == [21, 3, 3]


@pytest.mark.parametrize("order", ["oldest", "none"])
def test_what_is_not_newest_first_is_read_to_its_end(road: Road, order):
    road.api.order, road.api.page_size = order, 5
    fill(road.api, 40, days=50)
    assert (road.run().pages, road.run().pages) == (8, 8)


def test_several_lists_one_after_the_other_are_read_to_the_end_of_the_last(road: Road):
    road.api.order, road.api.page_size = "none", 5
    fill(road.api, 30, days=50)
    road.api.events.reverse()
    for number in range(20):
        content = {"process_id": f"IDP{number}", "status": "success"}
        road.api.add("identity_process", "succeeded", content, NOW - timedelta(days=2 * number))
    assert (road.run().pages, road.run().pages) == (10, 10)
    process = {"process_id": "IDP-new", "status": "success"}
    road.api.add("identity_process", "succeeded", process, NOW)
    road.api.events.insert(30, road.api.events.pop())
    assert road.run().new == 1
    assert road.rows("SELECT is_mixed FROM listings") == [(1,)]
    road.api.order = "newest"
    assert road.run().pages == 11
    assert road.run().pages < 11
    assert road.rows("SELECT is_mixed FROM listings") == [(0,)]


def test_a_second_list_is_seen_where_a_reading_was_broken_off_at_its_beginning(road: Road):
    road.api.order = "none"
    for name, first in (("A", 2), ("B", 3)):
        for hours in range(first, first + 198, 6):
            content = {"check_id": f"CHK{name}{hours}", "status": "completed"}
            road.api.add("check", "finished", content, NOW - timedelta(hours=hours))
    assert road.run(requests_per_run=11).exit_code == 75
    road.run()
    assert road.rows("SELECT is_mixed, next FROM listings") == [(1, None)]
    road.api.add("check", "finished", {"check_id": "CHK-new", "status": "completed"}, NOW)
    road.api.events.insert(33, road.api.events.pop())
    assert road.run().new == 1


@pytest.mark.parametrize("newest_first", [True, False])
def test_how_it_was_ordered_before_it_was_broken_off_is_not_forgotten(road: Road, newest_first):
    road.api.order, road.api.page_size = "none", 10
    fill(road.api, 100, days=50)
    road.api.events.reverse()
    road.run()
    for number in range(20):
        moment = NOW + timedelta(minutes=20 - number if newest_first else number)
        content = {"check_id": f"CHK-n{number}", "status": "completed"}
        road.api.add("check", "finished", content, moment)
        road.api.events.insert(number, road.api.events.pop())
    assert road.run(requests_per_run=2).new == 20
    assert (road.run().pages == 22) != newest_first, "what was left, and all of it once more"


def test_what_an_older_version_has_broken_off_is_taken_for_several_lists(road: Road):
    with closing(sqlite3.connect(road.path)) as db, db:
        migrations.apply(Database(db), stop_before="m010_readings")
        db.execute("INSERT INTO listings (source, next) VALUES ('a', '/?start=3'), ('b', NULL)")
    Store(road.path).close()
    assert road.rows("SELECT is_mixed, last_at, pages FROM listings") == [
        (1, None, 0),
        (0, None, 0),
    ]


def test_known_events_never_end_it(road: Road):
    road.api.order = "none"
    fill(road.api, 9, days=1)
    road.run()
    for number in range(3):
        content = {"check_id": f"CHK-late{number}", "status": "completed"}
        road.api.add("check", "finished", content, NOW - timedelta(days=30 + number))
    assert road.run().new == 3


def test_since_reads_as_far_as_it_says_and_moves_no_position_it_does_not_reach(road: Road):
    road.api.page_size = 5
    fill(road.api, 60, days=30)
    report = road.run(since_days=3)
    assert (report.pages, report.read_until) == (3, None)
    report = road.run()
    assert (report.pages, report.since) == (12, None)
    assert report.read_until
    assert road.run(since_days=10).read_until == report.read_until


def test_who_asks_for_all_60_days_is_told_of_no_gap(road: Road):
    fill(road.api, 1)
    assert road.run(60).gap is None


def test_what_the_api_asked_us_to_wait_holds_for_the_next_process_too(road: Road):
    fill(road.api, 1)
    road.api.fail(429, headers={"Retry-After": "600"})
    assert road.run().exit_code == 75
    report = road.run()
    assert (report.exit_code, report.requests) == (75, 0)
    assert "wants to be left alone for 10 min" in str(report.errors[0])
    with closing(sqlite3.connect(road.path)) as db, db:
        a_year_ahead = times.stored(times.now() + timedelta(days=365))
        db.execute("UPDATE listings SET rests_until = ?", (a_year_ahead,))
    assert road.run().new == 1
    assert road.run().is_whole


def test_a_gap_that_is_older_than_the_list_is_said(road: Road):
    fill(road.api, 2)
    report = road.run(since_days=70)
    assert report.gap
    assert "60 days" in report.gap
    assert road.run(since_days=59).gap is None


@pytest.mark.parametrize("skew", [-3 * DAY, 3 * DAY])
def test_no_clock_that_is_wrong_loses_an_event(road: Road, skew: timedelta):
    road.api.page_size = 5
    road.api.skew = skew
    fill(road.api, 40, days=40)
    road.run()
    content = {"check_id": "CHK-new", "status": "completed"}
    road.api.add("check", "finished", content, NOW)
    for number in range(12):
        road.api.add("check", "created", {"check_id": f"CHK-n{number}"}, NOW)
    assert road.run().new == 13


def test_an_event_without_a_time_or_a_name_is_an_event_all_the_same(road: Road):
    content = {"check_id": "CHK1", "status": "completed"}
    road.api.add("check", "finished", content, timestamp=None, idempotency_key=None)
    assert road.run().new == 1
    assert road.run().known == 1
    assert road.rows("SELECT time_source FROM events") == [("observed",)]
    assert road.rows("SELECT count(*) FROM listed") == [(0,)]


def test_what_was_wrong_at_an_address_is_over_once_another_is_asked(road: Road):
    road.run(base=dict.fromkeys(road.api.base, f"{road.api.url}/wrong"))
    assert "no list" in str(road.rows("SELECT error FROM listings"))
    fill(road.api, 2)
    assert road.run().exit_code == 0
    assert road.rows("SELECT error, failing_since FROM listings") == [(None, None)] * 2


@pytest.mark.parametrize("events", [None, []])
def test_a_next_page_that_has_become_empty_ends_no_reading(road: Road, events: object):
    road.api.page_size = 10
    fill(road.api, 40, days=40)
    assert road.run(requests_per_run=1).exit_code == 75
    stale = json.dumps({"events": events, "next": ""}).encode()
    road.api.fail(200, body=stale, path=f"{EVENTS}?start=10")
    report = road.run()
    assert (report.new, report.exit_code, report.is_whole) == (30, 0, True)


def test_a_list_that_leads_in_a_circle_is_recorded_and_said(road: Road):
    fill(road.api, 3)
    road.api.lead(f"{EVENTS}?start=0")
    report = road.run()
    assert (report.new, report.exit_code, report.is_whole) == (3, 75, False)
    assert road.rows("SELECT read_until, next FROM listings") == [(None, None)]


def test_no_key_and_no_word_of_a_person_is_in_what_is_said(road: Road, caplog):
    road.api.fail(500, times=9, body=b'{"message": "test-key-of-nobody"}')
    report = road.run()
    said = json.dumps(report.value()) + caplog.text
    assert "test-key-of-nobody" not in said


moments = st.lists(
    st.lists(st.integers(-100, 100), min_size=1, max_size=6), min_size=1, max_size=12
)


@settings(max_examples=examples(40))
@given(moments, st.data())
def test_a_reading_ends_only_in_what_was_seen_to_be_newest_first_and_is_known(
    pages: list[list[int]], data: st.DataObject
):
    order, seen = Order(NOW), list[int]()
    for page in pages:
        seen += page
        is_known = data.draw(st.booleans())
        if order.ends([NOW + timedelta(days=day) for day in page], is_known=is_known):
            assert is_known
            assert seen == sorted(seen, reverse=True)
            assert all(day < -1 for day in page)
            assert seen[0] >= -1
            return
    assert order.newest == NOW + timedelta(days=max(seen))


def test_a_pruned_event_is_not_recorded_again(road: Road):
    fill(road.api, 3, days=40)
    road.run()
    with closing(Store(road.path)) as store:
        from mailhook.store.pruning import prune

        later = NOW + timedelta(days=20)
        prune(store, config.StoreSettings(path=road.path, raw_days=5, event_days=10), later)
    assert road.rows("SELECT count(*) FROM events") == [(0,)]
    assert road.rows("SELECT count(*) FROM listed") == [(0,)]
    assert road.run().new == 0
    assert road.rows("SELECT event_id FROM listed") == [(None,)] * 3
    with closing(Store(road.path)) as store:
        prune(store, config.StoreSettings(path=road.path, raw_days=5, event_days=10), later)
    assert road.rows("SELECT count(*) FROM listed") == [(0,)]
