"""A further level of the guard over web hooks: what failed there may be had from the API."""

from __future__ import annotations

from collections.abc import Callable

from mailhook import guard, times
from mailhook.config import Settings
from mailhook.store import Reader, Store


class Levels:
    """Rings each time the guard stands at a higher level than at the look before."""

    def __init__(self, settings: Settings, store: Store, ring: Callable[[], object]) -> None:
        self._settings, self._store, self._ring = settings, store, ring
        self._level: int | None = None

    def look(self) -> None:
        """Look once; the first look only notes the level, for a start asks the API anyway."""
        with Reader(self._store.path) as reader:
            standing = guard.look(self._settings, reader, times.now())
        level = standing.level if standing else 0
        before, self._level = self._level, level
        if before is not None and level > before:
            self._ring()
