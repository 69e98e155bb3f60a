"""The vendor's time: as fast as ours, many times as fast, or moved by hand."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# No receiver answers sooner because a test is in a hurry.
_SHORTEST_SECONDS = 1.0


class Clock:
    """Seconds since the vendor began; `speed` of them pass in one of ours.

    `began_at` is when that was by the calendar, now where it is not told.
    """

    def __init__(
        self,
        speed: float = 1,
        began_at: datetime | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"a clock does not go {speed} times as fast as ours")
        self._speed, self._monotonic = speed, monotonic
        self._began, self._began_at = monotonic(), began_at or datetime.now(UTC)

    def now(self) -> float:
        """How many of the vendor's seconds have passed."""
        return (self._monotonic() - self._began) * self._speed

    def date(self, at: float) -> datetime:
        """What the calendar shows at that second of the vendor's."""
        return self._began_at + timedelta(seconds=at)

    def ours(self, seconds: float) -> float:
        """How many of our seconds a time-out of so many of the vendor's is, at least one."""
        return max(seconds / self._speed, min(seconds, _SHORTEST_SECONDS))

    def left(self, until: float) -> float | None:
        """How many of our seconds until then, None where nobody knows."""
        return max(0.0, (until - self.now()) / self._speed)

    def allow(self, until: float) -> None:
        """Let time go on until then: this clock asks nobody."""

    def hold(self) -> None:
        """Let no more time pass than has: this clock asks nobody."""

    def rest(self, changed: threading.Condition, due: float | None, *, busy: bool) -> None:  # noqa: ARG002 - this clock goes on meanwhile
        """Wait, holding `changed`, until it is notified or it is `due`."""
        changed.wait(None if due is None else self.left(due))


class HandClock(Clock):
    """A clock that stands still until it is moved, and leaps from one due thing to the next.

    It never leaps while an attempt is on its way, so that hours of retries pass in no
    time and always in the same order.
    """

    def __init__(self, began_at: datetime | None = None) -> None:
        super().__init__(began_at=began_at)
        self._now = self._goal = 0.0

    def now(self) -> float:
        """How many of the vendor's seconds have passed."""
        return self._now

    def ours(self, seconds: float) -> float:
        """Time-outs are as long as ours: whoever answers lives in our time."""
        return seconds

    def left(self, until: float) -> float | None:  # noqa: ARG002 - it depends on who answers when
        """Nobody knows."""
        return None

    def allow(self, until: float) -> None:
        """Let time go on until then, or for ever: as long as there is something to do."""
        self._goal = max(self._goal, until)

    def hold(self) -> None:
        """Let no more time pass than has."""
        self._goal = self._now

    def rest(self, changed: threading.Condition, due: float | None, *, busy: bool) -> None:
        """Leap, or wait, holding `changed`, until it is notified."""
        until = min(self._goal, math.inf if due is None else due)
        if busy or until <= self._now or until == math.inf:
            changed.wait()
            return
        self._now = until
        changed.notify_all()
