"""What the store knows of the attempts of the window: what we answered, and what never came.

An event that came by mail or API and not by web is one at whose delivery the vendor has
failed since, each time it has tried; but only where its kind has come by web before, and
not too long ago, for else nobody expects it there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from mailhook import times
from mailhook.config import GuardSettings
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
MISSED = """
SELECT unixepoch(min(e.occurred_at, e.recorded_at)) / 10 * 10 AS began, count(*) AS events
FROM events e
WHERE e.recorded_at BETWEEN :since AND :until AND e.authenticity = 'verified'
  AND EXISTS (SELECT 1 FROM web_carried c
              WHERE c.event_type = e.event_type AND c.event_action = e.event_action
                AND c.since <= e.recorded_at AND c.last_at >= :heard)
  AND NOT EXISTS (SELECT 1 FROM sightings s WHERE s.event_id = e.id AND s.channel = 'web')
  AND EXISTS (SELECT 1 FROM sightings s WHERE s.event_id = e.id
                AND s.channel IN ('email', 'api') AND s.authenticity = 'verified')
GROUP BY began
"""


def gathered(settings: GuardSettings, store: Reader, now: datetime) -> list[Minute]:
    """The minutes of the window in which there was anything; the oldest first."""
    rule = Rule.of(settings)
    answers = minutes.since(store, now - timedelta(seconds=rule.window_seconds), now)
    missed = _missed(rule, store, now)
    return [
        Minute(
            age_seconds=max(0.0, now.timestamp() - began),
            **answers.get(began, {}),
            inferred=missed[began],
        )
        for began in sorted(answers.keys() | missed.keys())
    ]


def patience_seconds(rule: Rule) -> float:
    """How long after an event was seen elsewhere it is awaited by web."""
    return sum(rule.retry_seconds[:1]) + _SLACK_SECONDS


def tried_at(missed: Mapping[int, int], rule: Rule, now: float) -> Counter[int]:
    """In which minutes of the window the vendor has tried in vain; events by when they were."""
    found: Counter[int] = Counter()
    for began, events in missed.items():
        for at in (began + later for later in rule.tries):
            if now - rule.window_seconds <= at <= now:
                found[int(at // _MINUTE * _MINUTE)] += events
    return found


def _missed(rule: Rule, store: Reader, now: datetime) -> Counter[int]:
    """Attempts at what did not come, by the time their minute began."""
    rows = store.rows(MISSED, _bounds(rule, now))
    return tried_at({row["began"]: row["events"] for row in rows}, rule, now.timestamp())


def _bounds(rule: Rule, now: datetime) -> dict[str, str]:
    """When events were recorded that have attempts in the window and are late by now."""
    longest = timedelta(seconds=rule.window_seconds + rule.tries[-1])
    patience = timedelta(seconds=patience_seconds(rule))
    return {
        "since": times.stored(now - longest),
        "until": times.stored(now - patience),
        "heard": times.stored(now - _HEARD),
    }
