"""Is a product silent for too long? By a rhythm learned from its own events, or by the settings."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from told import NOON, Told, told

from mailhook import silence, times
from mailhook.config import Settings
from mailhook.silence.rhythm import WEEKS, Rhythm, learn
from mailhook.silence.verdict import Heard, Silence, in_words, judge
from mailhook.store import Reader

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
HALF_HOURS = 2 * 7 * 24

Rate = Callable[[datetime], float]


def by_day(moment: datetime) -> float:
    """Events an hour of an office: none at weekends, hardly any by night."""
    if moment.weekday() >= 5:
        return 0.2
    return 12 if 8 <= moment.hour < 18 else 0.5


def seldom(_: datetime) -> float:
    return 0.25


def happened(rate: Rate, span: timedelta, seed: int, burst: int = 1) -> list[datetime]:
    """A Poisson process of that rate; each time up to `burst` events within a minute."""
    chance, moment, found = random.Random(seed), MONDAY, []  # noqa: S311 - a simulation
    while moment < MONDAY + span:
        most = 12 / burst
        moment += chance.expovariate(most) * HOUR
        if chance.random() < rate(moment) / burst / most:
            found += [moment + chance.random() * MINUTE for _ in range(chance.randint(1, burst))]
    return sorted(found)


def learned(found: list[datetime], last_at: datetime) -> Rhythm | None:
    """What `sight` would have learned when it heard the last one."""
    start = max(last_at - WEEKS, found[0] - HOUR)
    hours = Counter(at.replace(minute=0, second=0, microsecond=0) for at in found if at < last_at)
    return learn(hours, start, last_at)


def false_alarms(found: list[datetime], weeks: int = 4) -> int:
    """How often the rhythm, learned anew each week, calls a silence improbable that was none."""
    since, rhythm, learned_at, alarms = MONDAY + WEEKS, None, MONDAY, 0
    for last_at, next_at in pairwise(at for at in found if at < since + timedelta(weeks=weeks)):
        if last_at < since:
            continue
        if rhythm is None or last_at - learned_at > 7 * DAY:
            rhythm, learned_at = learned(found, last_at), last_at
        due_at = rhythm.due_at(last_at) if rhythm else None
        alarms += bool(due_at and next_at > due_at)
    return alarms


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("rate", "burst"), [(by_day, 1), (seldom, 1), (by_day, 8)])
def test_an_ordinary_month_raises_no_alarm(rate: Rate, burst: int, seed: int):
    assert false_alarms(happened(rate, timedelta(weeks=12), seed, burst)) == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_real_silence_by_day_is_told_within_hours_and_by_night_in_the_morning(seed: int):
    found = happened(by_day, WEEKS, seed)
    at = MONDAY + WEEKS + timedelta(days=1, hours=9)
    rhythm = learned([one for one in found if one < at], at)
    assert rhythm
    due_at = rhythm.due_at(at)
    assert due_at
    assert HOUR < due_at - at < 3 * HOUR
    evening = rhythm.due_at(at.replace(hour=20))
    assert evening
    assert 8 <= evening.hour <= 11
    assert evening.date() == (at + DAY).date()


@given(st.floats(1, 50), st.integers(0, 167))
def test_at_an_even_rate_the_events_that_should_have_come_are_as_many_as_the_bar(
    rate: float, hours: int
):
    rhythm = Rhythm((rate,) * HALF_HOURS, 12)
    last_at = MONDAY + hours * HOUR + 17 * MINUTE
    due_at = rhythm.due_at(last_at)
    assert due_at
    assert (due_at - last_at) / HOUR == pytest.approx(max(12 / rate, 0.5), rel=1e-6)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_later_the_last_event_the_later_the_next_is_due(one: int, other: int):
    rhythm = Rhythm(tuple(1 + math.sin(nth) for nth in range(HALF_HOURS)), 12)
    early, late = sorted((one, other))
    first = rhythm.due_at(MONDAY + early * MINUTE)
    second = rhythm.due_at(MONDAY + late * MINUTE)
    assert first
    assert second
    assert first <= second


def test_the_example_of_the_documentation_is_as_it_says():
    days = (MONDAY + nth * DAY for nth in range(56))
    office = [day + hour * HOUR for day in days if day.weekday() < 5 for hour in range(8, 18)]
    rhythm = learn(dict.fromkeys(office, 5), MONDAY, MONDAY + WEEKS)
    assert rhythm
    assert rhythm.bar == pytest.approx(12.2, abs=0.05)
    morning, friday = MONDAY + timedelta(hours=9.5), MONDAY + timedelta(days=4, hours=17.5)
    in_the_morning, after_the_weekend = rhythm.due_at(morning), rhythm.due_at(friday)
    assert in_the_morning
    assert after_the_weekend
    assert (in_the_morning - morning) / HOUR == pytest.approx(2.5, abs=0.1)
    assert abs(after_the_weekend - (MONDAY + timedelta(days=7, hours=11.75))) < HOUR / 6


def test_a_flood_in_one_hour_is_not_the_rhythm():
    found = happened(by_day, WEEKS, 1)
    flood = [MONDAY + timedelta(days=30, hours=9, seconds=nth) for nth in range(3000)]
    calm, after = learned(found, found[-1]), learned(sorted(found + flood), found[-1])
    assert calm
    assert after
    assert max(after.rates) < 1.5 * max(calm.rates)


def test_one_outage_among_the_weeks_does_not_make_deaf():
    found = [at for at in happened(by_day, WEEKS, 2) if not 14 <= (at - MONDAY).days < 18]
    rhythm = learned(found, found[-1])
    assert rhythm
    assert rhythm.bar < 40


@pytest.mark.parametrize(
    ("count", "span"), [(29, WEEKS), (1000, timedelta(days=13)), (0, timedelta(0))]
)
def test_too_few_events_or_weeks_teach_no_rhythm(count: int, span: timedelta):
    hours = {MONDAY: count}
    assert learn(hours, MONDAY, MONDAY + span) is None


def test_what_comes_so_seldom_that_two_months_would_prove_nothing_is_not_judged():
    assert Rhythm((0.001,) * HALF_HOURS, 8).due_at(MONDAY) is None


CHECKS = "checks", DAY


@pytest.mark.parametrize(
    ("heard", "state", "due_at"),
    [
        (Heard(), "never", None),
        (Heard(named_at=NOON - 23 * HOUR), "never", NOON + HOUR),
        (Heard(named_at=NOON - 25 * HOUR), "silent", NOON - HOUR),
        (Heard(last_at=NOON - 23 * HOUR, named_at=NOON - 99 * HOUR), "well", NOON + HOUR),
        (Heard(last_at=NOON - 25 * HOUR, named_at=NOON), "silent", NOON - HOUR),
    ],
)
def test_a_span_runs_from_the_last_event_or_from_when_it_was_set(
    heard: Heard, state: str, due_at: datetime | None
):
    found = judge("checks", DAY, heard, None, NOON)
    assert (found.state, found.due_at, found.expected) == (state, due_at, "within 24 h")


@pytest.mark.parametrize(
    ("heard", "rhythm", "state"),
    [
        (Heard(named_at=NOON - 99 * DAY), None, "never"),
        (Heard(last_at=NOON - DAY), None, "learning"),
        (Heard(last_at=NOON - HOUR), Rhythm((1.0,) * HALF_HOURS, 12), "well"),
        (Heard(last_at=NOON - 13 * HOUR), Rhythm((1.0,) * HALF_HOURS, 12), "silent"),
        (Heard(last_at=NOON - 13 * HOUR), Rhythm((0.0,) * HALF_HOURS, 12), "learning"),
    ],
)
def test_by_its_rhythm_a_product_is_judged_once_it_has_one(
    heard: Heard, rhythm: Rhythm | None, state: str
):
    assert judge("checks", "auto", heard, rhythm, NOON).state == state


def test_spans_and_times_are_said_as_people_say_them():
    assert list(map(in_words, (90 * MINUTE, DAY, 7 * DAY, HOUR))) == [
        "90 min",
        "24 h",
        "7 d",
        "1 h",
    ]
    by = Silence("checks", "auto", NOON, NOON + 3 * HOUR, "well")
    assert by.expected == "by Mon 03 Aug 15:00 UTC"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Told]:
    with told(tmp_path / "mailhook.db") as store:
        yield store


def seen(store: Told, now: datetime, **expect: object) -> tuple[Silence, ...]:
    settings = Settings.model_validate({"store": {"path": str(store.path)}, "expect": expect})
    with Reader(store.path) as reader:
        found = silence.look(settings, reader, now)
        troubled = list(silence.troubles(settings, reader, now))
    assert troubled == [one for one in found if one.state == "silent"]
    return found


def test_the_last_event_is_the_one_recorded_last_and_a_repeat_is_none(store: Told):
    store.event(1, NOON, web=60)
    store.event(2, NOON - DAY, email=2 * 86_400)
    store.sight(1, "api", NOON + 3 * DAY)
    store.event(3, NOON + 2 * DAY, web=1, authenticity="unverified")
    (found,) = seen(store, NOON + 2 * DAY, checks="24h")
    assert (found.last_at, found.state) == (NOON + DAY, "well")
    assert seen(store, NOON + 2 * DAY + MINUTE, checks="24h")[0].state == "silent"


def test_a_clock_that_was_ahead_for_one_event_makes_no_product_well_until_then(store: Told):
    store.event(1, NOON, web=1)
    store.event(2, NOON + HOUR, web=1, recorded_at=times.stored(NOON + 900 * DAY))
    assert seen(store, NOON + HOUR, checks="24h")[0].state == "well"
    (found,) = seen(store, NOON + 2 * DAY, checks="24h")
    assert (found.last_at, found.state) == (NOON + timedelta(seconds=1), "silent")
    store.event(3, NOON + 2 * DAY, web=1)
    assert seen(store, NOON + 2 * DAY + HOUR, checks="24h")[0].state == "well"


def test_the_rhythm_is_that_of_the_events_own_times_however_late_they_are_read(store: Told):
    found, end = happened(by_day, timedelta(weeks=3), 3), MONDAY + timedelta(weeks=3)
    for number, at in enumerate(found, 1):
        store.event(number, at, email=(end - at).total_seconds())
    heard = end + 10 * HOUR
    store.event(9_999, heard, web=0)
    (one,) = seen(store, heard + HOUR, checks="auto")
    assert one.state == "well"
    assert one.due_at
    assert HOUR < one.due_at - heard < 2 * HOUR
    assert seen(store, one.due_at + MINUTE, checks="auto")[0].state == "silent"


def test_a_known_resource_is_the_newest_subject_of_the_product(store: Told):
    store.event(1, NOON, web=1)
    store.event(2, NOON + HOUR, web=1)
    store.event(3, NOON + DAY, web=1, subject=None)
    store.event(4, NOON + DAY, web=1, product="signals")
    with Reader(store.path) as reader:
        assert silence.known_resource(reader, "checks") == ("check", "CHK2")
        assert silence.known_resource(reader, "nothing") is None


def test_what_is_asked_four_times_a_minute_is_found_by_index(store: Told):
    from mailhook.silence import sight

    plans = [
        store.db.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
        for sql, values in (
            (sight.HEARD, ("checks",)),
            (sight.HEARD_BY, ("checks", "2026")),
            (sight.HOURS, ("checks", "2026", "2027")),
            (sight.NEWEST, ("checks",)),
        )
    ]
    lines = [str(row[3]) for plan in plans for row in plan]
    assert not [line for line in lines if line.startswith("SCAN") and "CONSTANT" not in line]
