"""`python bench/guard.py`: when the guard warns, and when the vendor switches the hook off.

The vendor's rule is played through for a hook whose endpoint dies at minute 0 and stays
dead: what share of the attempts has failed by the vendor's own count, and what the guard
says meanwhile, which sees of a dead endpoint only that events came by mail and not by web
(with `api` set the vendor's list tells it as well, but not sooner).
Where the window holds no attempt that was well, as with rare events, the first failure is
100 %: nothing can warn before that, only soon after. The exit code is 1 if a steady hook is
not warned of at each level before it is switched off, or that is not after 32 minutes.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mailhook.config import GuardSettings
from mailhook.guard.evidence import patience_seconds, tried_at
from mailhook.guard.reckoning import Minute, reckon
from mailhook.guard.simulation import Attempts, Rule, disabled, reached, tried

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from verdict import table

_HOUR, _MINUTE, _DAY = 3600, 60, 86_400
# A mail comes so much later than its event; the guard looks so often.
_MAIL_SECONDS, _LOOK_SECONDS = 5, 15
_AHEAD_SECONDS = 6 * _HOUR
# What is not warned of so soon after it was switched off is not warned of.
_LATER_SECONDS = _HOUR
_NOTED_MINUTES, _TOLERANCE_MINUTES = 32, 1

Course = Sequence[float]


def evenly(an_hour: float, until: float = _AHEAD_SECONDS) -> Course:
    """So many events an hour, since a day ago; the first that fails comes half a step in."""
    step = _HOUR / an_hour
    first = -int(_DAY // step)
    return [(nth + 0.5) * step for nth in range(first, int(until / step))]


def in_bursts(many: int, every_seconds: float) -> Course:
    """So many events within a minute, then a pause; the first burst comes half a pause in."""
    starts = evenly(_HOUR / every_seconds)
    return [start + nth * _MINUTE / many for start in starts for nth in range(many)]


TRAFFIC: dict[str, Course] = {
    "steady, 60 an hour": evenly(60),
    "steady, 1,000 an hour": evenly(1000),
    "bursts of 20, each 20 min": in_bursts(20, 1200),
    "bursts of 50, each 2 h": in_bursts(50, 7200),
    "low, 1 an hour": evenly(1),
    "low, 2 a day": evenly(2 / 24, 86_400),
}


def course(events: Course, rule: Rule) -> list[Attempts]:
    """All attempts: one at each event before the endpoint died, in vain ever after."""
    return [one for at in events for one in tried(rule, at, float(at >= 0)) if one.count]


def as_vendor(events: Course, settings: GuardSettings) -> list[float | None]:
    """When each level is reached by the vendor's count, and when it switches the hook off."""
    rule = Rule.of(settings)
    attempts = course(events, rule)
    levels = [reached(attempts, rule, level) for level in settings.warn_at]
    return [*levels, disabled(attempts, rule)]


def as_guard(events: Course, settings: GuardSettings, until: float) -> list[float | None]:
    """When the guard says that each level is reached."""
    rule, found = Rule.of(settings), dict[int, float]()
    for now in range(0, int(until) + 1, _LOOK_SECONDS):
        level = reckon(_seen(events, rule, now), settings).level
        for nth in range(level):
            found.setdefault(nth, now)
        if level == len(settings.warn_at):
            break
    return [found.get(nth) for nth in range(len(settings.warn_at))]


def _seen(events: Course, rule: Rule, now: float) -> list[Minute]:
    first = bisect_right(events, now - rule.window_seconds - rule.tries[-1])
    known = events[first : bisect_right(events, now)]
    came = Counter(_minute(at) for at in known if now - rule.window_seconds <= at < 0)
    late = now - _MAIL_SECONDS - patience_seconds(rule)
    missed = tried_at(Counter(int(at) for at in known if 0 <= at <= late), rule, now)
    return [Minute(now - began, ok=came[began], inferred=missed[began]) for began in came | missed]


def _minute(at: float) -> int:
    return int(at // _MINUTE * _MINUTE)


def _spoken(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds / _MINUTE:.1f} min"


def main() -> int:
    """Print a table; whether the steady hooks were as they should be."""
    settings = GuardSettings()
    rows = [("", "", *(f"{level:.0%}" for level in settings.warn_at), "switched off")]
    missed = []
    for name, events in TRAFFIC.items():
        *levels, end = as_vendor(events, settings)
        warned = as_guard(events, settings, (end or 0) + _LATER_SECONDS)
        rows.append((name, "in fact", *map(_spoken, levels), _spoken(end)))
        rows.append(("", "warned", *map(_spoken, warned), ""))
        if name.startswith("steady"):
            off = abs((end or 0) / _MINUTE - _NOTED_MINUTES) <= _TOLERANCE_MINUTES
            in_time = all(one is not None and one < (end or 0) for one in warned)
            missed += [] if off and in_time else [name]
    print(table(rows))
    for name in missed:
        print(f"missed: {name}: not warned of in time, or not switched off after 32 minutes")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
