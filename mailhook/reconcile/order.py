"""When enough of the list has been read. Pure: times in, a verdict out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

# What is told late has its own time, and stands among the older events.
MARGIN = timedelta(days=1)
# Fewer events in a row may look sorted by chance.
_ENOUGH = 10


class Order:
    """Whether the list was seen to be newest first, and how far back it has come.

    `since` is from when on it is to be read; None: all of it, whatever its order. So it is
    where it `is_mixed`, which a reading before has seen: a list of several parts, each
    newest first, looks sorted as long as the first one lasts. `falls` and `last` are what
    this reading had come to when it was broken off.
    """

    def __init__(
        self,
        since: datetime | None,
        *,
        is_mixed: bool = False,
        falls: bool | None = None,
        last: datetime | None = None,
    ) -> None:
        self._horizon = since - MARGIN if since and not is_mixed else None
        self.is_mixed = False
        self.falls = falls
        self.last = last
        self._seen = 0
        self.newest: datetime | None = None

    def ends(self, moments: Sequence[datetime | None], *, is_known: bool) -> bool:
        """Take in the times of one page; whether nothing after it is to be read.

        That is where the list began with what is not too old, has not once risen since,
        and this whole page is older than what is asked for. Of one that was read down to
        there before, it must be known, too: what is listed late may stand anywhere.
        """
        for moment in moments:
            self._add(moment)
        if not (self._horizon and self.falls and moments and self._seen >= _ENOUGH and is_known):
            return False
        return all(moment is not None and moment < self._horizon for moment in moments)

    def _add(self, moment: datetime | None) -> None:
        self._seen += 1
        if moment is None:
            self.falls = False
            return
        if self.falls is None:
            self.falls = self._horizon is not None and moment >= self._horizon
        self.falls = self.falls and (self.last is None or moment <= self.last)
        # By less it may rise where pages overlap, or where two clocks differ.
        self.is_mixed |= self.last is not None and moment - self.last > MARGIN
        self.last = moment
        self.newest = max(self.newest or moment, moment)
