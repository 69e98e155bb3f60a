"""When the vendor will switch the hook off if all goes on as it does; pure.

The present failure is taken to go on: its share of the attempts, and the events as they
came in the window. Each event is tried again as the rule says, so failures multiply.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailhook.guard.simulation import Attempts, Rule, disabled, tried

# What goes on now is seen by the latest attempts, at least so many.
_LATEST = 5
# Windows ahead; what was not switched off then will not be.
_AHEAD = 2
# The events to come are gathered into so many.
_STEPS = 240
# Of the share that fails now, so much must have failed for it to be one trouble.
_SAME = 0.5


def seconds_left(past: Sequence[Attempts], rule: Rule) -> float | None:
    """How long until it is switched off, 0 if it may be already; None: not as things go.

    `past` are the attempts of the window, the oldest first; now is 0.
    """
    if sum(one.failed for one in past) > rule.disable_ratio * sum(one.count for one in past):
        return 0.0
    share = _share(past)
    if not share:
        return None
    began = _began(past, share)
    rate = _rate(past, rule, began, share)
    return disabled([*past, *_to_come(rule, began, share, rate)], rule, after=0.0)


def _share(past: Sequence[Attempts]) -> float:
    """What share of the latest attempts failed."""
    count = failed = 0.0
    for one in reversed(past):
        if count >= _LATEST:
            break
        count, failed = count + one.count, failed + one.failed
    return failed / count if count else 0.0


def _began(past: Sequence[Attempts], share: float) -> float:
    """Since when it has gone on like this."""
    began = 0.0
    for one in reversed(past):
        if one.failed < _SAME * share * one.count:
            break
        began = one.at
    return began


def _rate(past: Sequence[Attempts], rule: Rule, began: float, share: float) -> float:
    """Events a second: the attempts of the window, less those that were tried again."""
    tries = (share**nth * max(0.0, -began - later) for nth, later in enumerate(rule.tries))
    attempts_of_one = (rule.window_seconds + began) + sum(tries)
    return sum(one.count for one in past) / max(attempts_of_one, 1.0)


def _to_come(rule: Rule, began: float, share: float, rate: float) -> Iterator[Attempts]:
    step = (_AHEAD * rule.window_seconds - began) / _STEPS
    for nth in range(_STEPS):
        at = began + (nth + 0.5) * step
        yield from (one for one in tried(rule, at, share, rate * step) if one.at > 0)
