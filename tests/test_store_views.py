"""The views, and that plain SQLite reads them and all else."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import mails
import pytest
from stores import asked

from mailhook.pipeline import Trust, examine
from mailhook.store import Store

CHECK = "CHK" + "a" * 32
HOOK = mails.check_finished(CHECK)
FORGED = mails.check_finished("CHK" + "c" * 32, proof=None)
NEWS = mails.write("hi", headers=(("List-Unsubscribe", "<https://example.com/>"),))


def filled(path: Path, trust: Trust) -> Store:
    """A store in which each view has rows, still open."""
    mailed = [mails.delivered(raw, uid) for uid, raw in enumerate((HOOK, FORGED, NEWS), 1)]
    again = mails.check_finished(CHECK)
    filed = replace(mailed[0], channel="file", location="file:1", raw=again, place=None)
    posted = replace(filed, channel="web", location="web:1")
    findings = [examine(delivery, trust) for delivery in (*mailed, filed)]
    store = Store(path)
    told_by_web = replace(findings[3], delivery=posted)
    store.record([*findings[:3], replace(findings[3], unread=2), told_by_web])
    return store


def test_quarantine_shows_what_was_held_and_what_was_partly_understood(
    tmp_path: Path, trust: Trust
):
    filled(tmp_path / "mailhook.db", trust).close()
    waiting = "SELECT id, outcome, unread, sender FROM quarantine ORDER BY id"
    sender = "notifications@truora.com"
    expected = [(2, "quarantined", 0, sender), (4, "duplicate", 2, sender)]
    rows = asked(tmp_path / "mailhook.db", waiting)
    assert [(row[0], row[1], row[2], row[3]) for row in rows] == expected


def test_channels_shows_by_which_road_an_event_was_first_seen(tmp_path: Path, trust: Trust):
    path = tmp_path / "mailhook.db"
    filled(path, trust).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE sightings SET seen_at = '2026-08-03T10:0' || delivery_id")
    seen = "SELECT key, email_at, web_at, api_at, sightings FROM channels"
    at = "2026-08-03T10:0"
    assert asked(path, seen) == [(f"{CHECK}/check.finished", f"{at}1", f"{at}5", None, 3)]


def test_plain_sqlite_reads_all_of_it_while_it_is_written_and_after(tmp_path: Path, trust: Trust):
    path = tmp_path / "mailhook.db"
    store = filled(path, trust)
    named = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
    names = [str(name) for (name,) in asked(path, named)]
    assert {"events", "deliveries", "latest_status", "channels", "quarantine"} < set(names)
    during = [asked(path, f"SELECT * FROM {name}") for name in names]  # noqa: S608 - our names
    store.close()
    assert [asked(path, f"SELECT * FROM {name}") for name in names] == during  # noqa: S608
    assert asked(path, "SELECT json_extract(object, '$.status') FROM events") == [("completed",)]


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="the sqlite3 command is not installed")
def test_the_sqlite3_command_reads_it_while_it_is_written_and_after(tmp_path: Path, trust: Trust):
    path = tmp_path / "mailhook.db"
    question = ["sqlite3", path, "SELECT subject_id, status FROM latest_status"]
    with filled(path, trust):
        during = subprocess.run(question, capture_output=True, text=True, check=True).stdout
    after = subprocess.run(question, capture_output=True, text=True, check=True).stdout
    assert during == after == f"{CHECK}|completed\n"
