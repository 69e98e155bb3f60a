"""How long to leave a server alone after something went wrong. Clock and dice are handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import uniform

from mailhook.errors import LoginRefused, MailhookError, TemporaryError

# Of the outage so far: short ones are healed at once, long ones do not hammer.
_SHARE = 0.2
_LEAST_SECONDS, _MOST_SECONDS = 0.5, 300
_JITTER = 0.25
# Many servers lock an account after a few wrong passwords.
_REFUSED_SECONDS, _MOST_REFUSED_SECONDS = 60, 1800


@dataclass(slots=True)
class Backoff:
    """One connection's troubles since its last completed sweep.

    `began_at` is when they began, in seconds of the caller's monotonic clock;
    `refused` counts the logins refused since then.
    """

    dice: Callable[[float, float], float] = field(default=uniform)
    began_at: float | None = None
    refused: int = 0

    def healed(self) -> None:
        """A sweep was completed."""
        self.began_at, self.refused = None, 0

    def failed(self, error: MailhookError, now: float) -> float:
        """The seconds to wait before the next try."""
        if self.began_at is None:
            self.began_at = now
        if isinstance(error, LoginRefused):
            return self._after_refusal()
        share = (now - self.began_at) * _SHARE
        wait = min(max(share, _LEAST_SECONDS), _MOST_SECONDS)
        asked = error.wait_seconds if isinstance(error, TemporaryError) else 0
        jittered = wait * self.dice(1 - _JITTER, 1 + _JITTER)
        return max(asked, _LEAST_SECONDS, min(jittered, _MOST_SECONDS))

    def _after_refusal(self) -> float:
        self.refused += 1
        doubled = min(
            _REFUSED_SECONDS * float(2 ** min(self.refused - 1, 16)), _MOST_REFUSED_SECONDS
        )
        return min(doubled * self.dice(1, 1 + _JITTER), _MOST_REFUSED_SECONDS)
