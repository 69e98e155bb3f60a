"""Times as the vendor writes them and as the store keeps them.

The vendor writes RFC 3339 with up to nine fractional digits, mostly `Z`, some
offsets, some without zone, dates alone, a trailing blank; `0001-01-01T00:00:00Z`
stands for "absent". The store keeps UTC text of one width, so that text order
is time order.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

_EARLIEST_YEAR = 1970
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_SPOKEN_LENGTH = 80
_NOON = 12
_YEAR_MONTHS = 12
_CLOCK = re.compile(
    r"\b(?P<hour>\d{1,2})[:h.](?P<minute>\d{2})(?::(?P<second>\d{2}))?(?:[.,]\d+)?\s*"
    r"(?P<half>[ap]\.?\s?m\b)?"
)
_ZONE = re.compile(
    r"(?:\b(?:utc|gmt)|(?<=\d)z\b|(?<=\d)\s?(?=[+-]\d\d))\s?"
    r"(?:(?P<sign>[+\-−–])\s?(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?\b)?"
)
_YEAR_FIRST = re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b")
_NAMED = re.compile(
    r"\b(?P<day>\d{1,2})[ºª.]?(?:\s+de)?[\s/-]+(?P<month>[a-zç]{3,10})\.?(?:\s+del?)?,?[\s/-]+"
    r"(?P<year>\d{4})\b"
)
_NAMED_FIRST = re.compile(
    r"\b(?P<month>[a-zç]{3,10})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})\b"
)
_NUMBERS = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b")
# The first three letters of a month in English, Spanish and Portuguese.
_MONTHS = tuple(
    enumerate(
        (
            ("jan", "ene"),
            ("feb", "fev"),
            ("mar",),
            ("apr", "abr"),
            ("may", "mai"),
            ("jun",),
            ("jul",),
            ("aug", "ago"),
            ("sep", "set"),
            ("oct", "out"),
            ("nov",),
            ("dec", "dic", "dez"),
        ),
        1,
    )
)
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


def spoken(text: str, *, day_first: bool = False) -> datetime | None:
    """The aware UTC time that a person has written, such as `3 de agosto de 2026, 10:00 UTC-5`.

    None where it is not sure: no time of day, no zone, or a date such as 04/05/2026
    that two continents read in two ways, unless the day is known to come first.
    """
    folded = text.strip().casefold()[:_SPOKEN_LENGTH]
    clock, day_of = _CLOCK.search(folded), _date(folded, day_first=day_first)
    zone = _ZONE.search(folded, clock.end() - 1) if clock else None
    if not (clock and zone and day_of):
        return None
    year, month, day = day_of
    hour = int(clock["hour"]) % _NOON if clock["half"] else int(clock["hour"])
    hour += _NOON * ((clock["half"] or "").startswith("p"))
    try:
        offset = timezone(_offset(zone))
        minute, second = int(clock["minute"]), int(clock["second"] or 0)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=offset)
        return moment.astimezone(UTC) if year >= _EARLIEST_YEAR else None
    except (ValueError, OverflowError):
        return None


def spoken_date(text: str, *, day_first: bool = False) -> str | None:
    """The date alone that a person has written, as `2026-08-03`; None where it is not sure."""
    folded = text.strip().casefold()[:_SPOKEN_LENGTH]
    found = None if ":" in folded else _date(folded, day_first=day_first)
    try:
        return date(*found).isoformat() if found else None
    except ValueError:
        return None


def _offset(zone: re.Match[str]) -> timedelta:
    if not zone["hours"]:
        return timedelta(0)
    size = timedelta(hours=int(zone["hours"]), minutes=int(zone["minutes"] or 0))
    return size if zone["sign"] == "+" else -size


def _date(text: str, *, day_first: bool) -> tuple[int, int, int] | None:
    """Year, month and day; None where they cannot be told apart."""
    if found := _YEAR_FIRST.search(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _NAMED.search(text):
        month = next((nth for nth, names in _MONTHS if found["month"][:3] in names), 0)
        return (int(found["year"]), month, int(found["day"])) if month else None
    if found := _NAMED_FIRST.search(text):
        month = next((nth for nth, names in _MONTHS if found["month"][:3] in names), 0)
        return (int(found["year"]), month, int(found["day"])) if month else None
    if found := _NUMBERS.search(text):
        one, two, year = int(found[1]), int(found[2]), int(found[3])
        if day_first or one > _YEAR_MONTHS or one == two:
            return year, two, one
        if two > _YEAR_MONTHS:
            return year, one, two
    return None


def stored(moment: datetime) -> str:
    """The time as a column holds it: `2026-08-03T10:00:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def short(moment: datetime) -> str:
    """The time as a key holds it: without fraction where there is none."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def said(moment: datetime) -> str:
    """The time as a sentence tells it: to the second."""
    return short(moment.replace(microsecond=0))


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
