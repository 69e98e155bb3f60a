"""A standing in words. No address and no name: it may leave this machine."""

from __future__ import annotations

from mailhook.guard.reckoning import Standing

_HOUR, _MINUTE = 3600, 60


def in_words(standing: Standing) -> str:
    """Such as `12 of 40 attempts in the last hour failed as far as we can see; at 80 % …`."""
    return "; ".join([_attempts(standing), *_outlook(standing), *_refused(standing)])


def _attempts(standing: Standing) -> str:
    lately = _lately(standing)
    if not standing.attempts:
        return f"no attempt {lately}"
    noun = "attempt" if standing.attempts == 1 else "attempts"
    if not standing.failed:
        all_ok = "ok" if standing.attempts == 1 else "all ok"
        return f"{standing.attempts:,} {noun} {lately}, {all_ok}"
    failed = f"{standing.failed:,} of {standing.attempts:,} {noun} {lately} failed"
    return f"{failed} as far as we can see{_unseen(standing)}"


def _unseen(standing: Standing) -> str:
    """They stand in no log of ours: of these, other roads have told."""
    if not standing.unseen:
        return ""
    which = "all" if standing.unseen == standing.failed else f"{standing.unseen:,} of them"
    return f", {which} without reaching this service"


def _outlook(standing: Standing) -> list[str]:
    if not standing.failed:
        return []
    if standing.says_little:
        return ["so few say little"]
    at = f"at {_percent(standing.disable_ratio)} the subscription is switched off"
    if standing.seconds_left is None:
        return [f"{at}, which it does not come to at this rate"]
    if not standing.seconds_left:
        return [f"{at}: it may be already"]
    return [f"{at}, in about {_minutes(standing.seconds_left)} at this rate"]


def _refused(standing: Standing) -> list[str]:
    if standing.lookalike:
        were = "1 that was" if standing.lookalike == 1 else f"{standing.lookalike:,} that were"
        looks = "looks" if standing.lookalike == 1 else "look"
        genuine = f"if genuine, {_percent(standing.ratio_if_genuine)} of all attempts failed"
        return [f"{were} refused {_lately(standing)} {looks} like the vendor's: {genuine}"]
    return [f"{standing.refused:,} refused that are not the vendor's"] if standing.refused else []


def _lately(standing: Standing) -> str:
    if standing.window_seconds == _HOUR:
        return "in the last hour"
    return f"in the last {_minutes(standing.window_seconds)}"


def _minutes(seconds: float) -> str:
    count = max(1, round(seconds / _MINUTE))
    return "1 minute" if count == 1 else f"{count:,} minutes"


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.0f} %"
