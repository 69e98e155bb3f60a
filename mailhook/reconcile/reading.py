"""The vendor's list of hook events, read into the store: page by page, each one transaction.

A reading that was broken off is gone on with where it was, and then the list is read
from its beginning again, for that may have grown meanwhile; by the next run where it is
longer than this one may still ask for. What is known never ends it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from mailhook import times
from mailhook.errors import ConfigError, MailhookError, in_one_line
from mailhook.reconcile.order import Order
from mailhook.reconcile.run import Run
from mailhook.reconcile.taking import take, unknown, without_more
from mailhook.reconcile.window import REACH, begin
from mailhook.sources.api import (
    LONGEST_WAIT_SECONDS,
    Item,
    OddAnswer,
    Overloaded,
    Page,
    Unanswered,
    pages,
    source,
)
from mailhook.store import Store, healing, listings
from mailhook.store.listings import Listing

# The address of a next page may be good for this long; who asks once a day goes on with it.
_FRESH = timedelta(days=3)
_ALL = ""
# Who asks for 60 days asks a moment later.
_HARDLY = timedelta(hours=1)


def read(run: Run, since: datetime | None) -> None:
    """Record all that is listed since then; None: since the position, without one all of it.

    Raises what the list's pages do; what was read before is recorded, and the next
    reading goes on or begins anew.
    """
    address = source(run.client)
    try:
        _read(run, address, since)
    except (OddAnswer, Unanswered, Overloaded, ConfigError) as error:
        fail(run.store, address, error)
        raise


def fail(store: Store, address: str, error: MailhookError) -> None:
    """Write down what keeps us from the list at that address, and since when."""
    store.write(partial(_failed, address, error))


def rest(run: Run) -> None:
    """Leave the API alone for as long as it has asked a run before, of whatever process."""
    until = times.parse(_listing(run, source(run.client)).rests_until or "")
    seconds = (until - times.now()) / timedelta(seconds=1) if until else 0
    if 0 < seconds <= LONGEST_WAIT_SECONDS:  # beyond that, a clock was ahead
        run.client.rest(seconds)


def note_rest(run: Run) -> None:
    """Write down for how long the API wants to be left alone, should it be for long."""
    if seconds := run.report.wait_seconds:
        until = times.now() + timedelta(seconds=seconds)
        address = source(run.client)
        run.store.write(lambda connection, _: listings.rest(connection, address, until))


def _read(run: Run, address: str, since: datetime | None) -> None:
    listing = _own(_listing(run, address), run.client.mark)
    asked = _asked(run, listing, since)
    run.report.since, run.report.gap = asked or None, _gap(asked, times.now())
    if listing.next and _goes_on(listing, asked, times.now()):
        if _go_on(run, listing) > run.client.requests_left:
            run.report.is_whole = True
            return
        listing = _own(_listing(run, address), run.client.mark)
        asked = _asked(run, listing, since)
    began = Listing(
        address,
        key_mark=listing.key_mark,
        read_until=listing.read_until,
        read_at=listing.read_at,
        since=asked,
        began_at=times.stored(times.now()),
        error=listing.error,
        failing_since=listing.failing_since,
        is_mixed=listing.is_mixed,
        number=run.store.write(lambda connection, _: listings.begin(connection)),
        read_number=listing.read_number,
        read_from=listing.read_from,
    )
    _walk(run, began, None)
    run.report.is_whole = True


def _own(listing: Listing, mark: str) -> Listing:
    """How far it was read with this key: with another, it may have been another account's list."""
    if listing.key_mark in {None, mark}:
        return replace(listing, key_mark=mark)
    new = Listing(listing.source, key_mark=mark)
    return replace(new, error=listing.error, failing_since=listing.failing_since)


def _asked(run: Run, listing: Listing, since: datetime | None) -> str:
    """From when on the list is asked for, as the column holds it.

    While an alert waits to be judged, from where its gap begins: it speaks of all of that.
    """
    if since or not listing.read_until:
        return times.stored(since) if since else _ALL
    now = times.now()
    begins = [begin(gap) for gap in healing.gaps(run.reader, now) if gap.state == "open"]
    return min(listing.read_until, max(min(begins, default="~"), times.stored(now - REACH)))


def _go_on(run: Run, listing: Listing) -> int:
    """Read what was left; how many pages the list has. 0: it is to be begun anew.

    A page that is no more may be answered as if the API were in trouble. Where that is so
    for another run, it is begun anew, too; but until its first page comes, nothing is
    forgotten. Raises what the pages do.
    """
    try:
        return _walk(run, listing, listing.next)
    except OddAnswer:
        run.store.write(lambda connection, _: listings.forget(connection, listing.source))
    except (Unanswered, Overloaded) as error:
        has_moved = _listing(run, listing.source).next != listing.next
        if error.wait_seconds or has_moved or not listing.failing_since:
            raise
    return 0


def _walk(run: Run, listing: Listing, start: str | None) -> int:
    """Read to the end; how many pages the reading has had, those before a break included."""
    order = Order(
        times.parse(listing.since or ""),
        is_mixed=listing.is_mixed,
        falls=listing.falls,
        last=times.parse(listing.last_at or ""),
    )
    known = listing.is_mixed if start else False
    read = listing.pages
    for page in pages(run.client, start):
        if page.next is None and not page.items and listing.next == start and start:
            raise OddAnswer("the page to go on with has become empty, as one that is too old may")
        fresh = without_more(run, unknown(run, page.items))
        is_known = not fresh or listing.read_until is None
        ends = order.ends(_moments(page, fresh), is_known=is_known)
        is_mixed = order.is_mixed or (known if page.next is None else listing.is_mixed)
        listing = _onward(replace(listing, is_mixed=is_mixed), page, order, ends=ends)
        take(run, page.items, fresh, partial(_keep, listing))
        run.report.pages += 1
        read += 1
        if listing.next is None:
            run.report.read_until = listing.read_until
            break
    return read


def _moments(page: Page, fresh: Sequence[Item]) -> list[datetime | None]:
    """When each happened; nothing of what has no time and was noted before, as it is."""
    told = ((item, item.moment("timestamp")) for item in page.items)
    return [moment for item, moment in told if moment or item in fresh]


def _keep(listing: Listing, connection: sqlite3.Connection) -> None:
    listings.keep(connection, listing)


def _onward(listing: Listing, page: Page, order: Order, *, ends: bool) -> Listing:
    """How far the reading has come with this page."""
    newest, last = (times.stored(one) if one else None for one in (order.newest, order.last))
    listing = replace(
        listing,
        next=page.next,
        newest=max(listing.newest or "", newest or "") or None,
        last_at=last,
        falls=order.falls,
        pages=listing.pages + 1,
        paged_at=times.stored(times.now()),
    )
    return _finished(listing) if ends or page.next is None else listing


def _finished(listing: Listing) -> Listing:
    """The reading has come to its end: there its position is, if it began no later than that.

    The position is the vendor's time, so our own clock cannot lead it astray; what is
    dated in the future moves it no further than to when the reading began.
    """
    since, until = listing.since or _ALL, listing.read_until
    covers = since == _ALL or (until is not None and since <= until)
    told = min(listing.newest or "", listing.began_at or "")
    return Listing(
        listing.source,
        key_mark=listing.key_mark,
        read_until=(max(until or "", told) or None) if covers else until,
        read_at=listing.began_at if covers else listing.read_at,
        is_mixed=listing.is_mixed,
        read_number=(listing.number or 0) if covers else listing.read_number,
        read_from=_read_from(listing) if covers else listing.read_from,
    )


def _read_from(listing: Listing) -> str:
    """From when on nothing was missed: what the list reaches, or further where reading never broke.

    Never broke: it reaches what was read until before. A clock of ours that is behind says
    nothing of how far it reaches, where the list tells of a later time.
    """
    now = times.parse(max(listing.began_at or "", listing.newest or "")) or times.now()
    reach = times.stored(times.around(now, REACH.total_seconds())[0])
    is_unbroken = listing.read_from and (listing.read_until or "") >= reach
    return min(listing.read_from or reach, reach) if is_unbroken else reach


def _goes_on(listing: Listing, asked: str, now: datetime) -> bool:
    """Whether the reading that was broken off asked for no less, and its last page is fresh."""
    paged = times.parse(listing.paged_at or "")
    is_fresh = paged is not None and timedelta(0) <= now - paged <= _FRESH
    return is_fresh and listing.since is not None and listing.since <= asked


def _gap(asked: str, now: datetime) -> str | None:
    since, reach = times.parse(asked), now - REACH
    if since is None or since >= reach - _HARDLY:
        return None
    return (
        f"the API lists {REACH.days} days: what happened from {times.said(since)} to"
        f" {times.said(reach)} and came by no other road is out of its reach"
    )


def _listing(run: Run, address: str) -> Listing:
    return run.store.write(lambda connection, _: listings.find(connection, address))


def _failed(
    address: str, error: MailhookError, connection: sqlite3.Connection, at: datetime
) -> None:
    listings.fail(connection, address, in_one_line(str(error)), at)
    if isinstance(error, OddAnswer | ConfigError):
        listings.forget(connection, address)
