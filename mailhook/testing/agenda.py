"""What is to be done when, by the vendor's clock, and the threads that do it."""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from mailhook.testing.clock import Clock

_PATIENCE_SECONDS = 60.0


class Agenda:
    """Does each thing when it is due, several at a time. `changed` guards whoever uses it."""

    def __init__(self, clock: Clock, threads: int) -> None:
        self.clock = clock
        self.changed = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self._busy = 0
        self._ended = False
        self._problem: BaseException | None = None
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="vendor")
        self._driver = threading.Thread(target=self._drive, name="vendor", daemon=True)
        self._driver.start()

    def at(self, when: float, work: Callable[[], object]) -> None:
        """Do it then, or at once where that has passed."""
        with self.changed:
            heapq.heappush(self._due, (when, next(self._numbers), work))
            self.changed.notify_all()

    def drop(self, works: Collection[Callable[[], object]]) -> None:
        """Do none of these; what is being done already is done to its end."""
        unwanted = {*map(id, works)}
        with self.changed:
            self._due = [entry for entry in self._due if id(entry[2]) not in unwanted]
            heapq.heapify(self._due)
            self.changed.notify_all()

    def until(
        self, wanted: Callable[[], object], patience_seconds: float = _PATIENCE_SECONDS
    ) -> None:
        """Wait until it is so, as looked at after each change.

        Raises TimeoutError after so many of our seconds, and what a thing to do has raised.
        """
        deadline = time.monotonic() + patience_seconds
        with self.changed:
            while not wanted():
                if self._problem:
                    raise self._problem
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"not so after {patience_seconds:g} s: {self._state()}")
                self.changed.wait(min(left, threading.TIMEOUT_MAX))

    def settle(self) -> None:
        """Wait until nothing is being done and nothing is due by now."""
        self.until(lambda: self._idle(self.clock.now()))

    def let_pass(self, seconds: float) -> None:
        """Wait until so much time has passed, and what was due by then is done."""
        with self.changed:
            end = self.clock.now() + seconds
            self.clock.allow(end)
            self.changed.notify_all()
        left = self.clock.left(end)
        if left is not None:
            self._pass(end)
        self.until(lambda: self.clock.now() >= end and self._idle(end))

    def finish(self, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until nothing is left to be done."""
        with self.changed:
            self.clock.allow(math.inf)
            self.changed.notify_all()
        try:
            self.until(lambda: self._idle(math.inf), patience_seconds)
        finally:
            with self.changed:
                self.clock.hold()

    def close(self) -> None:
        """Do nothing more; what is being done is done to its end."""
        with self.changed:
            self._ended = True
            self.changed.notify_all()
        self._driver.join()
        self._pool.shutdown()

    def _pass(self, end: float) -> None:
        with self.changed:
            while left := self.clock.left(end):
                self.changed.wait(left)

    def _idle(self, by: float) -> bool:
        return not self._busy and not (self._due and self._due[0][0] <= by)

    def _state(self) -> str:
        return f"{self._busy} being done, {len(self._due)} to come"

    def _drive(self) -> None:
        with self.changed:
            while not self._ended:
                while self._due and self._due[0][0] <= self.clock.now():
                    self._busy += 1
                    self._pool.submit(self._do, heapq.heappop(self._due)[2])
                due = self._due[0][0] if self._due else None
                self.clock.rest(self.changed, due, busy=self._busy > 0)

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - whoever waits raises it
            self._problem = error
        finally:
            with self.changed:
                self._busy -= 1
                self.changed.notify_all()
