"""How near the vendor is to switching the hook off: counts in, a `Standing` out; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailhook.config import GuardSettings
from mailhook.guard.forecast import seconds_left
from mailhook.guard.simulation import Attempts, Rule

# Fewer failures say little: one event that came at the second attempt is none of a trouble,
# while a dead endpoint has failed thrice with the very first event, 150 s after it.
FEW = 3


@dataclass(frozen=True, slots=True)
class Minute:
    """What is known of the attempts of one minute, which began so long ago.

    `failed` were answered by us, and not with 200; `retried` failed before one that came;
    `inferred` are those at events that came by another road and not by this one, or of which
    the vendor's list says so. What was `refused` may be anybody's; of those, `lookalike` look
    like the vendor's.
    """

    age_seconds: float
    ok: int = 0
    refused: int = 0
    failed: int = 0
    lookalike: int = 0
    retried: int = 0
    inferred: int = 0

    @property
    def bad(self) -> int:
        """What failed as far as we can see; what we answered 503 was missed here as well."""
        return self.retried + max(self.failed, self.inferred)

    @property
    def unseen(self) -> int:
        """Of these, the ones of which nothing has come here at all."""
        return max(0, self.inferred - self.failed)

    @property
    def bad_if_genuine(self) -> int:
        """The same if what looks like the vendor's is; that was missed here then, too."""
        return self.retried + max(self.failed + self.lookalike, self.inferred)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the hook stands with the vendor's rule, as far as we can see.

    `unseen` are those of the failed of which nothing has come here. `level` is how many of
    `guard.warn_at` are reached, 0 where too few attempts failed to say so; `seconds_left`
    until it is switched off at this rate, None: it is not. The last two take the refused
    that look like the vendor's for the vendor's: nobody knows.
    """

    window_seconds: float
    disable_ratio: float
    attempts: int
    failed: int
    unseen: int
    refused: int
    lookalike: int
    ratio: float
    level: int
    seconds_left: float | None
    ratio_if_genuine: float
    level_if_genuine: int

    @property
    def says_little(self) -> bool:
        """Whether too few failed to warn of it."""
        return 0 < self.failed < FEW


def reckon(minutes: Sequence[Minute], settings: GuardSettings) -> Standing:
    """The standing by the minutes of the window, in whatever order."""
    rule = Rule.of(settings)
    ok, failed = sum(one.ok for one in minutes), sum(one.bad for one in minutes)
    doubtful = sum(one.bad_if_genuine for one in minutes)
    ratio, ratio_if_genuine = _ratio(ok, failed), _ratio(ok, doubtful)
    return Standing(
        window_seconds=rule.window_seconds,
        disable_ratio=rule.disable_ratio,
        attempts=ok + failed,
        failed=failed,
        unseen=sum(one.unseen for one in minutes),
        refused=sum(one.refused for one in minutes),
        lookalike=sum(one.lookalike for one in minutes),
        ratio=ratio,
        level=_level(ratio, failed, settings),
        seconds_left=seconds_left(_past(minutes), rule) if failed else None,
        ratio_if_genuine=ratio_if_genuine,
        level_if_genuine=_level(ratio_if_genuine, doubtful, settings),
    )


def _ratio(ok: int, failed: int) -> float:
    return failed / (ok + failed) if failed else 0.0


def _level(ratio: float, failed: int, settings: GuardSettings) -> int:
    if failed < FEW:
        return 0
    return sum(ratio >= level for level in settings.warn_at)


def _past(minutes: Sequence[Minute]) -> list[Attempts]:
    """The attempts, the oldest first; now is 0."""
    past = [Attempts(-one.age_seconds, one.ok + one.bad, one.bad) for one in minutes]
    return sorted((one for one in past if one.count), key=lambda one: one.at)
