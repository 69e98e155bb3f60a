"""The rhythm of a product's events through the week, and how long a silence it makes likely. Pure.

An hour of the week is expected to bring what it and the hours beside it have brought on
average. A silence is improbable once so many events should have come as, by chance, do not
fail to come once in fifteen years. Where events come in bursts it is bursts that chance
throws dice for: so many times more events must be missing as a burst has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
WEEKS = timedelta(weeks=8)
"""How far back events are looked at."""

LEAST_HISTORY, LEAST_EVENTS = timedelta(weeks=2), 30
# So seldom is a silence called improbable that is none: once in a hundred times these weeks.
_SELDOM = 100
_WEEK_HOURS = 7 * 24
# More than that in an hour, and in no other such hour, was a flood and not the rhythm.
_FLOOD = 10
# Where nothing is due within so long, nothing can be said.
_LONGEST = timedelta(days=60)
# No silence shorter than this is worth a word.
_SHORTEST = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How many events an hour each hour of the week brings, from Monday 0:00 UTC.

    `bar`: so many that should have come and did not are improbable.
    """

    rates: tuple[float, ...]
    bar: float

    def due_at(self, last_at: datetime) -> datetime | None:
        """Until when the next event after `last_at` should have come; None: cannot be said."""
        missing, moment = 0.0, last_at
        while moment - last_at < _LONGEST:
            end = _hour(moment) + HOUR
            rate = self.rates[_of_week(moment)]
            more = rate * ((end - moment) / HOUR)
            if missing + more >= self.bar:
                due = moment + (self.bar - missing) / rate * HOUR
                return max(due, last_at + _SHORTEST)
            missing, moment = missing + more, end
        return None


def learn(counts: Mapping[datetime, int], start: datetime, end: datetime) -> Rhythm | None:
    """The rhythm of events between two times, by their number in each hour; None: too few.

    `counts` has the beginnings of hours; those without events may be left out.
    """
    first, last = _hour(start + HOUR), _hour(end)
    hours = [first + nth * HOUR for nth in range(int((last - first) / HOUR))]
    found = [counts.get(hour, 0) for hour in hours]
    if last - first < LEAST_HISTORY - HOUR or sum(found) < LEAST_EVENTS:
        return None
    brought: list[list[int]] = [[] for _ in range(_WEEK_HOURS)]
    for hour, count in zip(hours, found, strict=True):
        brought[_of_week(hour)].append(count)
    brought = [_without_floods(counts) for counts in brought]
    rates = _rates(brought)
    burst = _burst(brought, rates)
    return Rhythm(rates, burst * math.log(_SELDOM * sum(found) / burst))


def _rates(brought: Sequence[Sequence[int]]) -> tuple[float, ...]:
    sums, lengths = list(map(sum, brought)), list(map(len, brought))
    return tuple(_blended(sums, nth) / _blended(lengths, nth) for nth in range(_WEEK_HOURS))


def _burst(brought: Sequence[Sequence[int]], rates: Sequence[float]) -> float:
    """How many events come at once: the variance of an hour's number over its mean, 1 at least.

    By pure chance both are equal (Poisson); bursts of n make the variance n times the mean.
    """
    both = [(count, rate) for counts, rate in zip(brought, rates, strict=True) for count in counts]
    mean = sum(rate for _, rate in both)
    return max(1.0, sum((count - rate) ** 2 for count, rate in both) / mean) if mean else 1.0


def _without_floods(counts: Sequence[int]) -> list[int]:
    most = max(_FLOOD, *sorted(counts)[-2:-1])
    return [min(count, most) for count in counts]


def _blended(values: Sequence[int], nth: int) -> int:
    """The hour of the week twice, and each of its neighbours once."""
    return values[nth - 1] + 2 * values[nth] + values[(nth + 1) % _WEEK_HOURS]


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _of_week(moment: datetime) -> int:
    return moment.weekday() * 24 + moment.hour
