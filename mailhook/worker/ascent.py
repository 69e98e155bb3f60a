"""Deliveries that begin to fail, or fail more: a reason to ask the API before it is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailhook import guard, times
from mailhook.config import Settings
from mailhook.store import Reader, Store


@dataclass(slots=True)
class Ascent:
    """Rings once for each level of `guard.warn_at` that is reached, and not while it lasts.

    `highest` is the level that was reached since there last was none.
    """

    settings: Settings
    store: Store
    ring: Callable[[], None]
    highest: int = 0

    def look(self) -> None:
        """See how the hook stands now; the level of an alarm, so what is refused raises none."""
        with Reader(self.store.path) as reader:
            standing = guard.look(self.settings, reader, times.now())
        level = standing.level if standing else 0
        if level > self.highest:
            self.ring()
        self.highest = max(level, self.highest) if level else 0
