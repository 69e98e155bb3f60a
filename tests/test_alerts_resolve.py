"""alerts resolve: a person has seen to it, and status speaks of it no more."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import mails
import pytest
from command import Home
from scripted_imap import ScriptedImap
from service import batch, running
from test_service_store import command

DISABLED = mails.write(
    "Your webhook for https://hooks.example.com/hooks has been disabled: too many of its"
    " deliveries have failed.\r\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    assert made.deliver(DISABLED) == ["alert"]
    return made


def asked(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def test_a_resolved_alert_is_told_no_more_and_who_resolved_it_is_written_down(home: Home):
    assert len(json.loads(home.call("status", "--json").out)["alerts"]) == 1
    done = home.call("alerts", "resolve", "1", "--why", "its server is mended")
    assert (done.code, done.out) == (0, "1 alert resolved\n")
    assert json.loads(home.call("status", "--json").out)["alerts"] == []
    ((state, resolved_at),) = asked(home.store, "SELECT state, resolved_at FROM alerts")
    assert (state, bool(resolved_at)) == ("resolved", True)
    sql = "SELECT what, why, detail FROM audit"
    assert asked(home.store, sql) == [("alerts resolve", "its server is mended", '{"alerts":[1]}')]
    assert home.call("alerts", "resolve", "1").code == 0
    assert asked(home.store, "SELECT resolved_at FROM alerts") == [(resolved_at,)]


def test_where_one_is_not_there_none_is_resolved(home: Home):
    done = home.call("alerts", "resolve", "1", "7", "8")
    assert (done.code, done.err) == (2, "mailhook: no such alert: 7, 8; see `mailhook alerts`\n")
    assert asked(home.store, "SELECT state FROM alerts") == [("open",)]


def test_alerts_alone_lists_them_and_takes_its_filters(home: Home):
    assert "hook_disabled" in home.call("alerts").out
    assert json.loads(home.call("alerts", "--channel", "web", "--json").out) == []


def test_it_goes_through_the_service_that_runs(tmp_path: Path):
    with ScriptedImap(tmp_path, DISABLED) as server:
        with running(tmp_path, server.mailbox()) as service:
            service.until(batch)
            done = command(tmp_path, "alerts", "resolve", "1")
        assert (done.returncode, done.stdout) == (0, "1 alert resolved\n")
    assert asked(tmp_path / "mailhook.db", "SELECT state FROM alerts") == [("resolved",)]
