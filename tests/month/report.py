"""What the month came to, for people to read."""

from __future__ import annotations

from collections.abc import Iterator

from month import verdicts
from month.books import ROADS, Books
from month.month import Month


def lines(month: Month, seconds: float) -> Iterator[str]:
    """Counts by road, what went wrong how often, what became of it, how long it took."""
    books, plan = month.books, month.plan
    told = [*books.told()]
    yield f"a bad month: seed {plan.seed}, {len(told):,} events in {plan.days:g} days"
    missed = verdicts.missed(books, month.timeline.now)
    for road in ROADS:
        brought = sum(road in entry.roads for entry in told)
        alone = sum(entry.roads == {road} for entry in told)
        lost = sum(one == road for _, one in missed)
        yield f"  {road:5} brought {brought:,}, {alone:,} of them alone; missed {lost:,}"
    yield from (f"  {what}: {count:,}" for what, count in sorted(books.counts.items()))
    yield from _alerts(books)
    yield f"  {seconds:.0f} s in all, {len(told) / seconds:,.0f} events a second"
    yield from (f"  {spent:.0f} s {what}" for what, spent in sorted(month.clock_seconds.items()))


def _alerts(books: Books) -> Iterator[str]:
    for one in books.alerts:
        by = f" by {one.resolved_by}" if one.resolved_by else ""
        day = one.first_at / 86_400
        yield f"  day {day:.1f}: {one.kind} told {one.sightings} times, {one.state}{by}"
