"""What the service has done since it started, in one line for whoever asks the service manager."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from mailhook import times
from mailhook.model import Delivery, Outcome


class Tally:
    """Counts of outcomes, and how late the last mail was."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._counts: Counter[Outcome] = Counter()
        self._lag_seconds: float | None = None

    def add(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        """Count a batch."""
        with self._mutex:
            self._counts.update(outcomes)
            self._lag_seconds = lag_seconds(deliveries[-1:])[0]

    def words(self) -> str:
        """Such as `12 recorded, 1 quarantined since the start; the last after 0.4 s`."""
        with self._mutex:
            told = [f"{self._counts[name]} {name}" for name in Outcome if self._counts[name]]
            lag = self._lag_seconds
        counts = f"{', '.join(told) or 'no mail'} since the start"
        return counts if lag is None else f"{counts}; the last after {lag:.1f} s"


def lag_seconds(deliveries: Sequence[Delivery]) -> list[float]:
    """The seconds from each arrival until now, at least 0."""
    now = times.now()
    return [max(0.0, (now - one.received_at) / timedelta(seconds=1)) for one in deliveries]
