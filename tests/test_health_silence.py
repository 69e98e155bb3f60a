"""When a mailbox passes for silent and the service for stopped, and when not yet."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from command import Home

from mailhook import config, times
from mailhook.health import Health, look
from mailhook.sources.place import url
from mailhook.store import Reader, Store

NOW = times.parse("2026-08-03T10:00:00Z")
assert NOW
SECOND = timedelta(seconds=1)
FOLDERS = ["INBOX", "Polled"]
_BEAT = "REPLACE INTO heartbeat (name, at, error, failing_since) VALUES (?, ?, ?, ?)"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path, mailboxes=[mailbox()])
    Store(home.store).close()
    return home


def mailbox(name: str = "hooks", **told: object) -> dict[str, object]:
    plain = {"name": name, "host": "imap.example.com", "username": name, "password": {"env": "X"}}
    return plain | {"folders": list(FOLDERS)} | told


def beat(home: Home, name: str, ago: float, error: str | None = None) -> None:
    """A heartbeat of so many seconds before now; `name` is `writer` or a folder of all boxes."""
    boxes = config.load(home.config).mailboxes
    sources = [name] if name == "writer" else [url(box, name) for box in boxes]
    at = times.stored(NOW - ago * SECOND)
    since = at if error else None
    with closing(sqlite3.connect(home.store)) as db, db:
        for source in sources:
            db.execute(_BEAT, (source, at, error, since))


def health(home: Home) -> Health:
    with Reader(home.store) as store:
        return look(config.load(home.config), store, NOW)


def states(home: Home) -> list[str]:
    whole = health(home)
    return [whole.service.state, *(folder.state for folder in whole.folders)]


def said(home: Home) -> list[str]:
    return [one.words for one in health(home).advice]


@pytest.mark.parametrize(
    ("told", "inbox", "polled", "expected"),
    [
        ({}, 120, 180, ["well", "well"]),
        ({}, 121, 181, ["silent", "silent"]),
        ({"probe_seconds": 60, "poll_seconds": 300}, 179, 899, ["well", "well"]),
        ({"probe_seconds": 60, "poll_seconds": 300}, 181, 901, ["silent", "silent"]),
        ({"idle": False, "poll_seconds": 300}, 899, 899, ["well", "well"]),
        ({"probe_seconds": 1, "poll_seconds": 1}, 119, 119, ["well", "well"]),
    ],
)
def test_with_the_service_three_rounds_missed_are_silence_but_two_minutes_at_least(
    home: Home, told: dict[str, object], inbox: float, polled: float, expected: list[str]
):
    home.write({"mailboxes": [mailbox(**told)]})
    beat(home, "writer", 15)
    beat(home, "INBOX", inbox)
    beat(home, "Polled", polled)
    assert states(home) == ["running", *expected]


@pytest.mark.parametrize(
    ("poll_seconds", "ago", "state"),
    [(60, 890, "well"), (60, 910, "silent"), (600, 1790, "well"), (600, 1810, "silent")],
)
def test_without_a_service_a_timer_has_a_quarter_of_an_hour(
    home: Home, poll_seconds: float, ago: float, state: str
):
    home.write({"mailboxes": [mailbox(poll_seconds=poll_seconds)]})
    beat(home, "INBOX", ago)
    beat(home, "Polled", ago)
    assert states(home) == ["none", state, state]
    silent = ["hooks, INBOX; hooks, Polled: no completed round trip since 2026-08-03T09:"]
    for words, begin in zip(said(home), silent if state == "silent" else [], strict=True):
        assert words.startswith(begin)
        assert words.endswith("Z; is the service running, or the timer?")


def test_a_service_that_stopped_is_told_within_a_minute_and_instead_of_its_silence(home: Home):
    beat(home, "INBOX", 70)
    beat(home, "Polled", 500)
    beat(home, "writer", 60)
    assert states(home) == ["running", "well", "silent"]
    beat(home, "writer", 61)
    assert states(home) == ["stopped", "well", "silent"]
    assert said(home) == [
        (
            "no sign of the service since 2026-08-03T09:58:59Z: it is stopped or cannot write;"
            " see `systemctl status mailhook`"
        )
    ]
    assert not health(home).is_well


def test_a_service_that_took_its_leave_is_told_at_once_until_somebody_polls(home: Home):
    beat(home, "INBOX", 30)
    beat(home, "Polled", 30)
    beat(home, "writer", 20)
    with Store(home.store) as store:
        store.beat("writer", "the service was stopped")
    assert states(home) == ["stopped", "well", "well"]
    assert said(home) == [
        "the service was stopped at 2026-08-03T09:59:40Z; start it: `systemctl start mailhook`"
    ]
    beat(home, "INBOX", 10)
    assert states(home) == ["none", "well", "well"]


def test_who_gave_the_service_up_for_a_timer_is_well(home: Home):
    beat(home, "writer", 100_000)
    beat(home, "INBOX", 240)
    beat(home, "Polled", 240)
    assert states(home) == ["none", "well", "well"]
    assert health(home).is_well


def test_a_silent_mailbox_beside_a_running_service_is_told_apart_from_a_stopped_one(home: Home):
    beat(home, "writer", 5)
    beat(home, "INBOX", 300)
    beat(home, "Polled", 20)
    assert said(home) == [
        (
            "hooks, INBOX: no completed round trip since 2026-08-03T09:55:00Z; the service runs but"
            " does not get there; see its log"
        )
    ]


def test_a_first_sweep_that_takes_an_hour_is_alive_by_its_batches(home: Home):
    beat(home, "writer", 5)
    beat(home, "INBOX", 3600)
    (box,) = config.load(home.config).mailboxes
    with closing(sqlite3.connect(home.store)) as db, db:
        for name in FOLDERS:
            row = (url(box, name), 9, 500, times.stored(NOW - 100 * SECOND))
            db.execute("INSERT INTO positions VALUES (?, ?, ?, ?)", row)
    assert states(home) == ["running", "well", "well"]


def test_a_clock_a_little_behind_is_borne(home: Home):
    for name in ("writer", *FOLDERS):
        beat(home, name, -50)
    assert states(home) == ["running", "well", "well"]


def test_beats_of_the_future_are_not_fresh_for_ever(home: Home):
    for name in ("writer", *FOLDERS):
        beat(home, name, -7200)
    assert states(home) == ["stopped", "silent", "silent"]
    beat(home, "writer", 5)
    assert states(home) == ["running", "silent", "silent"]


def test_a_mailbox_in_back_off_shows_its_error_and_since_when(home: Home):
    beat(home, "writer", 5)
    beat(home, "INBOX", 600, "imap.example.com refuses the login: (you)")
    beat(home, "Polled", 20)
    whole = health(home)
    assert [one.state for one in whole.folders] == ["failing", "well"]
    (advice,) = whole.advice
    brief = "hooks, INBOX: no round trip since 2026-08-03T09:50:00Z"
    assert advice.words == f"{brief}: imap.example.com refuses the login: (you)"
    assert advice.brief == brief


def test_many_folders_of_one_trouble_are_one_sentence(home: Home):
    home.write({"mailboxes": [mailbox(f"box-{nth}") for nth in range(10)]})
    beat(home, "INBOX", 60, "no route")
    beat(home, "writer", 5)
    failing, never = said(home)
    since = "2026-08-03T09:59:00Z"
    named = "box-0, INBOX; box-1, INBOX and 8 more"
    assert failing == f"{named}: no round trip since {since}: no route"
    assert never.startswith("box-0, Polled; box-1, Polled and 8 more: never polled; the service")


def test_a_store_without_mailboxes_has_no_service_to_miss(home: Home):
    home.write({})
    beat(home, "writer", 5000)
    assert (states(home), said(home)) == (["none"], [])
