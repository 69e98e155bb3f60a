"""An event's own word and its subject's: the one as told by a road, the other in its gaps only."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import mails
import pytest
from fake_api import NOW
from test_completion import LATER, STATES, Road, check, mention, road

from mailhook import times
from mailhook.queries import QUERIES
from mailhook.store import Store
from mailhook.testing.api import FakeApi

__all__ = ["road"]

CREATED = mails.write(f"Check {check()} was created.", date=NOW)
ROWS = "SELECT event_action, status, confidence, object, updated_at, fetched FROM events"
LATEST = "SELECT event_action, status FROM latest_status"
BEFORE = times.short(NOW - timedelta(minutes=1))


def test_the_exact_telling_of_a_completed_mention_takes_its_place(road: Road):
    road.take(mention(check()))
    road.know(check(), status="in_progress", update_date=BEFORE)
    road.run()
    said = {"status": "completed", "score": 0.2, "update_date": times.short(NOW)}
    road.tell("check", "finished", {"check_id": check()} | said)
    road.run()
    assert road.rows("SELECT status, object ->> 'score', fetched FROM events") == [
        ("completed", 0.2, None)
    ]
    assert road.rows(LATEST) == [("finished", "completed")]
    road.api.resources.clear()
    road.hurry()
    assert road.run().gone == 0
    assert road.rows(STATES) == [("done", 1)]
    assert road.rows("SELECT * FROM conflicts") == []


def test_what_was_told_in_the_meantime_is_not_asked_for_again(road: Road):
    road.take(CREATED)
    road.know(check(), score=0.9)
    road.api.fail(302, path="/v1/checks")
    road.run()
    assert road.rows(STATES) == [("waits", 1)]
    road.tell("check", "created", {"check_id": check(), "status": "not_started", "score": -1})
    road.run()
    before = road.rows(ROWS)
    road.hurry()
    assert road.run().waiting == 0
    assert (road.rows(ROWS), len(road.asked_for())) == (before, 1)
    assert road.rows(STATES) == [("done", 1)]


CREATION = ("created", {"status": "not_started", "score": -1, "update_date": times.short(NOW)})
THIN_END = ("finished", {"country": "CO"})
END = ("finished", {"country": "CO", "status": "completed", "score": 0.2})


@pytest.mark.parametrize(
    ("mail", "told"),
    [(CREATED, CREATION), (mention(check()), THIN_END), (mention(check()), END)],
    ids=["created", "thin end", "end"],
)
def test_mail_list_and_subject_come_to_the_same_in_any_order(
    tmp_path: Path, mail: bytes, told: tuple[str, dict[str, object]]
):
    def lived(nth: int, order: Sequence[str]) -> list[object]:
        folder = tmp_path / str(nth)
        folder.mkdir()
        with FakeApi() as api:
            road = Road(folder, api)
            road.know(check(), score=0.9, country="MX")
            for step in order:
                if step == "mail":
                    road.take(mail)
                elif step == "list":
                    road.tell("check", told[0], {"check_id": check(), **told[1]})
                else:
                    road.run()
            road.run()
            rows = "SELECT event_action, status, confidence, updated_at FROM events"
            members = "SELECT j.key, j.value FROM events e, json_each(e.object) j ORDER BY j.key"
            fetched = "SELECT j.value FROM events e, json_each(e.fetched) j ORDER BY j.value"
            asked = (rows, members, fetched, "SELECT * FROM conflicts")
            return [road.rows(sql) for sql in asked]

    first, *others = [
        lived(nth, order) for nth, order in enumerate(permutations(("mail", "list", "run")))
    ]
    assert all(one == first for one in others)


def test_a_flip_waits_until_its_subject_knows_of_it(road: Road):
    old = {"process_id": "IDP1", "status": "success", "update_date": times.short(NOW)}
    road.api.resources["/v1/processes/IDP1"] = old
    road.tell("identity_process", "succeeded", {"process_id": "IDP1"})
    road.run()
    moment = NOW + timedelta(minutes=5)
    road.api.add("identity_process", "overwritten_failure", {"process_id": "IDP1"}, moment)
    road.run()
    assert road.rows(STATES) == [("done", 1), ("waits", 1)]
    assert road.rows(LATEST) == [("overwritten_failure", "overwritten_failure")]
    new = old | {"override_status": "failure", "update_date": times.short(moment)}
    road.api.resources["/v1/processes/IDP1"] = new
    road.hurry()
    road.run()
    assert road.rows(STATES) == [("done", 1), ("done", 2)]
    assert road.rows("SELECT status FROM latest_status") == [("failure",)]


@pytest.mark.parametrize(
    "said",
    [times.short(NOW)[:-1] + ".412Z", times.short(NOW + timedelta(seconds=2))],
    ids=["cut fraction", "two clocks"],
)
def test_an_end_that_is_hardly_older_than_the_event_is_its_end(road: Road, said: str):
    road.tell("check", "finished", {"check_id": check(), "update_date": said})
    road.know(check(), update_date=times.short(NOW))
    assert road.run().completed == 1
    assert road.rows("SELECT status, updated_at FROM events")[0][0] == "completed"
    assert road.rows(STATES) == [("done", 1)]


def test_an_answer_from_before_the_event_is_asked_for_again(road: Road):
    road.tell("check", "finished", {"check_id": check(), "update_date": LATER})
    road.know(check(), update_date=times.short(NOW))
    assert (road.run().completed, road.rows(STATES)) == (0, [("waits", 1)])
    assert road.rows("SELECT problem FROM completions") == [
        ("its subject is told as it was before the event",)
    ]
    road.know(check(), update_date=LATER)
    road.hurry()
    assert (road.run().completed, road.rows(STATES)) == (1, [("done", 2)])


def test_what_is_no_end_need_not_have_changed_its_subject(road: Road):
    road.take(mails.write(f"Check {check()} was delayed at {LATER}.", date=NOW))
    road.know(check(), status="in_progress", update_date=BEFORE)
    assert (road.run().completed, road.rows(STATES)) == (1, [("done", 1)])
    assert road.rows("SELECT event_action, time_source FROM events") == [("delayed", "vendor")]


def test_a_telling_that_is_newer_than_what_stands_in_asks_anew(road: Road):
    road.take(mention(check()))
    road.know(check(), score=0.1, update_date=times.short(NOW))
    road.run()
    road.tell("check", "finished", {"check_id": check(), "update_date": LATER})
    road.know(check(), score=0.9, update_date=LATER)
    assert road.run().completed == 1
    assert road.rows("SELECT object ->> 'score' FROM events") == [(0.9,)]


@pytest.mark.parametrize("dated", [False, True])
def test_a_completed_beginning_is_no_newer_than_the_end(road: Road, *, dated: bool):
    road.take(mails.write(f"Check {check()} was created.", date=NOW - timedelta(minutes=10)))
    end = {"update_date": times.short(NOW)} if dated else {}
    road.tell("check", "finished", {"check_id": check(), "status": "completed", **end})
    road.know(check(), update_date=times.short(NOW + timedelta(seconds=2)))
    assert road.run().completed == 1
    assert road.rows(LATEST) == [("finished", "completed")]
    assert road.rows(QUERIES["open"].sql) == []


def test_only_what_roads_told_can_disagree(road: Road):
    road.take(mention(check()))
    road.know(check(), country="MX", score=0.9)
    road.run()
    said = {"country": "CO", "score": -1, "status": "in_progress"}
    road.tell("check", "finished", {"check_id": check()} | said)
    road.run()
    assert road.rows("SELECT field FROM conflicts") == []
    assert road.rows("SELECT field FROM disagreements") == []


def test_an_end_that_is_listed_anew_disagrees_with_nobody(road: Road):
    said = {"check_id": check(), "country": "CO", "update_date": times.short(NOW)}
    mail = f"Event: Check finished\nCheck ID: {check()}\nCountry: CO\nTimestamp: {BEFORE}\n"
    road.take(mails.write(mail, date=NOW))
    road.tell("check", "finished", said, delivery_status="pending")
    road.know(check(), country="MX")
    road.run()
    road.api.events[-1] |= {"delivery_status": "success", "update_date": LATER}
    road.run()
    assert road.rows("SELECT field, had, got FROM disagreements WHERE field <> 'occurred_at'") == []


@pytest.mark.parametrize("waiting", [1, 2, 5])
def test_a_host_that_answers_nobody_costs_no_subject_its_tries(road: Road, waiting: int):
    road.take(*(mention(check(number)) for number in range(waiting)))
    road.take(mails.write("The identity process IDP1 has succeeded.", date=NOW))
    process = {"process_id": "IDP1", "status": "success"}
    road.api.resources["/v1/processes/IDP1"] = process
    road.api.fail(503, times=9_999, path="/v1/checks")
    for _ in range(7):
        road.run()
        road.hurry()
    assert road.rows("SELECT max(tries) FROM completions WHERE state = 'waits'") == [(0,)]
    road.api.mend()
    for number in range(waiting):
        road.know(check(number))
    road.run()
    assert road.rows("SELECT DISTINCT confidence FROM events") == [("exact",)]


def test_a_mention_that_was_completed_by_an_older_mailhook_gives_way_to_its_telling(road: Road):
    road.take(mention(check(1)))
    road.tell("check", "finished", {"check_id": check(2), "country": "CO"})
    for number in (1, 2):
        road.know(check(number), score=0.9)
    road.run()
    with closing(sqlite3.connect(road.path)) as db, db:
        db.execute("UPDATE events SET updated_at = ?", (times.stored(NOW),))
        db.execute("ALTER TABLE events DROP COLUMN fetched")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm009_fetched'")
    newest = (
        "SELECT max(revision) = (SELECT value FROM counters WHERE name = 'revision') FROM events"
    )
    Store(road.path).close()
    assert road.rows("SELECT updated_at IS NULL, fetched IS NULL FROM events ORDER BY id") == [
        (1, 0),
        (0, 1),
    ]
    assert road.rows(newest) == [(1,)]
    said = {"check_id": check(1), "status": "completed", "score": 0.2}
    road.tell("check", "finished", said)
    road.run()
    assert road.rows("SELECT object ->> 'score', fetched FROM events WHERE id = 1") == [(0.2, None)]
    assert road.rows("SELECT * FROM conflicts") == []
