"""A further level of the guard over web hooks: what failed there may be had from the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailhook import guard, times
from mailhook.config import Settings
from mailhook.store import Reader, Store


@dataclass(slots=True)
class Levels:
    """Rings once for each level of `guard.warn_at` that is reached, and not while it lasts.

    `highest` is the level that was reached since there last was none; None before the first
    look, which only notes it, for a start asks the API anyway.
    """

    settings: Settings
    store: Store
    ring: Callable[[], object]
    highest: int | None = None

    def look(self) -> None:
        """See how the hook stands now; the level of an alarm, so what is refused raises none."""
        with Reader(self.store.path) as reader:
            standing = guard.look(self.settings, reader, times.now())
        level = standing.level if standing else 0
        if self.highest is not None and level > self.highest:
            self.ring()
        self.highest = max(level, self.highest or 0) if level else 0
