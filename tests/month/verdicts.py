"""What must stand in the store by the month's books, in the words of the views."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mailhook import times
from month.books import ROADS, Books, Entry, Name
from month.plan import moment

# The vendor tries a web hook for the last time after 171 minutes.
_GRACE = timedelta(minutes=180)


def channels(books: Books) -> dict[Name, frozenset[str]]:
    """By which roads each event has come."""
    return {entry.name: frozenset(entry.roads) for entry in books.told()}


def missed(books: Books, now: float) -> set[tuple[Name, str]]:
    """Each event and each road that should have brought it and did not."""
    return {
        (entry.name, road)
        for entry in books.told()
        for road, first in _carried(books, entry.product)
        if road not in entry.roads
        and first < times.stored(entry.event.at)
        and entry.event.at < moment(now) - _GRACE
    }


def alerts(books: Books) -> list[tuple[str, int, str, str | None]]:
    """Kind, number of mails, state, and by what it was resolved, the first told first."""
    return [(one.kind, one.sightings, one.state, one.resolved_by) for one in books.alerts]


def _carried(books: Books, product: str) -> Iterator[tuple[str, str]]:
    """The roads that have brought anything of the product, each with the time of the first."""
    firsts = _firsts(books)
    yield from ((road, firsts[product, road]) for road in ROADS if (product, road) in firsts)


def _firsts(books: Books) -> dict[tuple[str, str], str]:
    firsts: dict[tuple[str, str], str] = {}
    for entry in books.told():
        _note(firsts, entry)
    return firsts


def _note(firsts: dict[tuple[str, str], str], entry: Entry) -> None:
    at = times.stored(entry.event.at)
    for road in entry.roads:
        place = (entry.product, road)
        firsts[place] = min(firsts.get(place, at), at)
