"""A silent product is told: by `status`, by an alarm, and a wrong name by `check`."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import mails
import pytest
from command import Home
from stores import asked

from mailhook import config, times
from mailhook.alarms.conditions import on_silence
from mailhook.alarms.sight import conditions
from mailhook.silence import Silence
from mailhook.store import Reader, Store
from mailhook.trust import Trust
from mailhook.worker import polling
from mailhook.worker.asking import Asking
from mailhook.worker.housekeeping import HEARTBEAT, chores
from mailhook.worker.pulse import Pulse
from mailhook.worker.turns import Turns

NOW, HOUR, MINUTE = mails.NOON, timedelta(hours=1), timedelta(minutes=1)


def home_of(folder: Path, **expect: str) -> Home:
    return Home(folder, expect=expect)


def heard(home: Home, ago: timedelta) -> None:
    """The one event there is was recorded so long ago."""
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE carried SET heard_at = ?", (times.stored(times.now() - ago),))


def heed(home: Home) -> None:
    with Store(home.store) as store:
        store.heed(config.load(home.config))


def test_status_has_a_line_for_each_expected_product(tmp_path: Path):
    home = home_of(tmp_path, checks="24h", signals="2d", digital_identity="auto")
    home.deliver(mails.check_finished("CHK1"))
    heard(home, 3 * HOUR)
    done = home.call("status")
    assert (done.code, done.err) == (0, "")
    assert "expected          checks: last 3 h ago, expected within 24 h\n" in done.out
    assert "                  signals: never seen, expected within 2 d\n" in done.out
    assert "digital_identity: never seen, not enough history yet" in done.out


def test_status_says_which_product_is_silent_and_ends_in_1(tmp_path: Path):
    home = home_of(tmp_path, checks="24h")
    home.deliver(mails.check_finished("CHK1"))
    heard(home, 25 * HOUR)
    done = home.call("status")
    assert done.code == 1
    assert "checks: last 1 d 1 h ago, expected within 24 h: silent\n" in done.out
    told = " ".join(done.out.split("what to do\n")[1].split())
    assert told.startswith("- checks: no event since 20")
    assert told.endswith("see whether its hook or rule still stands in the vendor's dashboard")
    (expected,) = json.loads(home.call("status", "--json").out)["expected"]
    assert (expected["product"], expected["state"]) == ("checks", "silent")


def test_what_the_settings_name_is_written_down_once_and_goes_with_them(tmp_path: Path):
    home = home_of(tmp_path, checks="24h", signals="auto")
    heed(home)
    named = "SELECT product, since FROM expected ORDER BY product"
    (checks, signals) = asked(home.store, named)
    heed(home)
    assert asked(home.store, named) == [checks, signals]
    home.write({"expect": {"checks": "1h"}, "web": {}})
    heed(home)
    assert asked(home.store, named) == [checks]
    assert asked(home.store, "SELECT road, until FROM roads") == [("web", None)]
    home.write({})
    heed(home)
    assert asked(home.store, "SELECT road FROM roads") == []


def test_a_round_writes_down_what_the_settings_name(tmp_path: Path):
    home = Home(tmp_path, web={})
    settings = config.load(home.config)
    with Store(home.store) as store:
        assert polling.poll(settings, store, Trust(settings.trust)).errors == []
    assert asked(home.store, "SELECT road FROM roads") == [("web",)]


def test_the_services_heartbeat_writes_it_down_too(tmp_path: Path):
    home = Home(tmp_path, web={})
    settings = config.load(home.config)
    with Store(home.store) as store:
        trust, pulse = Trust(settings.trust), Pulse(store)
        asking = Asking(settings, store, trust, threading.Event(), Turns())
        found = chores(settings, store, trust, pulse=pulse, asking=asking)
        chore = next(chore for _, chore in found if chore.name == HEARTBEAT)
        chore.start()
        chore.ring()
        deadline = time.monotonic() + 20
        while not asked(home.store, "SELECT road FROM roads") and time.monotonic() < deadline:
            time.sleep(0.01)
        chore.end()
        chore.join(20)
    assert asked(home.store, "SELECT road FROM roads") == [("web",)]


def test_files_that_were_read_are_no_settings_to_remove(tmp_path: Path):
    home = home_of(tmp_path)
    home.deliver(mails.check_finished("CHK1"), channel="file")
    heed(home)
    ((road, until),) = asked(home.store, "SELECT road, until FROM roads")
    assert (road, bool(until)) == ("email", True)


def test_the_alarm_is_told_once_the_service_has_had_time_to_read_what_waited(tmp_path: Path):
    home = home_of(tmp_path, checks="24h", signals="24h")
    home.deliver(mails.check_finished("CHK1"))
    heard(home, 25 * HOUR)
    heed(home)
    now, settings = times.now(), config.load(home.config)
    with Reader(home.store) as store:
        (early,) = conditions(settings, store, now - 9 * MINUTE, now)
        (late,) = conditions(settings, store, now - 10 * MINUTE, now)
        later = conditions(settings, store, now, now + 25 * HOUR)
    assert (early.name, early.begins, late.begins) == ("silence:checks", False, True)
    assert late.words == "checks: no event"
    assert [one.name for one in later] == ["silence:checks", "silence:signals"]
    heard(home, timedelta(0))
    with Reader(home.store) as store:
        assert conditions(settings, store, now - HOUR, now) == []


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (NOW, "the last came at 2026-08-03T12:00:00Z, the next was expected within 24 h"),
        (None, "none has come yet, the next was expected within 24 h"),
    ],
)
def test_an_alarm_says_since_when_nothing_comes_and_where_to_look(last: object, told: str):
    found = Silence("checks", timedelta(days=1), last, NOW, "silent")  # type: ignore[arg-type]
    (condition,) = on_silence([found], NOW - HOUR, NOW)
    place = "see whether its hook or rule still stands in the vendor's dashboard"
    assert condition.advice == f"{told}; {place}"


@pytest.mark.parametrize(
    ("product", "hint"),
    [("check", "did you mean checks?"), ("Digital Identity", "did you mean digital_identity?")],
)
def test_check_warns_of_a_product_that_no_catalogue_knows(tmp_path: Path, product: str, hint: str):
    done = home_of(tmp_path, **{product: "24h"}).call("check")
    assert done.code == 0
    told = " ".join(done.err.split())
    assert f"warning: expect.{product}: no product of that name is known" in told
    assert hint in told


def test_check_says_nothing_of_a_product_that_is_known(tmp_path: Path):
    assert "expect" not in home_of(tmp_path, checks="24h", signals="auto").call("check").err
