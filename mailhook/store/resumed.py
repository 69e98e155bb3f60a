"""Web hooks that had ceased and come again: by products, within an open transaction.

A product has ceased where it came by web, and the first event after some moment never did, though
another road tells of it and the vendor tries no more. Hooks that go on coming say nothing of one
that is switched off: another subscription may post them to the same address.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from mailhook import times

# The vendor's last retry comes after 171 minutes.
_GIVEN_UP = timedelta(hours=3)
# What came by web longer before is perhaps not asked for any more.
_LATELY = timedelta(days=30)
# So many events of a product are looked through, for this is asked while web hooks wait.
_REACH = 10_000

# Two lookups a product that goes on coming, however long the moment is past: the plus keeps SQLite
# to the one time that is asked for.
_CEASED = """
SELECT b.product, b.occurred_at
FROM carried c CROSS JOIN brought b ON b.product = c.product AND b.has_subject AND b.occurred_at = (
    SELECT occurred_at FROM brought
    WHERE product = c.product AND occurred_at > :since AND has_subject
    ORDER BY occurred_at LIMIT 1)
WHERE c.road = 'web' AND +b.occurred_at < :given_up
GROUP BY b.product
HAVING max(b.web_seconds) IS NULL AND EXISTS (
    SELECT 1 FROM (
        SELECT web_seconds FROM brought o WHERE o.product = b.product AND o.occurred_at > :lately
          AND o.occurred_at <= :since
        ORDER BY o.occurred_at DESC LIMIT :reach)
    WHERE web_seconds IS NOT NULL)
"""

# Each tells of an event that none before it did: one token may come again in another dress.
_CAME = """
SELECT s.delivery_id FROM (
    SELECT * FROM brought WHERE product = :product AND occurred_at > :missed_at
    ORDER BY occurred_at DESC LIMIT :reach) b
CROSS JOIN sightings s ON s.event_id = b.event_id
WHERE b.is_dated AND b.web_seconds IS NOT NULL
  AND s.channel = 'web' AND s.authenticity = 'verified'
  AND NOT EXISTS (SELECT 1 FROM sightings o WHERE o.event_id = s.event_id
                    AND o.channel = 'web' AND o.delivery_id < s.delivery_id)
ORDER BY b.occurred_at DESC LIMIT :count
"""


def deliveries(
    connection: sqlite3.Connection,
    since: str,
    now: datetime,
    count: int,
    among: Collection[str] | None = None,
) -> list[int]:
    """The newest of those by which all that has ceased since then comes again; else none.

    So many at least in all, and at most of each product. `among`: it is none unless one of
    these products has ceased.
    """
    moment = times.parse(since) or now
    asked = {
        "since": since,
        "given_up": times.stored(now - _GIVEN_UP),
        "reach": _REACH,
        "lately": times.stored(times.around(moment, _LATELY.total_seconds())[0]),
    }
    ceased = connection.execute(_CEASED, asked).fetchall()
    if among is not None and not any(product in among for product, _ in ceased):
        return []
    came = [
        _came(connection, {"product": product, "missed_at": at, "count": count, "reach": _REACH})
        for product, at in ceased
    ]
    found = set[int]().union(*came)
    return sorted(found) if all(came) and len(found) >= count else []


def _came(connection: sqlite3.Connection, asked: Mapping[str, object]) -> set[int]:
    return {number for (number,) in connection.execute(_CAME, asked)}
