"""Refused tokens that look like the vendor's: kept within bounds, told of, believed later."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import mails
import pytest
from command import Home
from hook_service import HookService, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import asked
from token_cases import KEY, OLD_KEY, OTHER_KEY, claims, event, token

from mailhook import config, times
from mailhook.alarms.conditions import on_refused
from mailhook.config import Settings
from mailhook.errors import StoreError
from mailhook.health import look, refused
from mailhook.health.refused import RefusedTokens
from mailhook.model import Batch, Delivery
from mailhook.pipeline import ingest
from mailhook.store import Reader, Store, unverified
from mailhook.store.unverified import Held, Refused
from mailhook.trust import Trust
from mailhook.worker.allowance import Allowance
from mailhook.worker.asking import Asking
from mailhook.worker.housekeeping import chores
from mailhook.worker.pulse import Pulse
from mailhook.worker.refusals import Refusals, spelled
from mailhook.worker.turns import Turns

NOW = mails.NOON


def forged(number: int = 0) -> bytes:
    return token(claims(event(n=number)), key=OTHER_KEY).encode()


def one(body: bytes, source: str = "192.0.2.7", at: object = NOW) -> Refused:
    return Refused(body, source, at, at)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "mailhook.db") as opened:
        yield opened


def rows(path: Path) -> list[tuple[object, ...]]:
    return asked(path, "SELECT source, sightings FROM unverified_tokens ORDER BY id")


# What is held, in memory


def test_what_is_there_already_only_counts_however_full_it_is(store: Store):
    body, now = forged(), times.now()
    for seconds in (0, 30, 150):
        at = now + timedelta(seconds=seconds)
        store.keep_refused([Refused(body, "192.0.2.7", at, at, 1)])
    found = asked(
        store.path, "SELECT received_at, last_seen_at, sightings, size FROM unverified_tokens"
    )
    last = now + timedelta(seconds=150)
    assert found == [(times.stored(now), times.stored(last), 3, len(body))]
    held = store.refused_held()
    held.rows["192.0.2.7"] = unverified.MOST_ROWS
    assert held.admits(one(body))
    assert not held.admits(one(forged()))


def test_no_source_holds_more_than_a_tenth_and_all_no_more_than_all():
    held = Held()
    admitted = [held.admits(one(b"%d" % nth, f"192.0.2.{nth % 20}")) for nth in range(12_000)]
    assert sum(admitted) == unverified.MOST_ROWS
    alone = Held()
    assert sum(alone.admits(one(b"%d" % nth)) for nth in range(2_000)) == 1_000


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 250_000)), max_size=900))
@settings(max_examples=8, deadline=None)
def test_no_order_of_sizes_and_sources_goes_beyond_the_bytes(arrivals: list[tuple[int, int]]):
    held = Held()
    for nth, (source, size) in enumerate(arrivals):
        held.admits(one(b"%d" % nth + bytes(size), f"192.0.2.{source}"))
    assert held.sizes.total() <= unverified.MOST_BYTES
    assert all(size <= unverified.MOST_BYTES / 10 for size in held.sizes.values())


def test_after_seven_days_they_are_gone(store: Store):
    old = times.now() - timedelta(days=7, minutes=1)
    store.keep_refused([one(forged(), at=times.now() - timedelta(days=6)), one(forged(), at=old)])
    assert len(rows(store.path)) == 2
    assert store.keep_refused([]) == 1
    assert len(rows(store.path)) == 1


# How much a source may bring


def test_a_source_has_its_burst_then_its_rate_and_many_sources_share_ten_times_that():
    now = [0.0]
    allowance = Allowance(clock=lambda: now[0])
    assert sum(allowance.take("a") for _ in range(2_000)) == 1_000
    now[0] += 60
    assert sum(allowance.take("a") for _ in range(500)) == 60
    many = sum(allowance.take(f"s{nth}") for nth in range(12_000))
    assert many == 10_000 - 1_000 + 600 - 60
    assert len(allowance._buckets) == 1_024  # noqa: SLF001 - its memory is what is bounded


@pytest.mark.parametrize(
    ("source", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unix", "unix"),
        ("", "unnamed"),
        ("<script>", "unnamed"),
        ("x" * 9_000, "unnamed"),
    ],
)
def test_a_source_is_an_address_or_a_network_whatever_a_proxy_says(source: str, counted: str):
    assert spelled(source) == counted


# From the endpoint's thread to the table


def test_what_looks_like_the_vendors_is_kept_once_and_the_rest_never(store: Store):
    refusals = Refusals(store)
    refusals.start()
    body = forged()
    wrapped = json.dumps({"token": forged().decode()}).encode()
    assert [refusals.take(one, "192.0.2.7") for one in (body, body, wrapped)] == [True] * 3
    empty = token(claims(), key=OTHER_KEY).encode()
    others = (b"", b"words", b"{}", empty, token(claims(event()), b'{"alg":"none"}').encode())
    assert not any(refusals.take(one, "192.0.2.8") for one in others)
    refusals.end()
    assert rows(store.path) == [("192.0.2.7", 2), ("192.0.2.7", 1)]


def test_a_flood_writes_no_more_than_a_source_may_bring_and_costs_no_time(store: Store):
    refusals = Refusals(store)
    refusals.start()
    bodies = [forged(nth) for nth in range(3_000)]
    start = time.process_time()
    assert all(refusals.take(body, "192.0.2.7") for body in bodies)
    assert time.process_time() - start < 4
    refusals.end()
    assert 100 <= len(rows(store.path)) <= 1_100


def test_while_the_store_cannot_be_written_what_waits_is_bounded_and_then_it_heals(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    refusals = Refusals(store, Allowance(per_minute=10**6, burst=10**6))
    tried = threading.Event()

    def full(_: object) -> int:
        tried.set()
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(store, "keep_refused", full)
        for nth in range(400):
            assert refusals.take(forged(nth), "192.0.2.7")
        assert len(refusals._waiting) == 256  # noqa: SLF001 - its memory is what is bounded
        refusals.start()
        assert tried.wait(20)
    assert refusals.take(forged(), "192.0.2.7")
    refusals.end()
    assert len(rows(store.path)) == 1


# What people are told


def told(store: Store) -> RefusedTokens:
    with Reader(store.path) as reader:
        return refused.look(reader, times.now())


def test_status_says_how_many_from_how_many_sources_and_what_to_do_and_that_nothing_is_wrong(
    store: Store,
):
    now = times.now()
    store.keep_refused([one(forged(nth), f"192.0.2.{nth % 2}", now) for nth in range(41)])
    with Reader(store.path) as reader:
        health = look(Settings(), reader, times.now())
    (advice,) = [one for one in health.advice if one.topic == "web"]
    assert advice.words == (
        "41 deliveries were refused that look like the vendor's (from 2 sources; anybody can send"
        " such): if they were genuine, the signing key may have been rotated; put"
        " the new key first in trust.signing_keys, restart mailhook, then `mailhook token recheck`"
    )
    assert health.is_well


def test_status_says_when_one_source_has_no_more_room(store: Store):
    now = times.now()
    store.keep_refused([one(forged(nth), at=now) for nth in range(1_000)])
    found = told(store)
    assert found.full
    assert any("no more are kept" in one.words for one in refused.advise(found))


@pytest.mark.parametrize(
    ("tokens", "deliveries", "begins"), [(1, 1, False), (1, 3, True), (2, 2, False), (41, 41, True)]
)
def test_an_alarm_begins_with_the_third_delivery_and_names_nobody(
    tokens: int, deliveries: int, *, begins: bool
):
    (condition,) = on_refused(RefusedTokens(tokens, deliveries, 1, tokens))
    assert condition.begins is begins
    assert condition.level == len(str(tokens))
    assert "192.0.2" not in condition.words + condition.advice
    assert not list(on_refused(RefusedTokens(0, 0, 0, 5)))


# Believed later


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "key").write_bytes(OLD_KEY)
    return Home(tmp_path, trust={"signing_keys": [{"file": str(tmp_path / "key")}]})


def test_recheck_makes_events_of_what_verifies_now_as_if_just_arrived(home: Home):
    arrived = times.now() - timedelta(hours=5)
    known, twice = event(), event()
    good = [token(claims(event())).encode() for _ in range(3)]
    good += [token(claims(known)).encode(), token(claims(known, twice)).encode()]
    with Store(home.store) as store:
        store.keep_refused([one(body, at=arrived) for body in [*good, forged(), forged()]])
        store.keep_refused([one(token(claims(1)).encode(), at=arrived)])
    done = home.call("token", "recheck")
    assert (done.code, done.out) == (0, "0 of 8 verified now; 8 stay\n")
    (home.folder / "key").write_bytes(KEY)
    done = home.call("token", "recheck")
    assert done.out == "6 of 8 verified now: 5 new events, 1 known, 1 quarantined; 2 stay\n"
    sql = "SELECT channel, received_at, outcome FROM deliveries WHERE outcome <> 'quarantined'"
    found = asked(home.store, sql)
    assert found[0] == ("web", times.stored(arrived), "recorded")
    assert asked(home.store, "SELECT count(*) FROM events") == [(5,)]
    audit = asked(home.store, "SELECT what, detail FROM audit ORDER BY id")
    assert [what for what, _ in audit] == ["token recheck", "token recheck"]
    again = json.loads(home.call("token", "recheck", "--json").out)
    assert again == {
        "examined": 2, "verified": 0, "new": 0, "known": 0, "quarantined": 0, "stay": 2,
    }  # fmt: skip
    with Store(home.store) as store:
        assert told(store) == RefusedTokens(0, 0, 0, 2)


def test_what_is_too_old_goes_where_the_endpoint_was_retired_too(store: Store):
    old = times.now() - unverified.MOST_AGE - timedelta(minutes=1)
    store.keep_refused([one(forged(), at=old)])
    without = Settings()
    trust = Trust(without.trust)
    asking = Asking(without, store, trust, threading.Event(), Turns())
    found = chores(without, store, trust, pulse=Pulse(store), asking=asking)
    chore = next(chore for _, chore in found if chore.name == "tokens")
    begun = chore.done_at
    chore.start()
    chore.ring()
    while chore.done_at == begun:
        time.sleep(0.01)  # a chore calls nobody when it is done
    chore.end()
    chore.join()
    assert rows(store.path) == []


def test_recheck_of_nothing_says_so_and_is_no_deed(home: Home):
    Store(home.store).close()
    done = home.call("token", "recheck")
    assert (done.code, done.out) == (0, "no refused tokens are kept\n")
    assert asked(home.store, "SELECT count(*) FROM audit") == [(0,)]


def test_what_came_again_and_was_believed_meanwhile_is_known(home: Home):
    body = token(claims(event())).encode()
    with Store(home.store) as store:
        store.keep_refused([one(body, at=times.now())])
    (home.folder / "key").write_bytes(KEY)
    _deliver(home, body)
    assert home.call("token", "recheck").out == "1 of 1 verified now: 0 new events, 1 known\n"


def _deliver(home: Home, body: bytes) -> None:
    trust = Trust.of(config.load(home.config).trust)
    location = f"web:{hashlib.sha256(body).hexdigest()}"
    with Store(home.store) as store:
        ingest(Batch((Delivery("web", location, times.now(), body),)), store, trust)


def test_a_rotated_key_from_401_to_events(tmp_path: Path):
    with serving(tmp_path, OLD_KEY) as service:
        bodies = [token(claims(event())).encode() for _ in range(12)]
        assert {service.post(body) for body in bodies} == {401}
        assert service.post(bodies[0], **{"X-Forwarded-For": "192.0.2.9, 192.0.2.8"}) == 401
        _until(service, 12)
        home = Home.__new__(Home)
        home.config = service.config
        said = home.call("status")
        assert "12 deliveries were refused that look like the vendor's" in " ".join(
            said.out.split()
        )
        service.reload([KEY, OLD_KEY])
        done = home.call("token", "recheck")
        assert (done.code, done.out) == (0, "12 of 12 verified now: 12 new events\n")
        assert "refused that look" not in home.call("status").out
        assert {service.post(body) for body in bodies} == {200}
        assert service.asked("SELECT count(*) FROM events") == [(12,)]
        assert service.asked("SELECT who <> '', what FROM audit") == [(1, "token recheck")]


def _until(service: HookService, kept: int) -> None:
    deadline = time.monotonic() + 30
    while service.asked("SELECT count(*) FROM unverified_tokens") != [(kept,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


# Replayed


def test_a_hook_that_was_proven_stays_so_once_its_key_is_gone_and_nothing_is_said(home: Home):
    (home.folder / "key").write_bytes(KEY)
    for body in (token(claims(event())), token(claims(1)), token(claims(event(), 1))):
        _deliver(home, body.encode())
    state = "SELECT outcome, reason, unread, authenticity, authenticity_detail FROM deliveries"
    before = asked(home.store, state)
    (home.folder / "key").write_bytes(OLD_KEY)
    shown = home.call("replay", "--diff")
    assert (shown.out, shown.err.strip()) == (
        "", "nothing\n3 deliveries examined again; nothing was changed",
    )  # fmt: skip
    assert home.call("replay").out == "3 deliveries examined again\n"
    assert asked(home.store, state) == before
    (home.folder / "key").write_bytes(KEY)
    assert home.call("replay", "--anew").out.startswith("3 deliveries examined again")
    assert asked(home.store, state) == before
