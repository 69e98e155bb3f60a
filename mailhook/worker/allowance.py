"""How much each source may bring: so many at once, then so many a minute."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

_SOURCES = 1024


class Bucket:
    """`burst` at once, refilled by `per_minute`."""

    def __init__(self, per_minute: float, burst: float, now: float) -> None:
        self._per_second, self._burst = per_minute / 60, burst
        self._left, self._at = burst, now

    def take(self, now: float) -> bool:
        """Whether there is one left; takes it."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Allowance:
    """Of each source, and ten times that of all together, so that many sources are no way round.

    Remembers the last 1,024 sources. Not for several threads.
    """

    def __init__(
        self,
        per_minute: float = 60,
        burst: float = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_minute, self._burst, self._clock = per_minute, burst, clock
        self._all = Bucket(10 * per_minute, 10 * burst, clock())
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, source: str) -> bool:
        """Whether the source may bring one more."""
        now = self._clock()
        bucket = self._buckets.pop(source, None) or Bucket(self._per_minute, self._burst, now)
        self._buckets[source] = bucket
        if len(self._buckets) > _SOURCES:
            self._buckets.popitem(last=False)
        return bucket.take(now) and self._all.take(now)
