"""`mailhook reconcile`, and the service that asks by itself: what is said, and how it ends."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import mails
import pytest
import stamina
import warm
from command import MAILHOOK, PLAIN, Home
from fake_api import NOW, fill, key_file
from stores import asked

from mailhook import times
from mailhook.errors import TemporaryError
from mailhook.store import Store
from mailhook.testing.api import FakeApi
from mailhook.worker.pulse import Pulse


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi(page_size=4) as server:
        yield server


def home_of(api: FakeApi, folder: Path, **settings: Any) -> Home:
    return Home(folder, api=given(api, folder) | settings)


def given(api: FakeApi, folder: Path) -> dict[str, Any]:
    key = {"file": str(key_file(folder))}
    return {"key": key, "base": api.base, "requests_per_second": 0}


def test_it_says_what_it_did_in_words(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path)
    fill(api, 9)
    api.add("check", "finished", {"check_id": "CHK1"}, object="{")
    done = home.call("reconcile")
    assert (done.code, done.err) == (0, "")
    said = done.out.splitlines()
    assert said[:3] == [
        "10 events listed on 3 pages, 3 requests made",
        "0 known, 9 new: no other road had brought them",
        "1 event not understood: see `mailhook quarantine list`",
    ]
    (read_until,) = asked(home.store, "SELECT read_until FROM listings")[0]
    until = f"{read_until[:19]}Z"
    assert said[3] == f"all that was listed up to {until} is recorded"
    assert home.call("reconcile").out.splitlines()[1] == "10 known, 0 new"


def test_it_tells_programs_all_of_it(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path)
    fill(api, 3, days=80)
    done = json.loads(home.call("reconcile", "--since", "90d", "--json").out)
    told = {name: done[name] for name in ("pages", "listed", "new", "known", "failed", "errors")}
    assert told == {"pages": 1, "listed": 3, "new": 3, "known": 0, "failed": 0, "errors": []}
    assert "out of its reach" in done["gap"]


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [(401, 78, "api.key"), (503, 75, "in trouble"), (404, 78, "no list")],
)
def test_its_exit_code_says_whose_it_is_to_mend(
    api: FakeApi, tmp_path: Path, status: int, code: int, word: str
):
    home = home_of(api, tmp_path)
    api.fail(status, times=4)
    with stamina.set_testing(testing=True, attempts=4, cap=True):
        done = home.call("reconcile")
    assert done.code == code
    assert done.err.startswith("asking the vendor's API: ")
    assert word in done.err
    assert "known" not in done.out
    (last,) = [line for line in done.out.splitlines() if "not read to its end" in line]
    assert last.endswith("; the next run goes on once that is mended") == (code == 78)
    assert last.endswith("; the next run goes on") == (code == 75)


def test_of_a_single_request_it_speaks_in_the_singular(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path, requests_per_run=1)
    fill(api, 9)
    done = home.call("reconcile")
    assert done.code == 75
    assert "1 request was made" in done.err


def test_it_notes_the_roads_of_the_settings_so_that_what_the_api_missed_is_said(
    api: FakeApi, tmp_path: Path
):
    home = home_of(api, tmp_path)
    mail = tmp_path / "a.eml"
    moment = NOW - timedelta(hours=5)
    mail.write_bytes(mails.check_finished("CHK2", time=times.short(moment), date=moment))
    api.add("check", "finished", {"check_id": "CHK1"}, NOW - timedelta(days=5))
    home.call("reconcile")
    home.call("ingest", str(mail))
    assert asked(home.store, "SELECT road FROM roads WHERE until IS NULL") == [("api",)]
    assert asked(home.store, "SELECT subject_id, road FROM missed") == [("CHK2", "api")]


def test_without_settings_it_says_what_to_set(tmp_path: Path):
    done = Home(tmp_path).call("reconcile")
    assert done.code == 78
    assert "api: {key: {credential: truora-api-key}}" in done.err


@contextmanager
def service(home: Home) -> Iterator[subprocess.Popen[str]]:
    program = [MAILHOOK, "-c", home.config, "run"]
    with warm.Popen(program, stderr=subprocess.PIPE, text=True, env=PLAIN) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """The next line of the log that says this."""
    assert process.stderr
    seen = []
    for line in process.stderr:
        seen.append(line)
        told: dict[str, Any] = json.loads(line)
        if event in told["event"]:
            return told
    raise AssertionError(seen)


def test_a_reload_does_not_forget_what_the_api_asked_us_to_wait(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path)
    api.fail(429, headers={"Retry-After": "3600"})
    with service(home) as process:
        until(process, "slow down")
        process.send_signal(signal.SIGHUP)
        until(process, "wants to be left alone")
        assert len(api.requests) == 1


def test_the_service_asks_at_its_start_and_again_and_for_whoever_wants_it(
    api: FakeApi, tmp_path: Path
):
    home = home_of(api, tmp_path, reconcile_minutes=0.02)
    fill(api, 5)
    with service(home) as process:
        assert until(process, "asked the API")["new"] == 5
        fill(api, 2, days=0.01)
        while not until(process, "asked the API")["new"]:
            pass
        done = home.call("reconcile", "--json")
        while done.code == 75:  # it is asking just now
            done = home.call("reconcile", "--json")
        assert json.loads(done.out)["is_whole"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert asked(home.store, "SELECT count(*) FROM events")


def test_the_service_ends_while_it_asks_and_the_next_one_goes_on(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path, requests_per_second=4)
    fill(api, 200)
    with service(home) as process:
        until(process, "running")
        assert api.wait(2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    ((count,),) = asked(home.store, "SELECT count(*) FROM events")
    assert 0 < int(str(count)) < 200
    assert int(str(count)) % 4 == 0
    home.write({"api": given(api, tmp_path)})
    assert home.call("reconcile").code == 0
    assert asked(home.store, "SELECT count(*) FROM events") == [(200,)]


def test_a_refused_key_does_not_end_the_service(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path, reconcile_minutes=0.02)
    fill(api, 1)
    api.fail(401)
    with service(home) as process:
        told = until(process, "API")["event"]  # nothing of a list before it
        assert told.startswith("asking the vendor's API: api.key: ")
        assert told.endswith("; will be tried again")
        assert until(process, "asked the API")["new"] == 1


def test_killed_in_the_middle_the_next_one_finishes_it(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path, requests_per_second=2)
    fill(api, 40)
    program = [MAILHOOK, "-c", home.config, "reconcile"]
    with warm.Popen(program, stdout=subprocess.DEVNULL, env=PLAIN) as process:
        assert api.wait(4)
        process.kill()
    ((count,),) = asked(home.store, "SELECT count(*) FROM events")
    assert 0 < int(str(count)) < 40
    home.write({"api": given(api, tmp_path)})
    assert home.call("reconcile").code == 0
    assert asked(home.store, "SELECT count(*), count(DISTINCT key) FROM events") == [(40, 40)]
    assert asked(home.store, "SELECT count(*) FROM deliveries") == [(40,)]


def test_what_came_by_the_api_is_explained_and_shown(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path)
    fill(api, 1)
    api.add("check", "finished", {"check_id": "CHK9"}, object="{")
    home.call("reconcile")
    assert "told by the vendor's API" in home.call("explain", "2").out
    waits = home.call("quarantine", "show", "1")
    assert waits.code == 0
    assert "no strict JSON" in waits.out
    assert len(json.loads(home.call("events", "--channel", "api", "--json").out)) == 1
    assert home.call("replay").code == 0


def test_status_says_what_keeps_us_from_the_api_and_takes_an_hour_of_it_for_wrong(
    api: FakeApi, tmp_path: Path
):
    home = home_of(api, tmp_path)
    api.fail(401)
    home.call("reconcile")
    said = home.call("status", columns=300)
    assert "the vendor's API cannot be read since" in said.out
    assert said.code == 0
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE listings SET failing_since = '2026-08-03T10:00:00.000000Z'")
    assert home.call("status").code == 1
    home.call("reconcile")
    assert "cannot be read" not in home.call("status", columns=300).out


def test_status_says_that_the_key_is_gone_in_one_line(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path)
    home.call("reconcile")
    (tmp_path / "api-key").unlink()
    assert home.call("reconcile").code == 78
    said = home.call("status", columns=400).out
    assert "the vendor's API cannot be read since" in said
    assert "no such file" in said
    assert "\\x0a" not in said
    key_file(tmp_path)
    assert home.call("reconcile").code == 0
    assert "cannot be read" not in home.call("status", columns=400).out


def test_a_mailbox_that_is_back_after_an_outage_is_told_and_a_short_one_is_not(tmp_path: Path):
    now, back = [100.0], list[float]()
    with Store(tmp_path / "mailhook.db") as store:
        beats = Pulse(store, lambda: back.append(now[0]), lambda: now[0])
        for down, outage in ((0, 59), (1, 61)):
            beats.beat(["imap://a"])
            beats.failed(["imap://a"], TemporaryError("no answer"))
            now[0] += outage
            beats.failed(["imap://a"], TemporaryError("no answer"))
            beats.beat(["imap://a"])
            assert len(back) == down
