"""A round without a service asks the vendor's API, too: one timer is enough for both."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import mails
from command import Home
from fake_api import NOW, fill, key_file
from stores import asked

from mailhook import config, times
from mailhook.store import Store
from mailhook.testing.api import FakeApi
from mailhook.trust import Trust
from mailhook.worker import polling
from mailhook.worker.rounds import Round

FAILING = "Deliveries of your webhook to https://hooks.example.com/hooks are failing."


def home_of(api: FakeApi, folder: Path) -> Home:
    key = {"file": str(key_file(folder))}
    asks = {"key": key, "base": api.base, "requests_per_second": 0}
    return Home(folder, mailboxes=[], api=asks)


def polled(home: Home) -> Round:
    settings = config.load(home.config)
    with Store(home.store) as store:
        return polling.poll(settings, store, Trust.of(settings.trust))


def test_a_poll_asks_the_api_where_that_is_due_or_an_alert_tells_of_a_gap(tmp_path: Path):
    with FakeApi() as api:
        home = home_of(api, tmp_path)
        fill(api, 3)
        assert polled(home).errors == []
        assert asked(home.store, "SELECT count(*) FROM events") == [(3,)]
        asked_once = len(api.requests)
        assert polled(home).errors == []
        assert len(api.requests) == asked_once
        mail = mails.write(f"{FAILING}\r\n", date=NOW - timedelta(hours=1))
        home.deliver(mail, at=NOW)
        polled(home)
        assert asked(home.store, "SELECT state FROM alerts") == [("healed",)]
        with closing(sqlite3.connect(home.store)) as db, db:
            ago = times.stored(times.now() - timedelta(minutes=16))
            db.execute("UPDATE listings SET read_at = ?", (ago,))
        asked_twice = len(api.requests)
        polled(home)
        assert len(api.requests) > asked_twice


def test_where_the_api_cannot_be_asked_a_poll_says_so_beside_its_mails(tmp_path: Path):
    with FakeApi() as api:
        home = home_of(api, tmp_path)
        api.fail(401)
        (error,) = polled(home).errors
    assert "does not accept the key" in str(error)
