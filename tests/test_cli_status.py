"""status: one screen that says whether all is well, and what to do if not."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import mails
import pytest
from command import Home, on_terminal
from fake_api import key_file

from mailhook import config
from mailhook.cli.status import ago_in_words
from mailhook.sources.place import url
from mailhook.store import Store
from mailhook.testing.api import FakeApi

FAILING = "The deliveries to your webhook are failing.\n\nEndpoint: https://hooks{}.example.com/\n"


def mailbox(name: str) -> dict[str, object]:
    password = {"env": "NOT_READ"}
    return {"name": name, "host": f"{name}.example.com", "username": name, "password": password}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, mailboxes=[mailbox("hooks")])


def beat(home: Home, error: str | None = None) -> None:
    settings = config.load(home.config)
    with Store(home.store) as store:
        for one in settings.mailboxes:
            store.beat(url(one, "INBOX"), error)


def test_when_all_is_well_it_says_so_and_ends_in_0(home: Home):
    home.deliver(mails.check_finished("CHK1"))
    beat(home)
    done = home.call("status")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "all is well"
    assert re.search(r"^hooks +INBOX +\d+ s ago$", done.out, re.MULTILINE)
    assert "today (UTC)       1 recorded" in lines
    assert "in quarantine     none" in lines
    assert re.search(r"^store +\d+ kB", done.out, re.MULTILINE)
    assert "what to do" not in lines


def test_how_far_the_api_was_asked_is_said_and_what_its_key_may_not_read(tmp_path: Path):
    with FakeApi() as api:
        key = {"file": str(key_file(tmp_path))}
        asks = {"key": key, "base": api.base, "requests_per_second": 0}
        home = Home(tmp_path, mailboxes=[], api=asks)
        home.deliver(mails.write(f"The check CHK{7:032x} has finished."))
        assert (
            "api               list read never; 1 event to be completed" in home.call("status").out
        )
        api.fail(403, path="/v1/checks")
        home.call("reconcile")
    done = home.call("status")
    assert done.code == 1
    assert re.search(r"^api +list read \d+ s ago; 1 event to be completed$", done.out, re.MULTILINE)
    assert "for the key may not read their subjects: api.key: 127.0.0.1" in " ".join(
        done.out.split()
    )
    assert json.loads(home.call("status", "--json").out)["api"]["waiting"] == 1


def test_when_something_is_wrong_it_says_what_to_do_and_ends_in_1(home: Home):
    beat(home, "imap.example.com refuses the login")
    done = home.call("status")
    assert done.code == 1
    assert done.out.startswith("something is wrong\n")
    assert "never" in done.out
    assert "failing" in done.out
    advice = " ".join(done.out.split("what to do\n")[1].split())
    assert advice.startswith("- hooks, INBOX: no round trip since ")
    assert advice.endswith(": imap.example.com refuses the login")


def test_a_store_fed_by_files_alone_has_no_mailboxes_to_show(tmp_path: Path):
    home = Home(tmp_path)
    home.deliver(mails.check_finished("CHK1"))
    done = home.call("status")
    assert (done.code, done.err) == (0, "")
    assert "mailbox" not in done.out


def test_as_json_it_says_all_of_it(home: Home):
    beat(home)
    home.deliver(mails.check_finished("CHK1"), mails.write("hello"))
    done = home.call("status", "--json")
    assert done.code == 1
    told = json.loads(done.out)
    assert told["is_well"] is False
    assert [folder["mailbox"] for folder in told["folders"]] == ["hooks"]
    assert told["waiting"] == {"unknown_notice": 1}
    assert told["today"] == {"quarantined": 1, "recorded": 1}
    assert [advice["wrong"] for advice in told["advice"]] == [True]


@pytest.mark.parametrize(
    ("mailboxes", "alerts", "hides"), [(1, 0, False), (1, 30, True), (4, 1, True), (20, 1, True)]
)
def test_it_is_one_screen_of_80_by_24_however_much_there_is_to_do(
    tmp_path: Path, mailboxes: int, alerts: int, *, hides: bool
):
    home = Home(tmp_path, mailboxes=[mailbox(f"hooks-{nth}") for nth in range(mailboxes)])
    home.deliver(*(mails.write(FAILING.format(nth)) for nth in range(alerts)))
    home.deliver(mails.write("hello"), mails.check_finished("CHK", proof=None))
    beat(home, "imap.example.com refuses the login; " + "who are you " * 8)
    shown = on_terminal("-c", home.config, "status").out
    assert shown.count("\n") < 24
    assert "what to do" in shown
    assert ("more: `mailhook status | less` shows them" in shown) == hides
    piped = home.call("status").out
    assert piped.count("\n- ") >= 1 + alerts + 2
    assert max(map(len, piped.splitlines())) <= 80


def test_of_twenty_mailboxes_those_in_trouble_are_on_the_screen(tmp_path: Path):
    home = Home(tmp_path, mailboxes=[mailbox(f"hooks-{nth}") for nth in range(20)])
    settings = config.load(home.config)
    with Store(home.store) as store:
        store.beat("writer")
        for nth, one in enumerate(settings.mailboxes):
            store.beat(url(one, "INBOX"), "no answer" if nth == 17 else None)
    shown = on_terminal("-c", home.config, "status").out
    assert shown.count("\n") < 24
    rows = re.findall(r"^hooks-(\d+) +INBOX.*?(failing)?(?: for \d+ s)?\s*$", shown, re.MULTILINE)
    assert rows[0] == ("17", "failing")
    hidden = re.search(r"… and (\d+) more, all well: --json shows them", shown)
    assert hidden
    assert len(rows) + int(hidden[1]) == 20
    piped = home.call("status").out
    assert re.findall(r"^hooks-(\d+)", piped, re.MULTILINE) == [str(nth) for nth in range(20)]


def test_it_says_whether_the_service_runs(home: Home):
    beat(home)
    assert "\nservice           none; polled by hand or by a timer\n" in home.call("status").out
    with Store(home.store) as store:
        store.beat("writer")
    assert re.search(r"^service +running, wrote \d s ago$", home.call("status").out, re.MULTILINE)
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE heartbeat SET at = '2026-08-03T10:00:00.000000Z'")
    done = home.call("status")
    assert done.code == 1
    assert re.search(r"^service +no sign of it; wrote \d+ d", done.out, re.MULTILINE)
    assert re.search(r"^hooks +INBOX .* ago +silent$", done.out, re.MULTILINE)
    assert done.out.count("\n- ") == 1
    with Store(home.store) as store:
        store.beat("writer")
        store.beat("writer", "the service was stopped")
    assert re.search(r"^service +stopped \d s ago$", home.call("status").out, re.MULTILINE)


def test_where_hooks_come_by_web_alone_a_service_that_does_not_run_is_wrong(tmp_path: Path):
    home = Home(tmp_path, web={})
    with Store(home.store) as store:
        store.beat("writer")
    done = home.call("status")
    assert done.code == 0
    assert re.search(r"^service +running, wrote \d s ago$", done.out, re.MULTILINE)
    with Store(home.store) as store:
        store.beat("writer", "the service was stopped")
    done = home.call("status")
    assert done.code == 1
    assert re.search(r"^service +stopped \d s ago$", done.out, re.MULTILINE)
    assert "start it: `systemctl start mailhook`" in " ".join(done.out.split())


def test_a_poll_by_hand_serves_no_hooks_so_the_stopped_service_is_still_wrong(tmp_path: Path):
    home = Home(tmp_path, mailboxes=[mailbox("hooks")], web={})
    with Store(home.store) as store:
        store.beat("writer", "the service was stopped")
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE heartbeat SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-9 minutes')")
    beat(home)
    assert "the service was stopped at" in home.call("status").out


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=0), "0 s ago"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=2, minutes=5, seconds=40), "2 h 5 min ago"),
        (timedelta(hours=2, minutes=0, seconds=40), "2 h ago"),
        (timedelta(days=4, hours=3), "4 d 3 h ago"),
        (timedelta(seconds=-3), "0 s ago"),
        (timedelta(hours=-3), "in 3 h"),
    ],
)
def test_a_while_is_told_by_its_two_largest_units(ago: timedelta, words: str):
    assert ago_in_words(mails.NOON, mails.NOON + ago) == words
