"""What became of the gap that an alert tells of: healed by what the API lists, or lost.

An alert speaks of its gap only: that a hook is enabled again nobody but a person says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailhook import times
from mailhook.reconcile.reading import REACH
from mailhook.reconcile.run import Run
from mailhook.sources.api import source
from mailhook.store import Reader, healing, listings
from mailhook.store.healing import Gap, State
from mailhook.store.listings import Listing

# The vendor looks at an hour, and tries again for 171 minutes.
BEFORE = timedelta(hours=4)
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
    """Bring each alert that nobody has resolved up to date with what was read."""
    gaps = healing.gaps(run.reader)
    if not gaps:
        return
    address, now = source(run.client), times.now()
    listing = run.store.write(lambda connection, _: listings.find(connection, address))
    verdicts = {gap.id: verdict(gap, _found(run, gap, listing), now) for gap in gaps}
    changed = {
        gap.id: verdicts[gap.id] for gap in gaps if verdicts[gap.id] != (gap.state, gap.healing)
    }
    if changed:
        run.store.write(lambda connection, _: healing.settle(connection, changed))
    run.report.healed = sum(state == "healed" for state, _ in changed.values())


def begin(gap: Gap) -> str:
    """From when on what the vendor has sent may not have come."""
    moment = times.parse(gap.occurred_at) or times.now()
    return times.stored(times.around(moment, BEFORE.total_seconds())[0])


def verdict(gap: Gap, found: Found, now: datetime) -> tuple[State, str | None]:
    """What becomes of the alert, and why in a sentence. Pure.

    Healed once a reading that began after the alert was last told has come to its end,
    and all of it could be read. What is lost may still be healed.
    """
    listing, since = found.listing, begin(gap)
    shown = times.short(times.parse(since) or now)
    if not listing.read_at or listing.read_at < gap.last_seen_at:
        return _unread_yet(gap, found, shown, now)
    if gap.state == "healed":
        return "healed", gap.healing
    if since < times.stored((times.parse(listing.read_at) or now) - REACH):
        reach = f"the API lists {REACH.days} days, and it began before these, at {shown}"
        return "lost", f"lost: {reach}; {found.told()}"
    if unread := found.unread():
        events = "1 listed event" if unread == 1 else f"{unread:,} listed events"
        words = f"{events} since {shown} could not be read: see `mailhook quarantine list`"
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
    span = f"of the events from {times.short(times.parse(since) or until)} to {times.short(until)}"
    if not found.events:
        return f"{span} none is recorded"
    roads = ((found.mail, "by mail"), (found.web, "by web hook"), (found.api, "by the API"))
    counts = ", ".join(f"{count:,} {road}" for count, road in roads if count)
    return f"{span} {found.events:,} {'is' if found.events == 1 else 'are'} recorded: {counts}"


def _unread_yet(gap: Gap, found: Found, shown: str, now: datetime) -> tuple[State, str | None]:
    failing = found.listing.failing_since
    if failing and is_late(failing, now) and is_late(gap.last_seen_at, now):
        since = times.short(times.parse(failing) or now)
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
