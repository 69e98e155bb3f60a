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
# A connection that breaks sooner after its sweep has not ended the outage: else a server that
# hangs up at each IDLE would be logged in to twice a second, for ever.
_PEACE_SECONDS = 10
# Many servers lock an account after a few wrong passwords.
_REFUSED_SECONDS, _MOST_REFUSED_SECONDS = 60, 1800


@dataclass(slots=True)
class Backoff:
    """One connection's troubles, ended only by a completed sweep.

    `began_at` is when they began, `healed_at` when a sweep was completed since, in
    seconds of the caller's monotonic clock; `refused` counts the logins refused.
    """

    dice: Callable[[float, float], float] = field(default=uniform)
    began_at: float | None = None
    healed_at: float | None = None
    refused: int = 0

    @property
    def in_trouble(self) -> bool:
        """Whether no sweep was completed since the connection failed."""
        return self.began_at is not None and self.healed_at is None

    def healed(self, now: float) -> float | None:
        """A sweep was completed; how many seconds the trouble lasted that this has ended."""
        self.refused = 0
        if self.began_at is None or self.healed_at is not None:
            return None
        self.healed_at = now
        return now - self.began_at

    def failed(self, error: MailhookError, now: float) -> float:
        """The seconds to wait before the next try."""
        at_peace = self.healed_at is not None and now - self.healed_at >= _PEACE_SECONDS
        if self.began_at is None or at_peace:
            self.began_at = now
        self.healed_at = None
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
