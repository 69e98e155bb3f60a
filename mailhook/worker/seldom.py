"""What may be true a thousand times a second, said now and then."""

from __future__ import annotations

import time


class Seldom:
    """Whether words are to be said: others than the last at once, the same not for `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._said, self._said_at = "", float("-inf")

    def is_due(self, words: str) -> bool:
        """True where they are to be said now; then they count as said."""
        now = time.monotonic()
        if words == self._said and now - self._said_at <= self._seconds:
            return False
        self._said, self._said_at = words, now
        return True
