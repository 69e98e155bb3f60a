"""Which recorded event is this one? Pure: an event and rows in, a choice out.

The rules stand in docs/architecture.md under "One event, one row"; they are
tried in the order of the functions here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailhook import times
from mailhook.model import Authenticity, Clash, Event, Known

# One subject may come to the same end twice (a session expires again), not within this.
APART_SECONDS = 60
# A mail may be dated this much before the vendor's time: clocks differ.
AHEAD_SECONDS = 10

ID_KINDS = ("truora_id", "idempotency_key")


@dataclass(frozen=True, slots=True)
class Recorded:
    """The rows that an event may be one more sighting of.

    `named` maps each vendor's id that the event brings to the row holding it,
    `own` the names of the notice within its mail; `family` are the rows with
    its base key. `told` are rows its delivery has told of before, when it is
    examined again, the likeliest first.
    """

    named: Mapping[str, Known]
    own: Mapping[str, Known]
    family: Sequence[Known]
    told: Sequence[Known] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The row the event belongs to (None: a new one) and what spoke against it.

    `claims` are aliases to be taken from the unverified row that held them.
    `disputed`: the event names a second row as well, so that it may change neither.
    """

    row: Known | None
    clashes: tuple[Clash, ...] = ()
    claims: tuple[str, ...] = ()
    disputed: bool = False


def choose(event: Event, recorded: Recorded, window_seconds: float) -> Choice:
    """The recorded event that `event` is."""
    agreeing = [row for row in recorded.named.values() if _same_fact(row, event)]
    row = _find(event, agreeing, recorded, window_seconds)
    others = {other.id: other for other in agreeing if row and other.id != row.id}
    disputed = any(not outranks(event, other) for other in others.values())
    clashes = [
        Clash("alias", stranger.key, name)
        for name, stranger in recorded.named.items()
        if not _same_fact(stranger, event)
    ]
    clashes += [Clash("event", row.key, other.key) for other in others.values() if row]
    return Choice(row, tuple(clashes), _claims(event, row, recorded.named), disputed)


def _find(
    event: Event, agreeing: Sequence[Known], recorded: Recorded, window_seconds: float
) -> Known | None:
    """The row named by id, else the one that knows the very mail, else the one found by key."""
    told = [row for row in recorded.told if _same_fact(row, event) and not _rivals(row, event)]
    own = [*_own(event, recorded.own), *told]
    family = [row for row in recorded.family if _same_fact(row, event)]
    for tier in _tiers(event):
        named, retold, kin = (
            [row for row in rows if row.authenticity in tier] for rows in (agreeing, own, family)
        )
        if row := next(iter((*named, *retold)), None) or _by_key(event, kin, window_seconds):
            return row
    return None


def _tiers(event: Event) -> tuple[frozenset[Authenticity], ...]:
    """A verified event looks among all verified rows before it looks at any other.

    Otherwise a forged row, set close to a genuine one, would draw the genuine
    notice to itself and be verified by it: one event would stand twice.
    """
    if event.authenticity == "verified":
        return frozenset({"verified"}), frozenset({"unverified"})
    return (frozenset({"verified", "unverified"}),)


def _own(event: Event, named: Mapping[str, Known]) -> list[Known]:
    """The rows this very mail told of; a forged Message-ID leads no proven mail astray."""
    return [
        row
        for name, row in named.items()
        if _same_fact(row, event)
        and not _rivals(row, event)
        and not (name.endswith("?") and event.authenticity == row.authenticity == "verified")
    ]


def _claims(event: Event, row: Known | None, named: Mapping[str, Known]) -> tuple[str, ...]:
    return tuple(
        name
        for name, holder in named.items()
        if outranks(event, holder) and (row is None or holder.id != row.id)
    )


def outranks(event: Event, row: Known) -> bool:
    """Whether the event is proven and the row is not: what the row says gives way."""
    return event.authenticity == "verified" and row.authenticity == "unverified"


def keys(event: Event) -> Iterator[str]:
    """The keys a new row may take, the plainest first; the store takes the first free one.

    The last one is to be followed by `~2`, `~3`, … by whoever finds it taken.
    """
    yield event.key
    if event.subject_id is not None and not event.repeatable:
        yield f"{event.key}@{times.short(event.occurred_at)}"


def _same_fact(row: Known, event: Event) -> bool:
    return (row.subject_id, row.event_type, row.event_action) == (
        event.subject_id,
        event.event_type,
        event.event_action,
    )


def _by_key(event: Event, family: Sequence[Known], window_seconds: float) -> Known | None:
    if event.subject_id is None:
        return next((row for row in family if row.key == event.key), None)
    if not event.repeatable:
        return _nearest(event, (row for row in family if not _apart(row, event)))
    if event.undated:
        return _nearest(event, (row for row in family if _has_place(row, event, window_seconds)))
    return _nearest(event, (row for row in family if _at_same_time(row, event))) or _nearest(
        event, (row for row in family if _confirmed_by(event, row, window_seconds))
    )


def _nearest(event: Event, rows: Iterable[Known]) -> Known | None:
    """The row nearest in time that has no other vendor's id of its kind; of equals the first.

    The verified rows come first, the older ones before the younger.
    """

    def rank(row: Known) -> tuple[bool, float]:
        return bool(_rivals(row, event)), abs(_seconds(row.occurred_at, event.occurred_at))

    return min(rows, key=rank, default=None)


def _rivals(row: Known, event: Event) -> list[str]:
    """The kinds of vendor's ids that both carry, but not the same."""
    return [
        kind
        for kind in ID_KINDS
        if row.columns[kind] and getattr(event, kind) and row.columns[kind] != getattr(event, kind)
    ]


def _apart(row: Known, event: Event) -> bool:
    if not row.dated or event.undated:
        return False
    return abs(_seconds(row.occurred_at, event.occurred_at)) > APART_SECONDS


def _has_place(row: Known, event: Event, window_seconds: float) -> bool:
    return (
        row.dated
        and _is_free(row, event)
        and _within(row.occurred_at, event.occurred_at, window_seconds)
    )


def _confirmed_by(event: Event, row: Known, window_seconds: float) -> bool:
    return (
        not row.dated
        and _is_free(row, event)
        and _within(event.occurred_at, row.occurred_at, window_seconds)
    )


def _is_free(row: Known, event: Event) -> bool:
    """Roads are matched one to one: a row has one place for what each brings, proven or not."""
    return not _rivals(row, event) and event.authenticity not in row.taken


def _at_same_time(row: Known, event: Event) -> bool:
    if not row.dated:
        return False
    if kinds := _rivals(row, event):
        # An id renewed by a retry: the other one came with this very time and object.
        return all((kind, event.telling) in row.tellings for kind in kinds)
    return times.same(row.occurred_at, event.occurred_at)


def _within(vendor_time: datetime, mail_date: datetime, window_seconds: float) -> bool:
    return -AHEAD_SECONDS <= _seconds(vendor_time, mail_date) <= window_seconds


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
