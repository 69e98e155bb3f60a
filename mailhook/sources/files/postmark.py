"""The line that begins a message in an mbox: `From sender date`.

RFC 4155 has it as address and asctime date in UTC. Found besides, and read: the
sender `-` (Thunderbird), with blanks (`user at example.com`, list archives) or
missing; a zone before or after the year, by number (Google Takeout) or by name;
no seconds; a year of two digits; the date of RFC 5322; `remote from host` behind.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

# Longer lines are none, so that no more has to be held to tell.
POSTMARK_BYTES = 1_000
BEGINNING = b"From "

_MONTH = r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIME = r"(?P<time>\d{1,2}:\d\d(?::\d\d)?)"
_ZONE = r"[+-]\d{4}|[A-Z]{1,5}(?: DST)?"
_YEAR = r"(?P<year>\d{4}|\d\d)"
_BLANK = r"[ \t]{1,3}"
_DAY = r"(?P<day>\d{1,2})"
_BEFORE, _AFTER = (rf"(?:{_BLANK}(?P<{place}>{_ZONE}))?" for place in ("before", "after"))
_ASCTIME = _BLANK + _BLANK.join((_MONTH, _DAY, _TIME + _BEFORE, _YEAR + _AFTER))
_RFC_5322 = "," + _BLANK + _BLANK.join((_DAY, _MONTH, _YEAR, _TIME + _BEFORE + "(?P<after>)"))
_FORMS = tuple(
    # Searched from blank to blank, not matched behind any sender: that would be quadratic.
    re.compile(rf"[ \t](?:Mon|Tue|Wed|Thu|Fri|Sat|Sun){form}(?=\s|\Z)".encode())
    for form in (_ASCTIME, _RFC_5322)
)
_EARLIEST_YEAR = 1970


def begins(text: bytes) -> bool:
    """Whether the first line of the bytes is a postmark."""
    return text.startswith(BEGINNING) and _date(text) is not None


def received_at(postmark: bytes) -> datetime | None:
    """The postmark's date, aware UTC; None where no calendar has it.

    Without a zone it is UTC, as RFC 4155 has it, and with the name of a zone that
    RFC 5322 does not know as well: some hours off, where a file's time may be years.
    """
    date = _date(postmark)
    if date is None:
        return None
    words = (*date.group("day", "month", "year", "time"), date["before"] or date["after"] or b"GMT")
    told = parsedate_tz(b" ".join(words).decode("ascii"))
    if told is None:
        return None
    try:
        moment = datetime(*told[:6], tzinfo=UTC) - timedelta(seconds=told[9] or 0)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _EARLIEST_YEAR else None


def _date(text: bytes) -> re.Match[bytes] | None:
    line = text[:POSTMARK_BYTES].partition(b"\n")[0]
    if len(line) == POSTMARK_BYTES:
        return None  # it goes on
    return next(filter(None, (form.search(line) for form in _FORMS)), None)
