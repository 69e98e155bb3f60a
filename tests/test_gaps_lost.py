"""Without an API nobody can close a gap: it is lost, with what is known of that time."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import mails
import pytest
from command import Home
from fake_api import NOW, fill, key_file
from hypothesis import given
from hypothesis import strategies as st
from stores import asked

from mailhook import config, times
from mailhook.config import Settings
from mailhook.errors import ConfigError
from mailhook.metrics import figures
from mailhook.reconcile.losing import verdict
from mailhook.store import Store
from mailhook.store.healing import Gap
from mailhook.testing.api import FakeApi
from mailhook.trust import Trust
from mailhook.worker import gaps, polling
from mailhook.worker.asking import Asking
from mailhook.worker.housekeeping import ALERTS, chores
from mailhook.worker.pulse import Pulse
from mailhook.worker.turns import Turns

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STATE = "SELECT state, healing FROM alerts"
ENDPOINT = "https://hooks.example.com/hooks"
FAILING = f"Deliveries of your webhook to {ENDPOINT} are failing: 42 % of them failed."
DISABLED = f"Your webhook for {ENDPOINT} has been disabled: too many deliveries have failed."


def alert(home: Home, text: str, ago: timedelta, *, proof: str | None = mails.PROOF) -> None:
    home.deliver(mails.write(f"{text}\r\n", date=NOW - ago, proof=proof), at=NOW)


def check(home: Home, subject: str, ago_hours: float) -> None:
    """A check that finished then, by a mail of its own time."""
    moment = NOW - ago_hours * HOUR
    text = f"Event: Check finished\r\nCheck ID: {subject}\r\nCheck status: completed\r\n"
    text += f"Timestamp: {times.short(moment)}\r\n"
    raw = mails.write(text, date=moment, message_id=f"<{subject}@truora.com>")
    home.deliver(raw, at=NOW)


def settle(home: Home) -> list[tuple[object, ...]]:
    with Store(home.store) as store:
        gaps.settle(store)
    return asked(home.store, STATE)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize("text", [FAILING, DISABLED])
def test_a_day_after_it_was_last_told_a_gap_is_lost_with_what_came_by_which_road(
    home: Home, text: str
):
    alert(home, text, 26 * HOUR)
    for number, ago in enumerate((31, 29, 27, 1)):
        check(home, f"CHK{number}", ago)
    ((state, words),) = settle(home)
    assert state == "lost"
    assert str(words).startswith("lost: `api` is not set, so nobody can be asked what was not")
    assert f"not delivered since {times.short(NOW - 30 * HOUR)}; of the events from" in str(words)
    assert str(words).endswith(" 2 are recorded: 2 by mail")
    assert settle(home) == [("lost", words)]
    assert "lost: `api` is not set" in home.call("alerts").out


def test_before_that_it_is_open_and_told_again_it_is_open_again(home: Home):
    alert(home, FAILING, 26 * HOUR)
    assert settle(home)[0][0] == "lost"
    alert(home, FAILING, 3 * HOUR)
    assert asked(home.store, STATE) == [("open", None)]
    assert settle(home) == [("open", None)]


def test_the_same_word_once_more_is_not_told_again(home: Home):
    alert(home, FAILING, 26 * HOUR)
    lost = settle(home)
    alert(home, FAILING, 26 * HOUR)
    assert asked(home.store, STATE) == lost


def test_told_of_an_earlier_time_it_is_looked_at_again(home: Home):
    alert(home, FAILING, 26 * HOUR)
    settle(home)
    alert(home, FAILING, 27 * HOUR)
    assert asked(home.store, STATE) == [("open", None)]
    ((state, words),) = settle(home)
    assert state == "lost"
    assert f"since {times.short(NOW - 31 * HOUR)}" in str(words)


def test_one_that_is_resolved_stays_so_when_its_mail_is_read_again(home: Home):
    alert(home, FAILING, 26 * HOUR)
    assert home.call("alerts", "resolve", "1").code == 0
    raw = mails.write(f"{FAILING}\r\n", date=NOW - 26 * HOUR, proof=mails.PROOF)
    home.deliver(b"X-Copied: yes\r\n" + raw, at=NOW)
    assert asked(home.store, STATE)[0][0] == "resolved"


def test_what_nothing_proves_or_somebody_has_seen_to_is_left_alone(home: Home):
    alert(home, FAILING, 26 * HOUR)
    assert home.call("alerts", "resolve", "1").code == 0
    assert settle(home) == [("resolved", None)]


def test_status_says_that_it_may_be_lost_for_a_week_as_wrong_and_then_until_it_is_resolved(
    home: Home,
):
    alert(home, FAILING, 26 * HOUR)
    settle(home)
    done = home.call("status", columns=300)
    assert done.code == 1
    assert "what it could not deliver may be lost: look in the vendor's dashboard" in done.out
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE sightings SET seen_at = ?", (times.stored(NOW - 8 * DAY),))
    done = home.call("status", columns=300)
    assert done.code == 0
    assert "may be lost" in done.out
    assert home.call("alerts", "resolve", "1").code == 0
    assert "may be lost" not in home.call("status").out


def test_a_hook_that_is_switched_off_is_said_to_be_until_it_is_resolved(home: Home):
    alert(home, DISABLED, 90 * DAY)
    assert settle(home)[0][0] == "lost"
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE sightings SET seen_at = ?", (times.stored(NOW - 80 * DAY),))
    done = home.call("status", columns=300)
    assert done.code == 1
    assert "hook still disabled" in done.out
    assert "may be lost" in done.out
    assert home.call("alerts", "resolve", "1").code == 0
    assert home.call("status").code == 0


def test_with_an_api_set_later_it_is_healed_where_the_list_reaches_so_far(home: Home):
    alert(home, FAILING, 50 * DAY)
    alert(home, FAILING, 70 * DAY)
    assert [state for state, _ in settle(home)] == ["lost", "lost"]
    with FakeApi() as api:
        fill(api, 5, days=50)
        key = {"file": str(key_file(home.folder))}
        given = {"key": key, "base": api.base, "requests_per_second": 0}
        home.write({"api": given, "trust": {"authserv_id": mails.SERVER}})
        assert home.call("reconcile").code == 0
    (young, old) = asked(home.store, STATE + " ORDER BY id")
    assert (young[0], old[0]) == ("healed", "lost")
    assert "the API lists 60 days" in str(old[1])
    assert str(old[1]).endswith(" none is recorded")
    home.write({"trust": {"authserv_id": mails.SERVER}})
    assert settle(home) == [young, old]


def test_a_round_without_a_service_says_it_too(home: Home):
    alert(home, FAILING, 26 * HOUR)
    settings = config.load(home.config)
    with Store(home.store) as store:
        assert polling.poll(settings, store, Trust(settings.trust)).errors == []
    assert asked(home.store, STATE)[0][0] == "lost"


def test_the_service_says_it(home: Home):
    alert(home, FAILING, 26 * HOUR)
    with Store(home.store) as store:
        settings, trust = Settings(), Trust(Settings().trust)
        asking = Asking(settings, store, trust, threading.Event(), Turns())
        found = chores(settings, store, trust, pulse=Pulse(store), asking=asking)
        chore = next(one for _, one in found if one.name == ALERTS)
        chore.start()
        chore.ring()
        deadline = time.monotonic() + 20
        while asked(home.store, STATE)[0][0] == "open" and time.monotonic() < deadline:
            time.sleep(0.01)
        chore.end()
        chore.join(20)
    assert asked(home.store, STATE)[0][0] == "lost"


@given(
    st.sampled_from(["open", "healed", "lost"]),
    st.floats(0, 5),
)
def test_nothing_is_lost_within_a_day_nor_what_was_healed(state: str, told_days: float):
    told_at = times.stored(NOW - told_days * DAY)
    gap = Gap(1, told_at, told_at, state, "as it was")  # type: ignore[arg-type]
    became, words = verdict(gap, lambda: "12 are recorded", NOW)
    if state == "healed":
        assert (became, words) == ("healed", "as it was")
    else:
        assert became == ("lost" if told_days > 1 else "open")
        again = Gap(1, told_at, told_at, became, words)
        assert verdict(again, str, NOW) == (became, words)


def test_where_the_key_cannot_be_had_it_says_so(home: Home):
    alert(home, FAILING, 26 * HOUR)
    home.write({"api": {"key": {"file": str(home.folder / "gone")}}})
    settings = config.load(home.config)
    with Store(home.store) as store:
        asking = Asking(settings, store, Trust(settings.trust), threading.Event(), Turns())
        with pytest.raises(ConfigError):
            asking.ring()
    ((state, words),) = asked(home.store, STATE)
    assert state == "lost"
    assert "the key of `api` cannot be had, so nobody can be asked" in str(words)


def test_without_a_service_the_command_says_so_too(home: Home):
    alert(home, FAILING, 26 * HOUR)
    key = {"file": str(home.folder / "gone")}
    home.write({"api": {"key": key}, "trust": {"authserv_id": mails.SERVER}})
    assert home.call("reconcile").code == 78
    ((state, words),) = asked(home.store, STATE)
    assert state == "lost"
    assert "the key of `api` cannot be had, so nobody can be asked" in str(words)


def test_what_is_lost_still_counts_among_the_alerts_that_wait(home: Home):
    alert(home, FAILING, 26 * HOUR)
    settle(home)
    told = figures.read(config.load(home.config)).told
    assert told
    assert told.alerts["delivery_failing"] == 1
