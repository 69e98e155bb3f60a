"""How often and how fast the API is asked: never faster than allowed, never more than allowed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Self

from mailhook.sources.api.answers import BudgetSpent

Clock = Callable[[], float]
# Waits so many seconds; may raise to end whatever waits.
Pause = Callable[[float], object]


class Pacer:
    """Lets requests through one by one, at least `1 / per_second` seconds apart; 0: at once.

    `after` is the one of the run before, so that none begins sooner than that one allows,
    also where the pace is another one since. Both go by the same clock.
    """

    def __init__(
        self,
        per_second: float,
        clock: Clock = time.monotonic,
        pause: Pause = time.sleep,
        after: Self | None = None,
    ) -> None:
        self.apart_seconds = 1 / per_second if per_second else 0.0
        self._clock, self._pause = clock, pause
        self.asked_at: float = after.asked_at if after else -math.inf
        self.rests_until: float = after.rests_until if after else -math.inf

    @property
    def ahead_seconds(self) -> float:
        """How long it is until the next request may be made; 0 or less: now."""
        return max(self.asked_at + self.apart_seconds, self.rests_until) - self._clock()

    def wait(self) -> None:
        """Return when the next request may be made."""
        while (ahead := self.ahead_seconds) > 0:
            self._pause(ahead)
        self.asked_at = self._clock()

    def rest(self, seconds: float) -> None:
        """Let no request through for so long."""
        self.rests_until = max(self.rests_until, self._clock() + seconds)


class Budget:
    """How many requests a run may make; repeated ones count, and `kept` ones are not for now."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.kept = 0
        self.spent = 0

    @property
    def left(self) -> int:
        """How many more may be made."""
        return self._most - self.kept - self.spent

    def spend(self) -> None:
        """One more. Raises BudgetSpent where there is none."""
        if self.left <= 0:
            made = "1 request was" if self.spent == 1 else f"{self.spent:,} requests were"
            raise BudgetSpent(f"{made} made (api.requests_per_run); the next run goes on")
        self.spent += 1
