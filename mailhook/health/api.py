"""The vendor's API: how far it was asked, and what keeps us from more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from mailhook import times
from mailhook.config import ApiSettings
from mailhook.health.model import Advice, Asked
from mailhook.store import Reader, listings

_NOT_LISTED = "SELECT error, failing_since FROM listings WHERE error IS NOT NULL"
_PATIENCE = timedelta(hours=1)
# What waits for its next try does so no longer than a day.
_ANY_WAIT = timedelta(days=2)

# What was refused lately: a key that has been given the right since leaves it behind.
_REFUSED = """
SELECT problem, count(*) AS count FROM completions
WHERE state = 'waits' AND problem LIKE 'api.key:%' AND updated_at >= ? GROUP BY problem
"""
_LATELY = timedelta(days=1)


def look(settings: ApiSettings, store: Reader, now: datetime) -> Asked:
    """How far it was asked by now."""
    from mailhook.store import completions  # with the catalogue, so only where it is needed

    asked = completions.question(now + _ANY_WAIT, unverified=settings.complete_unverified)
    read_at = times.parse(listings.last_read_at(store) or "")
    return Asked(read_at, completions.count(store, asked))


def advise(store: Reader, now: datetime) -> Iterator[Advice]:
    """What keeps us from the list, wrong once that has lasted; and what the key may not read."""
    for row in store.rows(_NOT_LISTED):
        since = times.parse(row["failing_since"]) or now
        brief = f"the vendor's API cannot be read since {times.said(since)}"
        is_wrong = now - since >= _PATIENCE
        yield Advice(f"{brief}: {row['error']}", wrong=is_wrong, topic="api", brief=brief)
    for row in store.rows(_REFUSED, (times.stored(now - _LATELY),)):
        brief = "events cannot be completed, for the key may not read their subjects"
        yield Advice(f"{brief}: {row['problem']}", topic="api", brief=brief)
