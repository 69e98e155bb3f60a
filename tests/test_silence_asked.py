"""A silent product's newest subject is asked for, so that `status` can say who is deaf."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import mails
import pytest
from command import Home
from fake_api import NOW, key_file
from stores import asked

from mailhook import times
from mailhook.testing.api import FakeApi

HOUR = timedelta(hours=1)
DEAF = "of which no event has come"
PROCESS = "Event: Identity process succeeded\nProcess ID: IDP1\nStatus: success\n"
SESSION = "Event: Whatsapp session expired\nSession ID: WDI1\n"


class Deaf(Home):
    """An installation that expects checks, and an API that knows them and lists nothing."""

    def __init__(self, folder: Path, api: FakeApi, **given: object) -> None:
        self.api = api
        key = {"file": str(key_file(folder))}
        asks = {"key": key, "base": api.base, "requests_per_second": 0} | given
        super().__init__(folder, expect={"checks": "24h"}, api=asks)

    def check(self, subject: str = "CHK1", ago: timedelta = 30 * HOUR) -> None:
        """A check that finished and was heard so long ago."""
        moment = times.short(NOW - ago)
        self.deliver(mails.check_finished(subject, time=moment, date=NOW - ago), at=NOW - ago)
        with closing(sqlite3.connect(self.store)) as db, db:
            db.execute("UPDATE carried SET heard_at = ?", (times.stored(NOW - ago),))

    def know(self, subject: str = "CHK1", changed: timedelta | None = 30 * HOUR) -> None:
        told = {"check_id": subject, "status": "completed"}
        if changed is not None:
            told["update_date"] = times.short(NOW - changed)
        self.api.resources[f"/v1/checks/{subject}"] = {"check": told}

    def was_answered(self, ago: timedelta) -> None:
        """The API was asked for a check so long ago, and knew it."""
        self.check()
        self.know()
        self.reconcile()
        with closing(sqlite3.connect(self.store)) as db, db:
            db.execute("UPDATE resources SET fetched_at = ?", (times.stored(NOW - ago),))

    def expect(self, products: str, mail: str) -> None:
        """Expect these too, of which the mail told as long ago as of the check."""
        kept = self.config.read_text().split("expect:")[0]
        told = f"expect: {{checks: 24h, {products}: 24h}}\ntrust: {{authserv_id: mx.example.com}}\n"
        self.config.write_text(kept + told)
        self.check()
        moment = NOW - 30 * HOUR
        mail += f"Timestamp: {times.short(moment)}\n"
        self.deliver(mails.write(mail, date=moment), at=moment)
        self.check("CHK1")

    def reconcile(self, code: int = 0) -> int:
        """How many subjects were asked for."""
        before = len(self.api.asked("/v1/checks"))
        done = self.call("reconcile")
        assert done.code == code, done.err
        return len(self.api.asked("/v1/checks")) - before

    def told(self) -> str:
        done = self.call("status", columns=500)
        assert done.code == 1
        return " ".join(done.out.split())


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (30 * HOUR, "the API answers, and its newest check has not changed since; see"),
        (30 * HOUR - timedelta(minutes=5), "its newest check has not changed since; see"),
        (2 * HOUR, f"its newest check has changed at {times.short(NOW - 2 * HOUR)}, {DEAF}; see"),
        (None, "the API answers, and does not say when its newest check has changed; see"),
    ],
    ids=["before", "just before", "since", "unknown"],
)
def test_status_says_what_the_api_says_of_the_newest_subject(
    tmp_path: Path, changed: timedelta | None, says: str
):
    with FakeApi() as api:
        home = Deaf(tmp_path, api)
        home.check()
        assert "the API" not in home.told()
        home.know(changed=changed)
        assert home.reconcile() == 1
        assert says in home.told()
    ((status, fetched_at),) = asked(home.store, "SELECT status, fetched_at FROM resources")
    assert status == "completed"
    assert str(fetched_at) > times.stored(NOW - HOUR)


def test_what_was_asked_before_it_fell_silent_says_nothing(tmp_path: Path):
    with FakeApi() as api:
        home = Deaf(tmp_path, api)
        home.was_answered(31 * HOUR)
        assert "the API" not in home.told()


def test_a_product_that_is_heard_is_not_asked_for(tmp_path: Path):
    with FakeApi() as api:
        home = Deaf(tmp_path, api)
        home.check(ago=2 * HOUR)
        home.know()
        assert home.reconcile() == 0
        api.add("check", "created", {"check_id": "CHK2", "status": "not_started"}, NOW)
        home.check("CHK3", ago=30 * HOUR)
        assert home.reconcile() == 0, "the list has told of one"


def test_what_the_api_does_not_know_is_asked_for_once(tmp_path: Path):
    with FakeApi() as api:
        home = Deaf(tmp_path, api)
        home.check()
        assert [home.reconcile(), home.reconcile()] == [1, 0]
        assert "the API" not in home.told()


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 403, "path": "/v1/checks"},
        {"status": 200, "body": b"<html>", "path": "/v1/checks"},
        {"status": 302, "headers": {"Location": "https://example.com/"}, "path": "/v1/checks"},
    ],
)
def test_what_is_no_answer_says_nothing_and_spoils_no_run(tmp_path: Path, fault: dict[str, Any]):
    with FakeApi() as api:
        home = Deaf(tmp_path, api)
        home.check()
        home.know()
        api.fail(fault.pop("status"), **fault)
        assert home.reconcile() == 1
        assert "the API" not in home.told()
    assert asked(home.store, "SELECT * FROM resources") == []


def test_it_is_asked_for_within_the_budget(tmp_path: Path):
    with FakeApi() as api:
        home = Deaf(tmp_path, api, requests_per_run=1)
        home.check()
        home.know()
        assert home.reconcile() == 0


def test_of_several_the_one_is_asked_for_that_was_not_for_longest(tmp_path: Path):
    with FakeApi() as api:
        home = Deaf(tmp_path, api)
        home.expect("digital_identity", PROCESS)
        home.know()
        before = len(api.requests)
        home.reconcile()
        home.reconcile()
        subjects = [one.path for one in api.requests[before:] if "/hooks/events" not in one.path]
        assert len(subjects) == len({*subjects}) == 2


def test_a_product_without_an_address_in_the_api_keeps_no_other_from_its_turn(tmp_path: Path):
    with FakeApi() as api:
        home = Deaf(tmp_path, api)
        home.expect("whatsapp_session", SESSION)
        home.know()
        assert [home.reconcile(), home.reconcile()] == [1, 1]
        home.know(changed=HOUR)
        home.reconcile()
        assert DEAF in home.told()


def test_a_product_that_is_refused_keeps_no_other_from_its_turn(tmp_path: Path):
    with FakeApi() as api:
        home = Deaf(tmp_path, api)
        home.expect("digital_identity", PROCESS)
        api.fail(403, path="/v1/checks")
        assert home.reconcile() == 1
        assert len(api.asked("/v1/processes")) == 1


def test_an_answer_of_some_time_ago_is_told_with_its_time(tmp_path: Path):
    with FakeApi() as api:
        home = Deaf(tmp_path, api)
        home.was_answered(2 * HOUR)
        when = times.short(NOW - 2 * HOUR)
        says = f"the API answered last at {when}, and its newest check had not changed until then"
        assert says in home.told()
