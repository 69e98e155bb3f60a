"""What is due when: the month's own clock, and the order of all that happens in it."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import count

Due = Callable[[], object]


class Timeline:
    """Things are done in the order of their time, of equal ones in that of their planning."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Due]] = []
        self._numbers = count()

    def at(self, when: float, do: Due) -> None:
        """Do it then; what should have been before now is done next."""
        heapq.heappush(self._due, (max(when, self.now), next(self._numbers), do))

    def after(self, seconds: float, do: Due) -> None:
        """Do it so many seconds from now."""
        self.at(self.now + seconds, do)

    def steps(self) -> Iterator[Due]:
        """Each thing in its turn, with `now` set to its time, until nothing is left."""
        while self._due:
            self.now, _, do = heapq.heappop(self._due)
            yield do
