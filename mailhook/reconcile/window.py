"""Of which time an alert speaks, and how far the list reaches."""

from __future__ import annotations

from datetime import timedelta

from mailhook import times
from mailhook.store.healing import Gap

# What the API lists, as its documentation says.
REACH = timedelta(days=60)
# The vendor looks at an hour, and tries again for 171 minutes.
BEFORE = timedelta(hours=4)


def begin(gap: Gap) -> str:
    """From when on what the vendor has sent may not have come."""
    moment = times.parse(gap.occurred_at) or times.now()
    return times.stored(times.around(moment, BEFORE.total_seconds())[0])
