"""What is done by one thread at a time, also where a reload has left an old one at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Works by their names. Nobody waits for a turn: what is being done is left to who does it."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken: set[str] = set()

    @contextmanager
    def of(self, name: str) -> Iterator[bool]:
        """Whether the turn is ours, for the time of the block."""
        with self._mutex:
            is_ours = name not in self._taken
            self._taken.add(name)
        try:
            yield is_ours
        finally:
            if is_ours:
                with self._mutex:
                    self._taken.discard(name)
