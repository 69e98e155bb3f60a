"""The vendor's rule, played through: attempts, their retries, and the share that failed.

Times are seconds on one axis, whatever its origin. An attempt may stand for many, or for a
part of one: `count` of them, of which `failed` have failed.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Self, TypeAlias

from mailhook.config import GuardSettings

# When, and how many at that time.
Attempt: TypeAlias = tuple[float, int]
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Rule:
    """A subscription is switched off where more than `disable_ratio` of a window's attempts fail.

    `retry_seconds` are the waits between one attempt and the next.
    """

    window_seconds: float
    disable_ratio: float
    retry_seconds: tuple[float, ...]

    @classmethod
    def of(cls, settings: GuardSettings) -> Self:
        """The rule as the settings have it."""
        return cls(60 * settings.window_minutes, settings.disable_ratio, settings.retry_seconds)

    @property
    def tries(self) -> tuple[float, ...]:
        """How long after an event each attempt is made, the first at once."""
        return (0.0, *accumulate(self.retry_seconds))

    def by_minute(self, attempts: Iterable[Attempt], now: float) -> Counter[int]:
        """How many were made in each minute of the window, by the second at which it began."""
        found: Counter[int] = Counter()
        for at, count in attempts:
            if now - self.window_seconds <= at <= now:
                found[int(at // _MINUTE * _MINUTE)] += count
        return found


@dataclass(frozen=True, slots=True)
class Attempts:
    """So many at one time, and how many of them failed."""

    at: float
    count: float
    failed: float


def tried(rule: Rule, at: float, share: float = 1.0, count: float = 1.0) -> Iterator[Attempts]:
    """All attempts at `count` events of one time, where `share` of them fails each time."""
    for later in rule.tries:
        yield Attempts(at + later, count, count * share)
        count *= share


def ratios(course: Iterable[Attempts], rule: Rule) -> Iterator[tuple[float, float]]:
    """After each of the attempts, taken in order of time: when, and what share had failed then.

    Only those of the window up to that moment count.
    """
    window: deque[Attempts] = deque()
    count = failed = 0.0
    for one in sorted(course, key=lambda one: one.at):
        window.append(one)
        count, failed = count + one.count, failed + one.failed
        while window[0].at < one.at - rule.window_seconds:
            gone = window.popleft()
            count, failed = count - gone.count, failed - gone.failed
        yield one.at, failed / count if count > 0 else 0.0


def reached(course: Iterable[Attempts], rule: Rule, level: float) -> float | None:
    """When so large a share had failed for the first time; None if never."""
    return next((at for at, ratio in ratios(course, rule) if ratio >= level), None)


def disabled(course: Iterable[Attempts], rule: Rule, after: float = -math.inf) -> float | None:
    """When the subscription is switched off, later than `after`; None if it is not."""
    found = (at for at, ratio in ratios(course, rule) if at > after and ratio > rule.disable_ratio)
    return next(found, None)
