"""The vendor's rule by which a subscription is switched off. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Rule:
    """What came of the attempts of the last `window_seconds`; times never go back."""

    window_seconds: float
    _noted: deque[tuple[float, bool]] = field(default_factory=deque)
    _failed: int = 0

    def note(self, at: float, *, ok: bool) -> None:
        """Count one attempt that ended then."""
        self._noted.append((at, ok))
        self._failed += not ok
        self._forget(at)

    def share(self, at: float) -> float:
        """Which share of the attempts failed, 0 where there were none; one of one is 1."""
        self._forget(at)
        return self._failed / len(self._noted) if self._noted else 0.0

    def clear(self) -> None:
        """Begin anew, as when the subscription is enabled by hand."""
        self._noted.clear()
        self._failed = 0

    def _forget(self, at: float) -> None:
        while self._noted and self._noted[0][0] <= at - self.window_seconds:
            self._failed -= not self._noted.popleft()[1]
