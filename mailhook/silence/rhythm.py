"""The rhythm of a product's events through the week, and how long a silence it makes likely. Pure.

A half hour of the week is expected to bring what its hour and the hours beside it have brought
on average; but where any hour within an hour and a half of it is clearly quieter, no more than
that one. So neither the edge of a working day nor a change of the clocks by an hour is a
silence, however many events the day has. Of a product that comes within a few hours nothing
would be left, so that its hours count in full, too, once the silence has outlasted them on both
sides by an hour and a half. A silence is improbable once so many events should
have come as, by chance, do not fail to come once in fifteen years. Where events come in bursts
it is bursts that chance throws dice for: so many times more events must be missing as a burst
has.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR, HALF_HOUR = timedelta(hours=1), timedelta(minutes=30)
WEEKS = timedelta(weeks=8)
"""How far back events are looked at."""

LEAST_HISTORY, LEAST_EVENTS = timedelta(weeks=2), 30
# So seldom is a silence called improbable that is none: once in a hundred times these weeks.
_SELDOM = 100
_WEEK_HOURS, _WEEK_HALVES = 7 * 24, 2 * 7 * 24
# The half hours before and after in which none may be quieter: the clocks change by two of them,
# and within an hour that fills or empties nobody knows where its events stand.
_BESIDE = 3
_EDGE = _BESIDE * HALF_HOUR
# What chance makes of a number is within twice its standard deviation.
_DEVIATIONS = 2
# More than that in an hour, and in no other such hour, was a flood and not the rhythm.
_FLOOD = 10
# Where nothing is due within so long, nothing can be said.
_LONGEST = timedelta(days=60)
# No silence shorter than this is worth a word.
_SHORTEST = HALF_HOUR


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How many events an hour each half hour of the week brings at least, from Monday 0:00 UTC.

    `averages`: how many each has brought. `bar`: so many that should have come and did not are
    improbable.
    """

    rates: tuple[float, ...]
    bar: float
    averages: tuple[float, ...] = (0.0,) * _WEEK_HALVES

    def due_at(self, last_at: datetime) -> datetime | None:
        """Until when the next event after `last_at` should have come; None: cannot be said."""
        soon = self._due_at(last_at, self.rates)
        surely = self._due_at(last_at + _EDGE, self.averages)
        due = [one for one in (soon, surely and surely + _EDGE) if one]
        return max(min(due), last_at + _SHORTEST) if due else None

    def _due_at(self, last_at: datetime, rates: Sequence[float]) -> datetime | None:
        """When so many are missing as the bar says."""
        missing, moment = 0.0, last_at
        while moment - last_at < _LONGEST:
            end = _half_hour(moment) + HALF_HOUR
            rate = rates[2 * _of_week(moment) + moment.minute // 30]
            more = rate * ((end - moment) / HOUR)
            if missing + more >= self.bar:
                return moment + (self.bar - missing) / rate * HOUR
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
    burst = _burst(brought)
    averages = (statistics.fmean(counts) if counts else 0.0 for counts in brought for _ in range(2))
    bar = burst * math.log(_SELDOM * sum(found) / burst)
    return Rhythm(_rates(brought, burst), bar, tuple(averages))


def _rates(brought: Sequence[Sequence[int]], burst: float) -> tuple[float, ...]:
    """The average, or what the quietest half hour beside may have brought: of chance, not more."""
    sums, lengths = list(map(sum, brought)), list(map(len, brought))
    average = [_blended(sums, nth) / _blended(lengths, nth) for nth in range(_WEEK_HOURS)]
    most = [_most(*of_hour, burst) for of_hour in zip(sums, lengths, strict=True)]
    return tuple(
        min(average[nth // 2], *(most[beside // 2] for beside in _beside(nth)))
        for nth in range(_WEEK_HALVES)
    )


def _beside(nth: int) -> Iterator[int]:
    return (other % _WEEK_HALVES for other in range(nth - _BESIDE, nth + _BESIDE + 1))


def _most(found: int, hours: int, burst: float) -> float:
    """What may well have been due an hour where so many were found in so many hours."""
    return (found + _DEVIATIONS * (math.sqrt(burst * found) + burst)) / hours


def _burst(brought: Sequence[Sequence[int]]) -> float:
    """How many events come at once: the variance of an hour's number over its mean, 1 at least.

    By pure chance both are equal (Poisson); bursts of n make the variance n times the mean.
    """
    several = [counts for counts in brought if len(counts) > 1]
    mean = sum(statistics.fmean(counts) for counts in several)
    return max(1.0, sum(_variance(counts) for counts in several) / mean) if mean else 1.0


def _variance(counts: Sequence[int]) -> float:
    return float(statistics.variance(counts))


def _without_floods(counts: Sequence[int]) -> list[int]:
    most = max(_FLOOD, *sorted(counts)[-2:-1])
    return [min(count, most) for count in counts]


def _blended(values: Sequence[int], nth: int) -> int:
    """The hour of the week twice, and each of its neighbours once."""
    return values[nth - 1] + 2 * values[nth] + values[(nth + 1) % _WEEK_HOURS]


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _half_hour(moment: datetime) -> datetime:
    return _hour(moment) + moment.minute // 30 * HALF_HOUR


def _of_week(moment: datetime) -> int:
    return moment.weekday() * 24 + moment.hour
