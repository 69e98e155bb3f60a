"""The edges of a working day, and the clocks that move them, are no silence; a real one is told."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import pytest
from depth import DEEP, deeper

from mailhook.silence.rhythm import WEEKS, Rhythm, learn

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# Its clocks go back on 5 April 2026, and forward on 6 September.
SANTIAGO = ZoneInfo("America/Santiago")
AUTUMN, SPRING = datetime(2026, 4, 5, tzinfo=UTC), datetime(2026, 9, 6, tzinfo=UTC)

Share = Callable[[float], float]


def sharp(hour: float) -> float:
    return float(9 <= hour < 18)


def ramps(hour: float) -> float:
    return max(0.0, min(1.0, (hour - 7) / 3, (20 - hour) / 3))


def with_a_break(hour: float) -> float:
    return float(9.5 <= hour < 13 or 14 <= hour < 18.5)


def business(start: datetime, end: datetime, rate: float, share: Share) -> Iterator[datetime]:
    """A Poisson process from Monday to Friday, local time: `rate` an hour times the share of it."""
    chance, hour = random.Random(7), start  # noqa: S311 - a simulation
    while hour < end:
        local, part = hour.astimezone(SANTIAGO), chance.expovariate(rate)
        while local.weekday() < 5 and 6 < local.hour < 21 and part < 1:
            if chance.random() < share(local.hour + part):
                yield hour + timedelta(hours=part)
            part += chance.expovariate(rate)
        hour += HOUR


def hourly(found: list[datetime]) -> Counter[datetime]:
    return Counter(at.replace(minute=0, second=0, microsecond=0) for at in found)


def learned(hours: Counter[datetime], last_at: datetime) -> Rhythm:
    start = last_at - WEEKS
    rhythm = learn({at: n for at, n in hours.items() if start <= at < last_at}, start, last_at)
    assert rhythm
    return rhythm


# The events of a busy product take long to be invented.
_CHANGES = {"back": AUTUMN, "forward": SPRING}
_BUSY = product([500], [sharp, ramps, with_a_break], _CHANGES)
_CASES = [
    *product([5, 60], [sharp, ramps, with_a_break], _CHANGES),
    *(_BUSY if DEEP else [(500, sharp, "back"), (500, ramps, "forward")]),
]


@deeper
@pytest.mark.parametrize(("rate", "share", "changed"), _CASES)
def test_no_night_no_weekend_and_no_change_of_the_clocks_is_a_silence(
    rate: float, share: Share, changed: str
):
    moment = _CHANGES[changed]
    since, until = moment - timedelta(weeks=1), moment + timedelta(weeks=2)
    found = list(business(since - WEEKS - timedelta(days=1), until, rate, share))
    hours, silences = hourly(found), 0
    shortest = max(HOUR / 2, 6 / rate * HOUR)  # fewer missing events than twice as many say nothing
    for last_at, next_at in pairwise(found):
        if last_at > since and next_at - last_at > shortest:
            due_at = learned(hours, last_at).due_at(last_at)
            assert due_at
            assert next_at <= due_at
            silences += next_at.astimezone(SANTIAGO).date() > last_at.astimezone(SANTIAGO).date()
    assert silences >= 14


@pytest.mark.parametrize(("rate", "minutes"), [(5, 230), (20, 80), (150, 45), (500, 40)])
def test_a_silence_from_ten_on_a_tuesday_is_told(rate: float, minutes: float):
    ten = datetime.combine(date(2026, 7, 7), datetime.min.time(), SANTIAGO) + 10 * HOUR
    found = list(business(ten - WEEKS - timedelta(days=1), ten, rate, sharp))
    due_at = learned(hourly(found), found[-1]).due_at(found[-1])
    assert due_at
    assert timedelta(0) < due_at - ten < minutes * MINUTE


def batches(every: timedelta, hours: float, count: int) -> list[datetime]:
    """So many events each time, evenly within so many hours, for eight weeks."""
    start = datetime(2026, 6, 1, 2, tzinfo=UTC)
    begins = [start + nth * every for nth in range(int(WEEKS / every) + 1)]
    return [at + nth / count * hours * HOUR for at in begins for nth in range(count)]


@pytest.mark.parametrize(
    ("every", "hours", "count", "told_after"),
    [
        (timedelta(days=1), 1, 300, timedelta(hours=25)),
        (timedelta(days=1), 2, 1000, timedelta(hours=24)),
        (timedelta(hours=4), 1, 200, timedelta(hours=6)),
        (timedelta(days=7), 1, 1000, timedelta(days=7, hours=1)),
    ],
)
def test_what_comes_within_few_hours_is_awaited_when_these_are_over(
    every: timedelta, hours: float, count: int, told_after: timedelta
):
    found = batches(every, hours, count)
    due_at = learned(hourly(found), found[-1]).due_at(found[-1])
    assert due_at
    assert every < due_at - found[-1] + hours * HOUR
    assert due_at - found[-1] < told_after
