"""What the store knows of the attempts of the window: what we answered, and what never came.

The vendor's list goes first, where the event is in it. Else an event that came by mail or
API and not by web is one at whose delivery the vendor has failed since, each time it has
tried; but only where its kind has come by web before, and not too long ago, for else
nobody expects it there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from mailhook import times
from mailhook.config import GuardSettings
from mailhook.guard import listing
from mailhook.guard.reckoning import Minute
from mailhook.guard.simulation import Rule
from mailhook.store import Reader, minutes

# How much later than by another road an event may come by web, beyond the first retry.
_SLACK_SECONDS = 30
# A kind that has not come by web for so long is not sent there any more.
_HEARD = timedelta(days=7)
_MINUTE = 60

# Grouped by ten seconds: of a long outage there are many. Who came first is told by
# `recorded_at`, by whose index the window is found; the vendor has tried since `occurred_at`.
# `told` attempts the list speaks of: of what is settled all, of what is pending the first ones.
MISSED = """
SELECT unixepoch(min(e.occurred_at, e.recorded_at)) / 10 * 10 AS began, count(*) AS events,
    max(0, coalesce((
        SELECT max(CASE lower(l.delivery_status) WHEN 'pending' THEN l.delivery_attempts
                   WHEN 'success' THEN :all WHEN 'failure' THEN :all END)
        FROM listed l WHERE l.event_id = e.id AND l.updated_at IS NOT NULL), 0)) AS told
FROM events e
WHERE e.recorded_at BETWEEN :since AND :until AND e.authenticity = 'verified'
  AND EXISTS (SELECT 1 FROM web_carried c
              WHERE c.event_type = e.event_type AND c.event_action = e.event_action
                AND c.since <= e.recorded_at AND c.last_at >= :heard)
  AND NOT EXISTS (SELECT 1 FROM sightings s WHERE s.event_id = e.id AND s.channel = 'web')
  AND EXISTS (SELECT 1 FROM sightings s WHERE s.event_id = e.id
                AND s.channel IN ('email', 'api') AND s.authenticity = 'verified')
GROUP BY began, told HAVING told < :all
"""


def gathered(settings: GuardSettings, store: Reader, now: datetime) -> list[Minute]:
    """The minutes of the window in which there was anything; the oldest first."""
    rule = Rule.of(settings)
    counts, told = _answered(rule, store, now), listing.told(rule, store, now)
    known = counts["retried"] + counts["failed"]
    counts["ok"] += told.ok
    counts["retried"] += placed(told.retried, known) - known
    answered = counts["failed"] + counts["lookalike"]
    counts["inferred"] = placed(told.missed + _missed(rule, store, now), answered)
    return [
        Minute(
            age_seconds=max(0.0, now.timestamp() - began),
            **{kind: count[began] for kind, count in counts.items()},
        )
        for began in sorted(set[int]().union(*counts.values()))
    ]


def patience_seconds(rule: Rule) -> float:
    """How long after an event was seen elsewhere it is awaited by web."""
    return sum(rule.retry_seconds[:1]) + _SLACK_SECONDS


def tried_at(missed: Mapping[int, int], rule: Rule, now: float, told: int = 0) -> Counter[int]:
    """In which minutes of the window the vendor has tried in vain; events by when they were.

    But for so many attempts, the first ones, that are told of otherwise.
    """
    tries = rule.tries[told:]
    attempts = ((began + later, count) for began, count in missed.items() for later in tries)
    return rule.by_minute(attempts, now)


def placed(told: Counter[int], answered: Counter[int]) -> Counter[int]:
    """The attempts that are told of, each in a minute in which we answered one, if it can be.

    Clocks and networks differ: it may be the minute before its own or after.
    """
    found, free = Counter[int](), Counter(answered)
    for minute in sorted(told):
        left = told[minute]
        for near in (minute - _MINUTE, minute, minute + _MINUTE):
            same = min(left, free[near])
            found[near] += same
            free[near] -= same
            left -= same
        found[minute] += left
    return +found


def _answered(rule: Rule, store: Reader, now: datetime) -> dict[str, Counter[int]]:
    """What the endpoint has counted, by kind and by the time the minute began."""
    found = minutes.since(store, now - timedelta(seconds=rule.window_seconds), now)
    return {
        kind: Counter({began: counts[kind] for began, counts in found.items()})
        for kind in minutes.COLUMNS
    }


def _missed(rule: Rule, store: Reader, now: datetime) -> Counter[int]:
    """Attempts at what did not come, by the time their minute began."""
    found: Counter[int] = Counter()
    for row in store.rows(MISSED, _bounds(rule, now)):
        found.update(tried_at({row["began"]: row["events"]}, rule, now.timestamp(), row["told"]))
    return found


def _bounds(rule: Rule, now: datetime) -> dict[str, str | int]:
    """When events were recorded that have attempts in the window and are late by now."""
    longest = timedelta(seconds=rule.window_seconds + rule.tries[-1])
    patience = timedelta(seconds=patience_seconds(rule))
    return {
        "since": times.stored(now - longest),
        "until": times.stored(now - patience),
        "heard": times.stored(now - _HEARD),
        "all": len(rule.tries),
    }
