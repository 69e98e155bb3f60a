"""Completion: what was only mentioned, or ended without a word, gets its subject's content."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import mails
import pytest
import stamina
from fake_api import NOW, settings_of
from stores import asked

from mailhook import config, pipeline, replay, times
from mailhook.errors import TemporaryError
from mailhook.model import Batch, Delivery, Object
from mailhook.reconcile import Report, reconcile
from mailhook.reconcile.completing import wait
from mailhook.store import Reader, Store, completions
from mailhook.store.kept import Selection
from mailhook.testing.api import EVENTS as EVENTS_PATH
from mailhook.testing.api import FakeApi
from mailhook.trust import Trust

TRUST = Trust(config.TrustSettings(authserv_id=(mails.SERVER,)))
OPEN = Trust(config.TrustSettings(authserv_id=(mails.SERVER,), require="none"))
LATER = times.short(NOW + timedelta(minutes=5))


def check(number: int = 1) -> str:
    return f"CHK{number:032x}"


def mention(subject_id: str, *, proof: str | None = mails.PROOF) -> bytes:
    return mails.write(f"The check {subject_id} has finished.", proof=proof, date=NOW)


class Road:
    """A store with mails in it, and the API that knows their subjects."""

    def __init__(self, folder: Path, api: FakeApi) -> None:
        self.folder, self.api, self.path = folder, api, folder / "mailhook.db"
        self._uid = 0

    def take(self, *raws: bytes, trust: Trust = TRUST) -> None:
        deliveries = []
        for raw in raws:
            self._uid += 1
            deliveries.append(mails.delivered(raw, self._uid))
        with Store(self.path) as store:
            pipeline.ingest(Batch(tuple(deliveries)), store, trust)

    def tell(self, event_type: str, action: str, content: Object, **members: Any) -> None:
        """Have the vendor list an event, and read it."""
        self.api.add(event_type, action, content, NOW, **members)

    def know(self, subject_id: str, **content: Any) -> None:
        """Let the API know that check."""
        told = {"check_id": subject_id, "status": "completed", "update_date": LATER} | content
        self.api.resources[f"/v1/checks/{subject_id}"] = {"check": told}

    def run(self, **given: Any) -> Report:
        settings = config.Settings(api=settings_of(self.api, self.folder, **given))
        with stamina.set_testing(testing=True, attempts=2, cap=True), Store(self.path) as store:
            return reconcile(settings, store, TRUST, pause=lambda _: None)

    def hurry(self) -> None:
        """Let what waits be due now."""
        with Store(self.path) as store:
            store.write(
                lambda connection, _: connection.execute(
                    "UPDATE completions SET next_at = '2026-01-01T00:00:00.000000Z'"
                    " WHERE next_at IS NOT NULL"
                )
            )

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return asked(self.path, sql)

    def asked_for(self) -> list[str]:
        """The resources that were asked for."""
        return [one.path for one in self.api.requests if "/hooks/" not in one.path]


@pytest.fixture
def road(tmp_path: Path) -> Iterator[Road]:
    with FakeApi() as api:
        yield Road(tmp_path, api)


EVENTS = "SELECT subject_id, status, confidence, authenticity, time_source FROM events ORDER BY id"
LATEST = "SELECT subject_id, status FROM latest_status ORDER BY subject_id"
STATES = "SELECT state, tries FROM completions ORDER BY event_id"


def test_what_a_mail_only_mentions_becomes_exact_by_its_subject(road: Road):
    road.take(mention(check()))
    assert road.rows(EVENTS)[0][2] == "mentioned"
    road.know(check(), score=0.9)
    report = road.run()
    assert (report.completed, report.exit_code) == (1, 0)
    assert road.rows(EVENTS) == [(check(), "completed", "exact", "verified", "mail")]
    assert road.rows("SELECT object ->> 'score', updated_at FROM events") == [(0.9, None)]
    told = "SELECT value FROM events, json_each(fetched) WHERE value NOT LIKE 'object.%'"
    assert road.rows(told) == [("confidence",), ("status",), ("raw_status",)]
    assert road.rows(LATEST) == [(check(), "completed")]
    assert road.rows("SELECT subject_id, status, gone_at FROM resources") == [
        (check(), "completed", None)
    ]
    before = road.rows("SELECT * FROM events")
    assert road.run().completed == 0
    assert len(road.asked_for()) == 1
    assert road.rows("SELECT * FROM events") == before


@pytest.mark.parametrize("status", [302, 403, 404, 503])
def test_a_list_that_cannot_be_had_is_no_reason_not_to_complete(road: Road, status: int):
    road.take(mention(check()))
    road.know(check())
    road.api.fail(status, times=2, path=EVENTS_PATH)
    report = road.run()
    assert (report.completed, report.is_whole, len(report.errors)) == (1, False, 1)


def test_where_the_api_wants_to_be_left_alone_nothing_is_asked_for(road: Road):
    road.take(mention(check()))
    road.know(check())
    road.api.fail(429, times=2, path=EVENTS_PATH, headers={"Retry-After": "3600"})
    assert road.run().exit_code == 75
    assert road.asked_for() == []


@pytest.mark.parametrize(("budget", "mentions", "completed"), [(1, 3, 0), (2, 3, 1), (20, 3, 2)])
def test_a_list_that_takes_all_requests_leaves_some_for_what_is_due(
    road: Road, budget: int, mentions: int, completed: int
):
    road.api.page_size = 1
    for number in range(40):
        road.tell("check", "created", {"check_id": f"CHK-{number}", "status": "not_started"})
    for number in range(mentions):
        road.take(mention(check(number)))
        road.know(check(number))
    report = road.run(requests_per_run=budget)
    assert (report.completed, report.pages) == (completed, budget - completed)
    assert (report.requests, report.exit_code) == (budget, 75)


def test_an_end_without_a_status_gets_it_and_keeps_its_own_time(road: Road):
    road.tell("check", "finished", {"check_id": check(), "country": "CO"})
    road.know(check(), country="MX", score=0.9)
    report = road.run()
    assert (report.new, report.completed) == (1, 1)
    assert road.rows(EVENTS) == [(check(), "completed", "exact", "verified", "vendor")]
    told = "SELECT raw_type, raw_action, object ->> 'country', object ->> 'score' FROM events"
    assert road.rows(told) == [("check", "finished", "CO", 0.9)]
    assert road.rows("SELECT * FROM conflicts") == []


def test_what_is_no_end_or_says_how_it_ended_is_not_asked_for(road: Road):
    road.tell("check", "created", {"check_id": check(1)})
    road.tell("check", "finished", {"check_id": check(2), "status": "completed"})
    road.tell("whatsapp_session", "expired", {"session_id": "WDI1"})
    road.run()
    assert road.asked_for() == []


def test_an_override_stands_and_a_final_status_may_flip(road: Road):
    process = {"process_id": "IDP1", "status": "success", "update_date": times.short(NOW)}
    road.api.resources["/v1/processes/IDP1"] = process
    road.tell("identity_process", "succeeded", {"process_id": "IDP1"})
    road.run()
    assert road.rows(LATEST) == [("IDP1", "success")]
    process |= {"override_status": "failure", "update_date": LATER}
    moment = NOW + timedelta(minutes=5)
    road.api.add("identity_process", "overwritten_failure", {"process_id": "IDP1"}, moment)
    road.run()
    assert road.rows(LATEST) == [("IDP1", "failure")]
    assert road.rows("SELECT status FROM resources") == [("failure",)]
    assert road.rows("SELECT status FROM events ORDER BY id") == [("success",), ("failure",)]


def test_an_end_whose_subject_has_none_yet_is_asked_for_again_in_a_while(road: Road):
    road.take(mention(check()))
    road.know(check(), status="in_progress", score=-1)
    road.run()
    assert road.rows(STATES) == [("waits", 1)]
    assert road.rows(EVENTS)[0][1:3] == ("in_progress", "exact")
    road.run()
    assert len(road.asked_for()) == 1
    road.hurry()
    road.know(check(), score=0.9, update_date=times.short(NOW + timedelta(minutes=9)))
    assert road.run().completed == 1
    assert road.rows(STATES) == [("done", 2)]
    assert road.rows("SELECT status, object ->> 'score' FROM events") == [("completed", 0.9)]
    assert road.rows("SELECT count(*) FROM conflicts") == [(0,)]


def test_an_answer_older_than_what_is_known_changes_nothing(road: Road):
    road.take(mention(check()))
    road.know(check(), status="in_progress")
    road.run()
    road.hurry()
    road.know(check(), status="not_started", update_date=times.short(NOW))
    assert road.run().completed == 0
    assert road.rows("SELECT status FROM events") == [("in_progress",)]
    assert road.rows("SELECT status FROM resources") == [("in_progress",)]


def gone_by_now(road: Road, **given: Any) -> list[int]:
    """How many are written off by each of the runs in which the API knows no such subject."""
    found = []
    for _ in range(4):
        found.append(road.run(**given).gone)
        road.hurry()
    return found


def test_a_subject_that_is_gone_is_never_asked_for_again(road: Road):
    road.take(mention(check()))
    assert gone_by_now(road) == [0, 0, 0, 1]
    assert road.run().gone == 0
    assert len(road.asked_for()) == 4
    assert road.rows(STATES) == [("gone", 4)]
    assert road.rows("SELECT gone_at IS NOT NULL, object FROM resources") == [(1, None)]


def test_where_fewer_tries_are_made_it_is_gone_by_the_last(road: Road):
    road.take(mention(check()))
    assert gone_by_now(road, completion_tries=2) == [0, 1, 0, 0]
    assert road.rows(STATES) == [("gone", 2)]


def test_a_subject_that_is_asked_for_a_moment_too_early_is_completed_a_minute_later(road: Road):
    road.take(mention(check()))
    report = road.run()
    assert (report.gone, report.unanswered, report.exit_code) == (0, 1, 0)
    assert road.rows("SELECT state, problem FROM completions") == [("waits", "HTTP 404")]
    road.know(check())
    road.hurry()
    assert road.run().completed == 1


@pytest.mark.parametrize("said", [{"message": "no such route"}, {"code": [404], "http_code": {}}])
def test_a_404_of_whoever_stands_before_the_api_makes_nothing_gone(road: Road, said: Object):
    road.take(mention(check()))
    for _ in range(4):
        road.api.fail(404, path="/v1/checks", body=json.dumps(said).encode())
        assert road.run().gone == 0
        road.hurry()
    road.know(check())
    assert road.run().completed == 1


def test_a_later_event_of_what_was_gone_is_a_reason_to_ask_once_more_for_all(road: Road):
    road.take(mails.write(f"Check {check()} was started.", date=NOW))
    assert gone_by_now(road)[-1] == 1
    road.take(mention(check()))
    road.know(check())
    assert [road.run().completed for _ in range(3)] == [1, 1, 0]
    assert [row[1:3] for row in road.rows(EVENTS)] == [("completed", "exact")] * 2
    assert len(road.asked_for()) == 6


def test_what_is_there_again_is_not_gone_though_its_word_is_older(road: Road):
    road.take(mails.write(f"Check {check()} was started.", date=NOW))
    road.know(check())
    road.run()
    del road.api.resources[f"/v1/checks/{check()}"]
    road.take(mention(check()))
    assert gone_by_now(road)[-1] == 1
    road.know(check(), update_date=times.short(NOW))
    road.take(mails.write(f"Check {check()} is delayed.", date=NOW))
    road.run()
    assert road.rows("SELECT gone_at, updated_at FROM resources") == [
        (None, times.stored(times.parse(LATER)))
    ]


def test_a_clock_that_was_ahead_puts_no_completion_off(road: Road, monkeypatch):
    road.take(mention(check()))
    with monkeypatch.context() as ahead:
        ahead.setattr(times, "now", lambda: NOW + timedelta(days=3650))
        road.run()
    assert road.rows("SELECT state, next_at > '2030' FROM completions") == [("waits", 1)]
    road.know(check())
    assert road.run().completed == 1


@pytest.mark.parametrize("is_known", [False, True])
def test_what_came_of_an_unproven_mail_keeps_no_proven_one_from_being_completed(
    road: Road, is_known
):
    road.take(mention(check(), proof=None), trust=OPEN)
    if is_known:
        road.know(check())
    road.run(complete_unverified=True)
    road.know(check())
    road.take(mention(check()))
    assert road.rows(EVENTS) == [(check(), None, "mentioned", "verified", "mail")]
    assert road.run().completed == 1
    assert road.rows(EVENTS) == [(check(), "completed", "exact", "verified", "mail")]


def test_each_is_asked_for_so_many_times_and_no_more(road: Road):
    road.take(mention(check()))
    road.know(check(2))
    road.api.ignores_ids = True
    for _ in range(4):
        assert road.run(completion_tries=3).exit_code == 0
        road.hurry()
    assert len(road.asked_for()) == 3
    assert road.rows(STATES) == [("given_up", 3)]
    ((problem,),) = road.rows("SELECT problem FROM completions")
    assert "another subject" in str(problem)
    assert road.rows(EVENTS)[0][1:3] == (None, "mentioned")


def test_the_waits_grow_to_a_day():
    assert [wait(tries).total_seconds() for tries in range(1, 8)] == [
        *(60, 300, 1_500, 7_500, 37_500),
        *(86_400, 86_400),
    ]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 302, "headers": {"Location": "https://192.0.2.1/"}},
        {"status": 200, "body": b"<html>"},
        {"status": 200, "body": b'{"check": [1]}'},
        {"status": 200, "body": b'{"check": {"check_id": "CHK1", "score": ' + b"9" * 400 + b"}}"},
        {"status": 200, "body": b"{}"},
        {"status": 418},
        {"status": 404, "body": b"<html>"},
        {"status": 500, "times": 2},
    ],
)
def test_one_that_fails_is_noted_and_the_rest_go_on(road: Road, fault: dict[str, Any]):
    road.take(mention(check(1)), mention(check(2)))
    road.know(check(1))
    road.know(check(2))
    road.api.fail(path=f"/v1/checks/{check(1)}", **fault)
    report = road.run()
    assert (report.completed, report.unanswered, report.exit_code) == (1, 1, 0)
    assert road.rows(STATES) == [("waits", 1), ("done", 1)]
    assert [row[1:3] for row in road.rows(EVENTS)] == [(None, "mentioned"), ("completed", "exact")]
    road.hurry()
    assert road.run().completed == 1


def test_an_api_in_trouble_costs_no_subject_its_tries(road: Road):
    road.take(*(mention(check(number)) for number in range(5)))
    road.api.fail(503, times=99, path="/v1/checks")
    assert road.run().exit_code == 75
    assert road.rows(STATES) == [("waits", 0)] * 3
    assert len(road.asked_for()) == 6


def test_subjects_that_never_get_an_answer_do_not_keep_it_from_the_others(road: Road):
    road.take(*(mention(check(number)) for number in range(6)))
    for number in range(3):
        road.api.fail(500, times=99, path=f"/v1/checks/{check(number)}")
        road.know(check(3 + number))
    assert [road.run().completed for _ in range(2)] == [0, 3]
    assert road.rows(STATES) == [("waits", 1)] * 3 + [("done", 1)] * 3


def test_a_key_that_may_not_read_one_kind_reads_the_others(road: Road):
    road.tell("identity_process", "succeeded", {"process_id": "IDP1"})
    road.tell("identity_process", "succeeded", {"process_id": "IDP2"})
    road.tell("check", "finished", {"check_id": check()})
    road.know(check())
    road.api.fail(403, path="/v1/processes")
    report = road.run()
    assert (report.completed, report.exit_code) == (1, 78)
    assert len(road.asked_for()) == 2


def test_what_the_key_may_not_read_is_noted_and_costs_no_try(road: Road):
    road.take(mention(check()))
    road.api.fail(403, path="/v1/checks")
    road.run()
    ((state, tries, problem),) = road.rows("SELECT state, tries, problem FROM completions")
    assert (state, tries) == ("waits", 0)
    assert str(problem).startswith("api.key: 127.0.0.1 does not allow this")
    road.know(check())
    assert road.run().completed == 1


def test_what_the_key_may_not_read_takes_no_room_of_what_it_may(road: Road):
    road.take(*(mention(check(number)) for number in range(9)))
    road.take(mails.write("The identity process IDP1 has succeeded.", date=NOW))
    road.api.resources["/v1/processes/IDP1"] = {"process_id": "IDP1", "status": "success"}
    road.api.fail(403, path="/v1/checks")
    report = road.run(requests_per_run=5)
    assert (report.completed, report.exit_code, report.waiting) == (1, 78, 9)
    assert len(road.asked_for()) == 2


def test_a_key_that_may_not_read_the_list_reads_what_it_may(road: Road):
    road.take(mention(check()))
    road.know(check())
    road.api.fail(403, path="/v1/hooks/events")
    report = road.run()
    assert (report.completed, report.exit_code) == (1, 78)


def multiply(connection: sqlite3.Connection, times: int) -> None:
    """Make so many events, each of a subject of its own, of the only one."""
    connection.execute("CREATE TEMP TABLE copies AS SELECT * FROM events")
    for number in range(2, times + 1):
        named = {"id": number, "key": f"CHK{number}/check.finished", "subject": f"CHK{number}"}
        connection.execute(
            "UPDATE copies SET id = :id, revision = :id, key = :key, subject_id = :subject", named
        )
        connection.execute("INSERT INTO events SELECT * FROM copies")


def test_ten_thousand_mentions_at_once_take_no_more_than_the_budget(road: Road):
    road.take(mention(check()))
    with Store(road.path) as store:
        store.write(lambda connection, _: multiply(connection, 10_000))
    report = road.run(requests_per_run=50)
    assert (report.requests, report.unanswered, report.exit_code) == (50, 49, 0)
    assert report.waiting == 9_951


def test_what_is_due_is_found_among_mentions_and_ends_alone(road: Road):
    road.take(mention(check()))
    sql = f"EXPLAIN QUERY PLAN {completions._DUE}"  # noqa: SLF001 - what no caller can see
    with Reader(road.path) as reader:
        plan = reader.rows(
            sql, completions.Question(("check",), unverified=False, now=NOW).values | {"most": 9}
        )
    lines = [row["detail"] for row in plan if " e " in row["detail"]]
    assert "SEARCH e USING INDEX events_incomplete (confidence=?)" in lines
    assert not [line for line in lines if line.startswith("SCAN")]


def test_a_subject_is_asked_for_once_whatever_waits_for_it(road: Road):
    road.take(mention(check()), mails.write(f"Check {check()} was started.", date=NOW))
    road.know(check())
    assert road.run().completed == 2
    assert len(road.asked_for()) == 1


def test_what_is_not_proven_makes_no_request(road: Road):
    road.take(mention(check(), proof=None), trust=OPEN)
    assert road.rows(EVENTS)[0][2:4] == ("mentioned", "unverified")
    road.know(check())
    assert road.run().completed == 0
    assert road.asked_for() == []


def test_where_it_may_what_is_not_proven_gains_content_but_no_proof(road: Road):
    road.take(*(mention(check(number), proof=None) for number in range(5)), trust=OPEN)
    for number in range(5):
        road.know(check(number))
    report = road.run(complete_unverified=True, requests_per_run=20)
    assert report.completed == 2
    completed = ("completed", "exact", "unverified")
    assert [row[1:4] for row in road.rows(EVENTS)][:2] == [completed, completed]


def test_what_is_not_proven_takes_no_more_requests_than_its_share_however_often_it_is_asked(
    road: Road,
):
    road.take(*(mention(check(number), proof=None) for number in range(9)), trust=OPEN)
    road.api.fail(503, times=99, path="/v1/checks")
    road.run(complete_unverified=True, requests_per_run=20)
    assert len(road.asked_for()) == 2


def test_replay_of_an_answer_changes_nothing(road: Road):
    road.take(mention(check(1)), mention(check(2), proof=None), trust=OPEN)
    for number in (1, 2):
        road.know(check(number))
    assert road.run(complete_unverified=True, requests_per_run=20).completed == 2
    before = road.rows("SELECT * FROM events")
    with Store(road.path) as store:
        replay.replay(store, OPEN, Selection())
    assert road.rows("SELECT * FROM events") == before


def test_what_was_fetched_of_a_subject_goes_with_its_last_event(road: Road):
    road.take(mention(check()))
    road.know(check())
    road.run()
    with Store(road.path) as store:
        from mailhook.store.pruning import prune

        prune(store, config.StoreSettings(raw_days=1, event_days=2), NOW + timedelta(days=9))
    assert road.rows("SELECT count(*) FROM resources") == [(0,)]
    assert road.rows("SELECT count(*) FROM completions") == [(0,)]


def test_an_asking_is_no_telling_of_the_api(road: Road):
    road.take(mention(check()))
    road.know(check())
    road.run()
    told = road.rows("SELECT email_at IS NOT NULL, api_at, sightings FROM channels")
    assert told == [(1, None, 1)]
    assert road.rows("SELECT road FROM carried") == [("email",)]


def test_it_is_examined_as_the_event_it_was_asked_for():
    raw = (
        b'{"event_type": "check", "event_action": "finished", "object": {"check_id": "CHK1"},'
        b' "completes": {"key": "CHK1/check.finished", "authenticity": "unverified"}}'
    )
    delivery = Delivery("api", "https://api.checks.truora.com/v1/checks/CHK1#x", NOW, raw)
    finding = pipeline.examine(delivery, TRUST)
    assert [(one.authenticity, one.time_source) for one in finding.events] == [
        ("unverified", "observed")
    ]
    assert finding.authenticity_detail == "told by the vendor's API at api.checks.truora.com"
    broken = pipeline.examine(replace(delivery, raw=b"[]"), TRUST)
    assert broken.reason == "malformed_notice: an event is no JSON object"


def test_stopped_in_the_middle_the_next_run_goes_on(road: Road):
    road.take(*(mention(check(number)) for number in range(3)))
    for number in range(3):
        road.know(check(number))
    settings = config.Settings(api=settings_of(road.api, road.folder))
    asked_for: list[int] = []

    def progress(count: int) -> None:
        asked_for.append(count)
        if len(asked_for) == 2:
            raise TemporaryError("it ends early")

    with Store(road.path) as store:
        assert reconcile(settings, store, TRUST, progress=progress).exit_code == 75
    done = len(road.asked_for())
    assert 0 < done < 3
    assert road.run().completed == 3 - done
    assert len(road.asked_for()) == 3
