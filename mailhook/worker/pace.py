"""How the vendor's API was asked last, kept over reloads: what it asked us to wait holds on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mailhook.config import ApiBases, ApiSettings

if TYPE_CHECKING:
    from mailhook.sources.api import Pacer


class Pace:
    """Makes the pacer of each run from that of the run before; for one run at a time."""

    def __init__(self) -> None:
        self._base: ApiBases | None = None
        self._last: Pacer | None = None

    def of(self, settings: ApiSettings, pause: Callable[[float], object]) -> Pacer:
        """The pacer of a run that begins; another address has asked us to wait for nothing."""
        from mailhook.sources.api import Pacer

        before = self._last if settings.base == self._base else None
        self._base = settings.base
        self._last = Pacer(settings.requests_per_second, pause=pause, after=before)
        return self._last
