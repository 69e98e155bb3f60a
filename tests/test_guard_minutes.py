"""Counting answers: in memory, from any thread, by minute, and never lost to a full disk."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import hooks
import pytest
from stores import asked

from mailhook import times
from mailhook.config import GuardSettings
from mailhook.metrics.meter import Meter
from mailhook.store import Store, StoreGoneError
from mailhook.worker.minutes import Minutes

NOON = times.now().replace(hour=12, minute=0, second=0, microsecond=0)
ROWS = "SELECT minute, ok, refused, failed, lookalike, retried FROM web_minutes ORDER BY minute"


class Counting(Meter):
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def answers(self, counts: Mapping[str, int]) -> None:
        self.counts.update(counts)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mailhook.db"


def minute(clock: str, *counts: int) -> tuple[object, ...]:
    return (f"{NOON:%Y-%m-%d}T{clock}:00.000000Z", *counts)


def came(minutes: Minutes, clock: Clock, made_at: datetime, status: int = 200) -> None:
    body = hooks.signed(hooks.check("CHK1", made_at), made_at=made_at)
    minutes.answered(status)
    minutes.took(hooks.examined(body, clock.now), status)


def test_each_answer_is_counted_in_its_minute(path: Path):
    clock, meter = Clock(), Counting()
    with Store(path) as store:
        minutes = Minutes(store, GuardSettings(), clock)
        for status in (200, 200, 401, 408, 413, 503, 500, None):
            minutes.answered(status)
        clock.now += timedelta(seconds=61)
        minutes.answered(200)
        minutes.flush(meter)
        minutes.answered(200)
        minutes.flush(meter)
        minutes.flush(meter)
    assert asked(path, ROWS) == [minute("12:00", 2, 4, 2, 0, 0), minute("12:01", 2, 0, 0, 0, 0)]
    assert meter.counts == {"ok": 4, "refused": 4, "failed": 2}


def test_of_the_refused_those_that_look_like_the_vendors_are_counted_apart(path: Path):
    with Store(path) as store:
        minutes = Minutes(store, GuardSettings(), Clock())
        for resembles in (True, False, True):
            minutes.answered(401)
            if resembles:
                minutes.resembled()
        minutes.flush(Meter())
    assert asked(path, ROWS) == [minute("12:00", 0, 3, 0, 2, 0)]


def test_a_token_that_is_a_retry_old_tells_when_it_failed(path: Path):
    clock = Clock()
    with Store(path) as store:
        minutes = Minutes(store, GuardSettings(), clock)
        came(minutes, clock, NOON - timedelta(seconds=630))
        minutes.flush(Meter())
    assert asked(path, ROWS) == [
        minute("11:49", 0, 0, 0, 0, 1),
        minute("11:50", 0, 0, 0, 0, 1),
        minute("11:52", 0, 0, 0, 0, 1),
        minute("12:00", 1, 0, 0, 0, 0),
    ]


def test_what_was_answered_503_before_is_not_counted_again_when_it_comes(path: Path):
    clock, made_at = Clock(), NOON
    with Store(path) as store:
        minutes = Minutes(store, GuardSettings(), clock)
        came(minutes, clock, made_at, 503)
        clock.now += timedelta(seconds=31)
        came(minutes, clock, made_at)
        minutes.flush(Meter())
    assert asked(path, ROWS) == [minute("12:00", 1, 0, 1, 0, 0)]


def test_a_token_that_comes_again_tells_only_of_the_attempts_since(path: Path):
    clock, made_at = Clock(), NOON
    with Store(path) as store:
        minutes = Minutes(store, GuardSettings(), clock)
        came(minutes, clock, made_at)
        for seconds in (31, 32, 40, 150, 151, 160):
            clock.now = NOON + timedelta(seconds=seconds)
            came(minutes, clock, made_at)
        minutes.flush(Meter())
    assert asked(path, ROWS) == [minute("12:00", 4, 0, 0, 0, 2), minute("12:02", 3, 0, 0, 0, 0)]


def test_a_token_that_comes_again_in_other_words_around_it_is_the_same(path: Path):
    clock, made_at = Clock(), NOON - timedelta(seconds=31)
    body = hooks.signed(hooks.check("CHK1", made_at), made_at=made_at)
    with Store(path) as store:
        minutes = Minutes(store, GuardSettings(), clock)
        for dressed in (body, b" " + body, b"Bearer " + body):
            minutes.took(hooks.examined(dressed, clock.now), 200)
        minutes.flush(Meter())
    assert asked(path, "SELECT sum(retried) FROM web_minutes") == [(1,)]


def test_what_cannot_be_written_now_is_kept_and_written_later(path: Path):
    meter = Counting()
    with Store(path) as store:
        minutes = Minutes(store, GuardSettings(), Clock())
        minutes.answered(200)
        path.unlink()
        with pytest.raises(StoreGoneError):
            minutes.flush(meter)
        minutes.answered(503)
        store.heal()
        minutes.flush(meter)
    assert asked(path, ROWS) == [minute("12:00", 1, 0, 1, 0, 0)]
    assert meter.counts == {"ok": 1, "failed": 1}


def test_while_nothing_can_be_written_memory_is_bounded_and_the_latest_are_kept(path: Path):
    clock = Clock()
    with Store(path) as store:
        minutes = Minutes(store, GuardSettings(), clock)
        for _ in range(10_100):
            minutes.answered(200)
            clock.now += timedelta(minutes=1)
        minutes.flush(Meter())
    assert asked(path, "SELECT count(*), sum(ok) FROM web_minutes") == [(10_080, 10_080)]


def test_minutes_of_long_ago_go(path: Path):
    clock = Clock()
    clock.now -= timedelta(days=100)
    with Store(path) as store:
        minutes = Minutes(store, GuardSettings(), clock)
        minutes.answered(200)
        minutes.flush(Meter())
    assert asked(path, ROWS) == []


def test_nothing_is_lost_between_threads(path: Path):
    meter = Counting()
    with Store(path) as store:
        minutes = Minutes(store, GuardSettings(), Clock())

        def answer() -> None:
            for _ in range(500):
                minutes.answered(200)

        threads = [threading.Thread(target=answer) for _ in range(4)]
        for one in threads:
            one.start()
        while any(one.is_alive() for one in threads):
            minutes.flush(meter)
        minutes.flush(meter)
    assert asked(path, "SELECT sum(ok) FROM web_minutes") == [(2000,)]
    assert meter.counts == {"ok": 2000}
