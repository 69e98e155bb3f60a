"""Times as the vendor writes them and as the store keeps them.

The vendor writes RFC 3339 with up to nine fractional digits, mostly `Z`, some
offsets, some without zone, dates alone, a trailing blank; `0001-01-01T00:00:00Z`
stands for "absent". The store keeps UTC text of one width, so that text order
is time order.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EARLIEST_YEAR = 1970
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
# Two roads write one time this much apart at most: the vendor's parts have clocks of their own.
_SAME_SECONDS = 5


def parse(text: str) -> datetime | None:
    """The aware UTC time that `text` spells, cut to microseconds; None if it spells none."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _EARLIEST_YEAR else None


def stored(moment: datetime) -> str:
    """The time as a column holds it: `2026-08-03T10:00:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def short(moment: datetime) -> str:
    """The time as a key holds it: without fraction where there is none."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def around(moment: datetime, seconds: float) -> tuple[datetime, datetime]:
    """From so long before the moment to so long after it, as far as the calendar goes."""
    reach = timedelta(seconds=seconds)
    return max(moment, _FIRST + reach) - reach, min(moment, _LAST - reach) + reach


def same(one: datetime, other: datetime) -> bool:
    """Whether two times of the vendor's are one time, written by two roads."""
    return abs((one - other).total_seconds()) <= _SAME_SECONDS


def now() -> datetime:
    """The present moment, aware UTC."""
    return datetime.now(UTC)
