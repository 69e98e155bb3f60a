"""How often a token must have been sent in vain before it came, by its age alone.

The vendor makes a token once and sends it again after fixed waits. A token that is 150 s
old has failed twice, one that is 100 s old was late for another reason.
"""

from __future__ import annotations

from collections import deque

from mailhook.guard.simulation import Rule

# Sooner than the first retry; so early by the clocks, too.
_FRESH_SECONDS = 25
# How long the vendor may have waited for each answer that it never got.
_ANSWER_SECONDS = 30
# Clocks and networks: shares of the age, and seconds.
_EARLY_SHARE, _SLACK_SECONDS = 0.1, 10
# So many tokens, the latest, tell how the clocks differ; fewer than that tell nothing.
_LATEST, _ENOUGH = 32, 3


class Ages:
    """Judges one token after the other.

    Where all of the latest are off by an age that no retry explains, or come from the
    future, it is the clock: the least of their ages is what it is off by.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._latest: deque[float] = deque(maxlen=_LATEST)

    def failed_before(self, age_seconds: float) -> tuple[float, ...]:
        """How many seconds ago each attempt was made that failed before this one came."""
        self._latest.append(age_seconds)
        if 0 <= age_seconds <= _FRESH_SECONDS:
            return ()  # most are: what is just made was not tried before
        age = age_seconds - self._skew_seconds()
        failed = self._tries(age)
        return tuple(age - later for later in self.rule.tries[:failed])

    def _tries(self, age: float) -> int:
        """The number of attempts before one of that age; 0 where none explains it."""
        for nth, later in enumerate(self.rule.tries[1:], 1):
            latest = later + nth * _ANSWER_SECONDS + _SLACK_SECONDS
            if (1 - _EARLY_SHARE) * later <= age <= latest:
                return nth
        return 0

    def _skew_seconds(self) -> float:
        """How far our clock is ahead of the vendor's."""
        least = min(self._latest)
        if len(self._latest) < _ENOUGH or 0 <= least <= _FRESH_SECONDS or self._tries(least):
            return 0.0
        return least
