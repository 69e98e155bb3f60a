"""What the store tells of the products that are expected; a few rows each, by index.

Only proven events count: a forger must not be able to keep a product from seeming silent.
A product is heard when an event of it is recorded; its rhythm is that of the events' own
times, so that a mailbox read for the first time teaches it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from mailhook import times
from mailhook.config import Settings
from mailhook.silence.rhythm import HOUR, WEEKS, Rhythm, learn
from mailhook.silence.verdict import Allowed, Heard, Silence, judge
from mailhook.store import Reader

HEARD = """
SELECT (SELECT max(heard_at) FROM carried WHERE product = ?1) AS last_at,
       (SELECT since FROM expected WHERE product = ?1) AS named_at,
       (SELECT min(occurred_at) FROM brought WHERE product = ?1) AS first_at
"""
# Where a clock that was ahead has dated one later than now: the last one before that.
HEARD_BY = """
SELECT recorded_at FROM events WHERE product = ? AND authenticity = 'verified' AND recorded_at <= ?
ORDER BY recorded_at DESC LIMIT 1
"""
HOURS = """
SELECT substr(occurred_at, 1, 13) AS hour, count(*) AS count FROM brought
WHERE product = ? AND occurred_at >= ? AND occurred_at < ? GROUP BY hour
"""
NEWEST = """
SELECT e.subject_type, e.subject_id FROM brought b JOIN events e ON e.id = b.event_id
WHERE b.product = ? AND b.has_subject ORDER BY b.occurred_at DESC LIMIT 1
"""
# A product heard so lately needs no reckoning to be well, where only trouble is asked for.
_LATELY = timedelta(minutes=30)
# What is dated later than now by more than this was recorded by a clock that was wrong.
_AHEAD = timedelta(minutes=1)


def look(settings: Settings, store: Reader, now: datetime) -> tuple[Silence, ...]:
    """Each product that the settings expect, as it is at `now`."""
    return tuple(
        _look(product, allowed, store, now) for product, allowed in settings.expect.items()
    )


def troubles(settings: Settings, store: Reader, now: datetime) -> Iterator[Silence]:
    """Those that are silent for too long; costs next to nothing for those heard lately."""
    for product, allowed in settings.expect.items():
        last_at = _heard(product, store, now).last_at
        if last_at is None or now - last_at > _LATELY or allowed != "auto":
            found = _look(product, allowed, store, now)
            if found.state == "silent":
                yield found


def known_resource(store: Reader, product: str) -> tuple[str, str] | None:
    """Type and id of the product's newest subject: what the vendor can be asked for any time.

    Whoever can ask the vendor may find out by it whether a silent product is quiet, or we deaf.
    """
    rows = store.rows(NEWEST, (product,))
    return (rows[0]["subject_type"], rows[0]["subject_id"]) if rows else None


def _look(product: str, allowed: Allowed, store: Reader, now: datetime) -> Silence:
    heard = _heard(product, store, now)
    rhythm = _rhythm(product, heard, store) if allowed == "auto" else None
    return judge(product, allowed, heard, rhythm, now)


def _heard(product: str, store: Reader, now: datetime) -> Heard:
    row = store.rows(HEARD, (product,))[0]
    heard = Heard(**{name: times.parse(text or "") for name, text in row.items()})
    if heard.last_at is None or heard.last_at <= now + _AHEAD:
        return heard
    rows = store.rows(HEARD_BY, (product, times.stored(now)))
    return replace(heard, last_at=times.parse(rows[0]["recorded_at"]) if rows else None)


def _rhythm(product: str, heard: Heard, store: Reader) -> Rhythm | None:
    """Of the weeks before it was last heard: however long it is silent, that stays the same."""
    if heard.last_at is None or heard.first_at is None:
        return None
    start = max(heard.last_at - WEEKS, heard.first_at - HOUR)
    rows = store.rows(HOURS, (product, times.stored(start), times.stored(heard.last_at)))
    counts = {datetime.fromisoformat(f"{row['hour']}:00:00Z"): row["count"] for row in rows}
    return learn(counts, start, heard.last_at)
