"""What becomes of the gap an alert tells of: healed by the list, or lost, with the numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import mails
import pytest
import yaml
from command import Home
from fake_api import NOW, fill, key_file
from hypothesis import given
from hypothesis import strategies as st
from scripted_imap import ScriptedImap
from service import Service
from stores import asked

from mailhook import times
from mailhook.reconcile.healing import Found, verdict
from mailhook.store.healing import Gap
from mailhook.store.listings import Listing
from mailhook.testing.api import FakeApi

DAY = timedelta(days=1)
STATE = "SELECT state, healing FROM alerts"


def disabled(ago: timedelta = timedelta(0), *, proof: str | None = mails.PROOF) -> bytes:
    text = (
        "Your webhook for https://hooks.example.com/hooks has been disabled: too many of its"
        " deliveries have failed.\r\n"
    )
    return mails.write(text, date=NOW - ago, proof=proof)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


@pytest.fixture
def home(api: FakeApi, tmp_path: Path) -> Home:
    return Home(tmp_path, api=given_to(api, tmp_path))


def given_to(api: FakeApi, folder: Path) -> dict[str, object]:
    key = {"file": str(key_file(folder))}
    return {"key": key, "base": api.base, "requests_per_second": 0}


def test_where_nothing_was_missed_no_road_is_said_to_have_missed_it(home: Home):
    home.deliver(disabled(timedelta(hours=1)), at=NOW)
    home.call("reconcile")
    ((state, healing),) = asked(home.store, STATE)
    assert (state, str(healing).endswith(" is recorded")) == ("healed", True)


def test_a_gap_is_healed_once_the_list_is_recorded_and_the_hook_is_still_off(
    api: FakeApi, home: Home
):
    home.deliver(disabled(timedelta(hours=1)), at=NOW)
    fill(api, 5, days=0.1)
    done = home.call("reconcile")
    assert "the gap of 1 alert is closed" in done.out
    ((state, healing),) = asked(home.store, STATE)
    assert state == "healed"
    assert str(healing).startswith("healed: all that the API lists since ")
    assert str(healing).endswith("; 5 of these events came by no other road")
    assert "healed: all that the API lists" in home.call("alerts").out
    status = home.call("status", columns=300)
    assert status.code == 1
    assert "hook still disabled" in status.out
    assert home.call("alerts", "resolve", "1").code == 0
    assert "hook still disabled" not in home.call("status").out
    assert json.loads(home.call("reconcile", "--json").out)["healed"] == 0
    assert asked(home.store, STATE) == [("resolved", healing)]


def test_an_alert_that_is_told_again_is_open_until_the_list_was_read_again(home: Home):
    home.deliver(disabled(timedelta(hours=2)), at=NOW)
    home.call("reconcile")
    home.deliver(disabled(timedelta(hours=-1)), at=NOW)
    assert asked(home.store, STATE) == [("open", None)]
    home.call("reconcile")
    assert asked(home.store, STATE)[0][0] == "open"


def test_an_alert_that_nothing_proves_is_left_alone(api: FakeApi, home: Home):
    home.write(
        {
            "api": given_to(api, home.folder),
            "trust": {"authserv_id": mails.SERVER, "require": "none"},
        }
    )
    home.folder.joinpath("forged.eml").write_bytes(disabled(proof=None))
    assert home.call("ingest", home.folder / "forged.eml").code == 0
    home.call("reconcile")
    assert asked(home.store, STATE) == [("open", None)]


def gap(ago: timedelta, state: str = "open") -> Gap:
    moment = times.stored(NOW - ago)
    return Gap(1, moment, moment, state, None)  # type: ignore[arg-type]


def listing(read_ago: timedelta | None, failing_ago: timedelta | None = None) -> Listing:
    return Listing(
        "https://api.example.com/v1/hooks/events",
        read_at=None if read_ago is None else times.stored(NOW - read_ago),
        failing_since=None if failing_ago is None else times.stored(NOW - failing_ago),
        error="api.example.com: no answer in time" if failing_ago else None,
    )


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("alert", "read", "unread", "state", "said"),
    [
        (gap(HOUR), listing(None), 0, "open", "not read to its end yet"),
        (gap(HOUR), listing(2 * HOUR), 0, "open", "not read to its end yet"),
        (gap(2 * HOUR), listing(HOUR), 0, "healed", "is recorded; 3 of these"),
        (gap(2 * HOUR), listing(HOUR), 2, "open", "2 listed events since"),
        (gap(2 * DAY), listing(HOUR), 1, "lost", "lost: 1 listed event since"),
        (gap(61 * DAY), listing(HOUR), 0, "lost", "the API lists 60 days, and it began"),
        (gap(2 * DAY), listing(None, 2 * DAY), 0, "lost", "no answer in time"),
        (gap(2 * DAY), listing(3 * DAY, 2 * DAY), 0, "lost", "cannot be read since"),
        (gap(HOUR), listing(None, 2 * DAY), 0, "open", "not read to its end yet"),
        (gap(2 * DAY, "lost"), listing(HOUR), 0, "healed", "is recorded"),
    ],
)
def test_what_becomes_of_a_gap(alert: Gap, read: Listing, unread: int, state: str, said: str):
    became, words = verdict(
        alert, Found(read, lambda: unread, lambda: 3, lambda: "12 are recorded"), NOW
    )
    assert became == state
    assert said in str(words)


@given(st.floats(0, 100), st.floats(0, 100), st.integers(0, 2))
def test_nothing_is_healed_that_was_not_read_after_the_alert(
    alert_days: float, read_days: float, unread: int
):
    alert, read = gap(timedelta(days=alert_days)), listing(timedelta(days=read_days))
    became, _ = verdict(alert, Found(read, lambda: unread, lambda: 0, str), NOW)
    if became == "healed":
        assert str(read.read_at) >= alert.last_seen_at
        assert not unread


class Asker(Service):
    """The service with one mailbox and the API."""

    api: dict[str, object]

    def configure(self, *mailboxes: dict[str, object]) -> None:
        super().configure(*mailboxes)
        path = self.home / "config.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"api": self.api}))


def test_an_alert_that_comes_in_starts_a_run_at_once(api: FakeApi, tmp_path: Path):
    Asker.api = given_to(api, tmp_path)
    with ScriptedImap(tmp_path) as server:
        service = Asker(tmp_path, server.mailbox())
        try:
            service.until(lambda line: line["event"] == "asked the API")
            server.deliver(disabled(timedelta(hours=1)))
            service.until(lambda line: line["event"] == "asked the API")
            assert service.stop()[0] == 0
        finally:
            service.process.kill()
            service.process.communicate()
    assert asked(tmp_path / "mailhook.db", STATE)[0][0] == "healed"
