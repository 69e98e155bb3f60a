"""What must stand in the store by the month's books, in the words of the views."""

from __future__ import annotations

from datetime import datetime, timedelta

from month.books import ROADS, Books, Name
from month.plan import moment

# The vendor tries a web hook for the last time after 171 minutes.
_GRACE = timedelta(minutes=180)


def channels(books: Books) -> dict[Name, frozenset[str]]:
    """By which roads each event has come."""
    return {entry.name: frozenset(entry.roads) for entry in books.told()}


def missed(books: Books, now: float) -> set[tuple[Name, str]]:
    """Each event and each road that should have brought it and did not.

    A road can miss only what came later than the first event of that product it has brought.
    """
    firsts, until = _firsts(books), moment(now) - _GRACE
    return {
        (entry.name, road)
        for entry in books.told()
        for road in ROADS
        if road not in entry.roads
        and firsts.get((entry.product, road), until) < entry.event.at < until
    }


def alerts(books: Books) -> list[tuple[str, int, str, str | None]]:
    """Kind, number of mails, state, and by what it was resolved, the first told first."""
    return [(one.kind, one.sightings, one.state, one.resolved_by) for one in books.alerts]


def _firsts(books: Books) -> dict[tuple[str, str], datetime]:
    """When the first event of each product happened that each road has brought."""
    firsts: dict[tuple[str, str], datetime] = {}
    for entry in books.told():
        at = entry.event.at
        for road in entry.roads:
            place = (entry.product, road)
            firsts[place] = min(firsts.get(place, at), at)
    return firsts
