"""What became of the gap that an alert tells of: healed by what the API lists, or lost.

An alert speaks of its gap only: that a hook is enabled again nobody but a person says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailhook import times
from mailhook.reconcile.run import Run
from mailhook.reconcile.window import REACH, begin
from mailhook.sources.api import source
from mailhook.store import Reader, Store, healing, listings
from mailhook.store.healing import Gap, State, Verdict
from mailhook.store.listings import Listing

# For so long the API may give no answer, or tell what cannot be read.
_PATIENCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a gap: how far the list was read, and what of it is in the table.

    So many listed events are `unread`; so many are `alone`, brought by no other road;
    `told` says what of that time is recorded, by which road.
    """

    listing: Listing
    unread: Callable[[], int]
    alone: Callable[[], int]
    told: Callable[[], str]


def heal(run: Run) -> None:
    """Bring each alert up to date with what was read."""
    now = times.now()
    gaps = healing.gaps(run.reader, now)
    if not gaps:
        return
    address = source(run.client)
    listing = run.store.write(lambda connection, _: listings.find(connection, address))
    judged = [(gap, verdict(gap, _found(run, gap, listing), now)) for gap in gaps]
    run.report.healed = settle(run.store, judged).count("healed")


def settle(store: Store, judged: Iterable[tuple[Gap, Verdict]]) -> list[State]:
    """Write down each verdict that is another one than before; what has become of how many."""
    kept = ((gap, _kept(gap, one)) for gap, one in judged)
    changed = [(gap, one) for gap, one in kept if one != (gap.state, gap.healing)]
    if not changed:
        return []
    return store.write(lambda connection, _: healing.settle(connection, changed))


def _kept(gap: Gap, judged: Verdict) -> Verdict:
    """What a person has resolved stays so; what became of the gap is said all the same."""
    return ("resolved", judged[1]) if gap.state == "resolved" else judged


def verdict(gap: Gap, found: Found, now: datetime) -> Verdict:
    """What becomes of the alert, and why in a sentence. Pure.

    Healed once a reading that began after we were last told of it has come to its end, and all
    of it could be read: by number, for clocks are set. What is lost may still be healed.
    """
    listing, since = found.listing, begin(gap)
    shown = times.said(times.parse(since) or now)
    if gap.state == "healed":
        return "healed", gap.healing
    if listing.read_number <= gap.readings:
        is_lost = gap.healing and gap.healing.startswith("lost:")
        return ("lost", gap.healing) if is_lost else _unread_yet(gap, found, shown, now)
    if since < (listing.read_from or since):
        reach = f"the API lists {REACH.days} days, and it began before these, at {shown}"
        return "lost", f"lost: {reach}; {found.told()}"
    if unread := found.unread():
        events = "1 listed event" if unread == 1 else f"{unread:,} listed events"
        where = "see `mailhook quarantine list`, and what was dropped from it"
        words = f"{events} since {shown} could not be read: {where}"
        return ("lost", f"lost: {words}") if is_late(gap.last_seen_at, now) else ("open", words)
    alone = found.alone()
    brought = f"; {alone:,} of these events came by no other road" if alone else ""
    return "healed", f"healed: all that the API lists since {shown} is recorded{brought}"


def is_late(moment: str, now: datetime) -> bool:
    """Whether that is so long ago that a gap is not going to close by itself."""
    return moment < times.stored(now - _PATIENCE)


def recorded(reader: Reader, gap: Gap) -> str:
    """What is recorded of the time that the alert speaks of, by which road: in words."""
    since, last_at = begin(gap), times.parse(gap.last_seen_at) or times.now()
    until = times.around(last_at, _PATIENCE.total_seconds())[1]
    found = healing.recorded(reader, since, times.stored(until))
    span = f"of the events from {times.said(times.parse(since) or until)} to {times.said(until)}"
    if not found.events:
        return f"{span} none is recorded"
    roads = ((found.mail, "by mail"), (found.web, "by web hook"), (found.api, "by the API"))
    counts = ", ".join(f"{count:,} {road}" for count, road in roads if count)
    return f"{span} {found.events:,} {'is' if found.events == 1 else 'are'} recorded: {counts}"


def _unread_yet(gap: Gap, found: Found, shown: str, now: datetime) -> Verdict:
    failing = found.listing.failing_since
    if failing and is_late(failing, now) and is_late(gap.last_seen_at, now):
        since = times.said(times.parse(failing) or now)
        words = f"the API cannot be read since {since}: {found.listing.error}"
        return "lost", f"lost: {words}; {found.told()}"
    return "open", f"what the API lists since {shown} is not read to its end yet"


def _found(run: Run, gap: Gap, listing: Listing) -> Found:
    since = begin(gap)
    return Found(
        listing,
        lambda: healing.unread(run.reader, listing.source, since),
        lambda: healing.alone(run.reader, since),
        lambda: recorded(run.reader, gap),
    )
