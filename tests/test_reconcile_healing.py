"""What becomes of the gap an alert tells of: healed by the list, or lost, with the numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import mails
import pytest
import stamina
import yaml
from command import Home
from fake_api import NOW, fill, key_file
from hypothesis import given
from hypothesis import strategies as st
from scripted_imap import ScriptedImap
from service import Service
from stores import asked

from mailhook import pipeline, times
from mailhook.config import TrustSettings
from mailhook.model import Batch
from mailhook.reconcile.healing import Found, settle, verdict
from mailhook.store import Reader, Store
from mailhook.store.healing import Gap, State, gaps
from mailhook.store.listings import Listing
from mailhook.testing.api import FakeApi
from mailhook.trust import Trust

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TRUST = Trust(TrustSettings(authserv_id=(mails.SERVER,)))
STATE = "SELECT state, healing FROM alerts"
TOLD = {"trust": {"authserv_id": mails.SERVER}}


def disabled(ago: timedelta = timedelta(0), *, proof: str | None = mails.PROOF) -> bytes:
    text = (
        "Your webhook for https://hooks.example.com/hooks has been disabled: too many of its"
        " deliveries have failed.\r\n"
    )
    return mails.write(text, date=NOW - ago, proof=proof)


def test_what_is_resolved_before_its_gap_is_closed_is_told_when_it_is(api: FakeApi, home: Home):
    home.deliver(disabled(HOUR), at=NOW)
    fill(api, 2, days=0.1)
    api.fail(503, times=99)
    with stamina.set_testing(testing=True, attempts=1):
        assert home.call("reconcile").code == 75
    assert home.call("alerts", "resolve", "1").code == 0
    api.mend()
    assert json.loads(home.call("reconcile", "--json").out)["healed"] == 0
    ((state, healing),) = asked(home.store, STATE)
    assert (state, str(healing).partition(":")[0]) == ("resolved", "healed")


def test_a_gap_is_healed_only_once_all_of_its_time_was_read(api: FakeApi, home: Home):
    api.page_size = 5
    fill(api, 100, days=20)
    home.call("reconcile")
    home.deliver(disabled(6 * DAY), at=NOW)
    for number in range(3):
        told = {"check_id": f"CHK-late-{number}", "status": "completed"}
        api.add("check", "finished", told, NOW - 5.5 * DAY)
    done = json.loads(home.call("reconcile", "--json").out)
    assert (done["new"], done["healed"], done["is_whole"]) == (3, 1, True)
    api.requests.clear()
    home.call("reconcile")
    assert len(api.asked("/v1/hooks")) == 3, "as far as a day before the position"


def test_what_is_healed_or_lost_stays_so_though_another_list_cannot_be_read(
    api: FakeApi, home: Home, tmp_path: Path
):
    home.deliver(disabled(HOUR), at=NOW)
    old = mails.write("Deliveries of your webhook are failing.\r\n", date=NOW - 70 * DAY)
    home.deliver(old, at=NOW)
    fill(api, 5, days=0.1)
    home.call("reconcile")
    before = asked(home.store, f"{STATE} ORDER BY state")
    assert [state for state, _ in before] == ["healed", "lost"]
    with FakeApi() as other:
        other.fail(500, times=99)
        home.write(TOLD | {"api": given_to(other, tmp_path)})
        with stamina.set_testing(testing=True, attempts=1):
            assert home.call("reconcile").code == 75
        assert asked(home.store, f"{STATE} ORDER BY state") == before
        home.write(TOLD | {"api": given_to(other, tmp_path) | {"requests_per_run": 1}})
        other.mend()
        other.page_size = 1
        fill(other, 3, days=0.1)
        home.call("reconcile")
    assert asked(home.store, f"{STATE} ORDER BY state") == before


def test_what_was_dropped_unread_is_lost_and_not_healed(api: FakeApi, home: Home):
    home.deliver(disabled(2 * DAY), at=NOW - 2 * DAY)
    fill(api, 1, days=0.1)
    api.add("check", "finished", {"check_id": "CHK9"}, NOW - HOUR, object="{bad")
    home.call("reconcile")
    ((number,),) = asked(home.store, "SELECT id FROM deliveries WHERE outcome = 'quarantined'")
    before = asked(home.store, STATE)
    assert home.call("quarantine", "drop", str(number), "--why", "bad").code == 0
    home.call("reconcile")
    assert asked(home.store, STATE) == before
    ((state, healing),) = before
    assert state == "lost"
    assert "1 listed event since " in str(healing)


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
    home.deliver(disabled(timedelta(hours=1)), at=NOW)
    assert asked(home.store, STATE) == [("open", None)]
    home.call("reconcile")
    assert asked(home.store, STATE)[0][0] == "healed"


def test_an_earlier_mail_that_is_read_later_moves_its_begin_and_opens_it(home: Home):
    home.deliver(disabled(60 * DAY - 10 * HOUR), at=NOW)
    home.call("reconcile")
    assert asked(home.store, STATE)[0][0] == "healed"
    home.deliver(disabled(60 * DAY + 4 * HOUR), at=NOW)
    began_at = times.stored(NOW - 60 * DAY - 4 * HOUR)
    assert asked(home.store, "SELECT occurred_at, state, sightings FROM alerts") == [
        (began_at, "open", 2)
    ]
    home.call("reconcile")
    ((state, healing),) = asked(home.store, STATE)
    assert state == "lost"
    assert "the API lists 60 days, and it began before these" in str(healing)


@pytest.mark.parametrize(
    ("days", "state"),
    [((75, 50, 20, 0), "healed"), ((75, 70, 5, 0), "lost"), ((20, 0), "healed"), ((3, 0), "lost")],
)
def test_a_gap_that_is_older_than_the_list_is_healed_where_reading_never_broke(
    api: FakeApi, home: Home, monkeypatch: pytest.MonkeyPatch, days: tuple[int, ...], state: str
):
    """Its mail comes out of an old archive; each reading finds an event of an hour before."""
    home.deliver(mails.check_finished("CHK1"), at=NOW)
    for ago in days:
        if ago == 0:
            home.deliver(disabled(65 * DAY), at=NOW)
        api.events.clear()
        at = NOW - ago * DAY
        api.add("check", "finished", {"check_id": f"CHK{ago}", "status": "completed"}, at - HOUR)
        with monkeypatch.context() as then:
            then.setattr(times, "now", lambda at=at: at)
            assert home.call("reconcile").code == 0
    assert asked(home.store, STATE)[0][0] == state


def test_a_clock_that_was_behind_makes_the_list_reach_no_further(
    api: FakeApi, home: Home, monkeypatch: pytest.MonkeyPatch
):
    fill(api, 3)
    home.deliver(mails.check_finished("CHK1"), at=NOW)
    with monkeypatch.context() as behind:
        behind.setattr(times, "now", lambda: NOW - 30 * DAY)
        assert home.call("reconcile").code == 0
    home.deliver(disabled(65 * DAY), at=NOW)
    home.call("reconcile")
    assert asked(home.store, STATE)[0][0] == "lost"


def test_a_date_in_the_future_is_no_later_than_when_the_mail_was_read(home: Home):
    home.deliver(disabled(-400 * DAY), at=NOW)
    home.call("reconcile")
    ((occurred_at, recorded_at, state),) = asked(
        home.store,
        "SELECT a.occurred_at, d.recorded_at, a.state"
        " FROM alerts a JOIN deliveries d ON d.id = a.delivery_id",
    )
    assert occurred_at == recorded_at
    assert state == "healed"


def test_a_clock_that_was_ahead_once_heals_nothing(
    api: FakeApi, home: Home, monkeypatch: pytest.MonkeyPatch
):
    home.deliver(mails.check_finished("CHK1"), at=NOW)
    with monkeypatch.context() as ahead:
        ahead.setattr(times, "now", lambda: NOW + 30 * DAY)
        assert home.call("reconcile").code == 0
    home.deliver(disabled(), at=NOW)
    api.fail(403, times=99)
    assert home.call("reconcile").code == 78
    assert "not read to its end yet" in str(asked(home.store, STATE))
    api.mend()
    assert home.call("reconcile").code == 0
    assert asked(home.store, STATE)[0][0] == "healed"


def test_a_reading_that_was_under_way_when_the_alert_came_does_not_heal_it(
    api: FakeApi, home: Home
):
    """Killed, and gone on with by another run: it is the reading that has begun too early."""
    fill(api, 250)
    home.deliver(mails.check_finished("CHK1"), at=NOW)
    home.write({"api": given_to(api, home.folder) | {"requests_per_run": 2}})
    assert home.call("reconcile").code == 75
    home.deliver(disabled(timedelta(hours=1)), at=NOW)
    number, read = asked(home.store, "SELECT number, read_number FROM listings")[0]
    assert (number, read) == (2, 0)
    home.call("reconcile")
    (state, read) = asked(home.store, "SELECT state, read_number FROM alerts, listings")[0]
    assert (state, read) == ("open", 2)
    home.write({"api": given_to(api, home.folder)})
    assert home.call("reconcile").code == 0
    assert asked(home.store, STATE)[0][0] == "healed"


def test_an_item_that_comes_whole_another_time_is_not_unread(api: FakeApi, home: Home):
    home.deliver(disabled(30 * HOUR), at=NOW)
    item = api.add("check", "finished", {"check_id": "CHK1"}, NOW, delivery_status="pending")
    whole = dict(item)
    item["object"] = '{"check_id": "'
    home.call("reconcile")
    ((state, words),) = asked(home.store, STATE)
    assert (state, "1 listed event since" in str(words)) == ("lost", True)
    item["delivery_attempts"] = 2
    home.call("reconcile")
    assert asked(home.store, STATE) == [(state, words)]
    item.update(whole, update_date=times.short(NOW + timedelta(minutes=1)))
    home.call("reconcile")
    assert asked(home.store, STATE)[0][0] == "healed"


@pytest.mark.parametrize(("ago", "state"), [(50 * DAY, "healed"), (10 * HOUR, "lost")])
def test_what_cannot_be_read_counts_by_its_own_time(
    api: FakeApi, home: Home, ago: timedelta, state: str
):
    home.deliver(disabled(30 * HOUR), at=NOW)
    api.add("check", "finished", {"check_id": "CHK1"}, NOW - ago)["object"] = "{cut"
    home.call("reconcile")
    assert asked(home.store, STATE)[0][0] == state


def test_what_tells_no_time_is_of_when_it_was_found(api: FakeApi, home: Home):
    home.deliver(disabled(30 * HOUR), at=NOW)
    item = api.add("check", "finished", {"check_id": "CHK1"}, NOW - 50 * DAY)
    item.update(object="{cut", timestamp="lately")
    home.call("reconcile")
    assert asked(home.store, STATE)[0][0] == "lost"


@pytest.mark.parametrize("kind", ["healed", "lost"])
def test_what_is_told_while_a_verdict_is_reached_is_not_overwritten(home: Home, kind: State):
    home.deliver(disabled(2 * DAY), at=NOW)
    with Store(home.store) as store, Reader(home.store) as reader:
        judged = [(one, (kind, "as it was")) for one in gaps(reader, NOW)]
        pipeline.ingest(Batch((mails.delivered(disabled(DAY + HOUR), 99),)), store, TRUST)
        assert settle(store, judged) == []
        assert asked(home.store, STATE) == [("open", None)]
        fresh = [(one, (kind, "as it is")) for one in gaps(reader, NOW)]
        assert settle(store, fresh) == [kind]
    assert asked(home.store, STATE) == [(kind, "as it is")]


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
    return Gap(1, moment, moment, state, None, readings=3)  # type: ignore[arg-type]


def listing(
    read_ago: timedelta | None, failing_ago: timedelta | None = None, *, number: int = 4
) -> Listing:
    """`number`: of its last reading; an alert is told after the third has begun."""
    return Listing(
        "https://api.example.com/v1/hooks/events",
        read_at=None if read_ago is None else times.stored(NOW - read_ago),
        failing_since=None if failing_ago is None else times.stored(NOW - failing_ago),
        error="api.example.com: no answer in time" if failing_ago else None,
        read_number=0 if read_ago is None else number,
        read_from=None if read_ago is None else times.stored(NOW - read_ago - 60 * DAY),
    )


@pytest.mark.parametrize(
    ("alert", "read", "unread", "state", "said"),
    [
        (gap(HOUR), listing(None), 0, "open", "not read to its end yet"),
        (gap(HOUR), listing(2 * HOUR, number=3), 0, "open", "not read to its end yet"),
        (gap(2 * HOUR), listing(HOUR, number=3), 0, "open", "not read to its end yet"),
        (gap(2 * HOUR), listing(HOUR), 0, "healed", "is recorded; 3 of these"),
        (gap(2 * HOUR), listing(HOUR), 2, "open", "2 listed events since"),
        (gap(2 * DAY), listing(HOUR), 1, "lost", "lost: 1 listed event since"),
        (gap(61 * DAY), listing(HOUR), 0, "lost", "the API lists 60 days, and it began"),
        (gap(2 * DAY), listing(None, 2 * DAY), 0, "lost", "no answer in time"),
        (gap(2 * DAY), listing(3 * DAY, 2 * DAY, number=2), 0, "lost", "cannot be read since"),
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


@given(st.floats(0, 100), st.floats(-100, 100), st.integers(1, 6), st.integers(0, 2))
def test_nothing_is_healed_that_was_not_read_after_the_alert(
    alert_days: float, read_days: float, number: int, unread: int
):
    alert = gap(timedelta(days=alert_days))
    read = listing(timedelta(days=read_days), number=number)
    became, _ = verdict(alert, Found(read, lambda: unread, lambda: 0, str), NOW)
    if became == "healed":
        assert number > alert.readings
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
