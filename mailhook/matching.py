"""Which recorded event is this one? Pure: an event and rows in, a choice out.

The rules stand in docs/architecture.md under "One event, one row"; they are
tried in the order of the functions here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailhook import times
from mailhook.model import Clash, Event, Known, Object

# Vendor times closer than this are one time, written by two roads.
EQUAL_SECONDS = 5
# One subject may come to the same end twice (a session expires again), not within this.
APART_SECONDS = 60
# A mail may be dated this much before the vendor's time: clocks differ.
AHEAD_SECONDS = 10

_IDS = ("truora_id", "idempotency_key")


@dataclass(frozen=True, slots=True)
class Choice:
    """The row the event belongs to (None: a new one) and what spoke against it.

    `claims` are aliases to be taken from the unverified row that held them.
    """

    row: Known | None
    clashes: tuple[Clash, ...] = ()
    claims: tuple[str, ...] = ()


def choose(
    event: Event, named: Mapping[str, Known], family: Sequence[Known], window_seconds: float
) -> Choice:
    """The recorded event that `event` is.

    `named` maps each alias that the event brings (vendor ids first, then its
    own name in its mail) to the row holding it; `family` are the rows with
    its base key.
    """
    agreeing = [row for row in named.values() if _same_fact(row, event)]
    strangers = {name: row for name, row in named.items() if not _same_fact(row, event)}
    family = [row for row in family if _same_fact(row, event)]
    row = _trusted_first(event, agreeing, family, window_seconds)
    clashes = [Clash("alias", stranger.key, name) for name, stranger in strangers.items()]
    if row:
        clashes += [Clash("event", row.key, other.key) for other in _others(row, agreeing)]
    return Choice(row, tuple(clashes), _claims(event, row, named))


def _trusted_first(
    event: Event, agreeing: Sequence[Known], family: Sequence[Known], window_seconds: float
) -> Known | None:
    """The row named by id, else the one found by key.

    An unverified row that names the id of a verified event does not draw it
    away from the verified row that the key leads to.
    """
    if agreeing and not _outranks(event, agreeing[0]):
        return agreeing[0]
    if agreeing:
        verified = [row for row in family if row.authenticity == "verified"]
        return _by_key(event, verified, window_seconds) or agreeing[0]
    return _by_key(event, family, window_seconds)


def _claims(event: Event, row: Known | None, named: Mapping[str, Known]) -> tuple[str, ...]:
    return tuple(
        name
        for name, holder in named.items()
        if _outranks(event, holder) and (row is None or holder.id != row.id)
    )


def _outranks(event: Event, row: Known) -> bool:
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


def _others(row: Known, agreeing: Sequence[Known]) -> list[Known]:
    return list({other.id: other for other in agreeing if other.id != row.id}.values())


def _by_key(event: Event, family: Sequence[Known], window_seconds: float) -> Known | None:
    if event.subject_id is None:
        return next((row for row in family if row.key == event.base_key), None)
    if not event.repeatable:
        return _nearest(event, (row for row in family if not _apart(row, event)))
    if event.undated:
        return _nearest(event, (row for row in family if _has_place(row, event, window_seconds)))
    return _nearest(event, (row for row in family if _at_same_time(row, event))) or _nearest(
        event, (row for row in family if _confirmed_by(event, row, window_seconds))
    )


def _nearest(event: Event, rows: Iterable[Known]) -> Known | None:
    """The best of them: a verified event looks for a verified row before a near one.

    Otherwise a forged row, set close to a genuine one, would draw the genuine
    mail to itself and be verified by it: one event would stand twice.
    """

    def rank(row: Known) -> tuple[bool, bool, float]:
        distance = abs(_seconds(row.occurred_at, event.occurred_at))
        return _outranks(event, row), _rivals(row, event), distance

    return min(rows, key=rank, default=None)


def _rivals(row: Known, event: Event) -> bool:
    """Whether both carry a vendor's id of one kind, and not the same."""
    return any(
        row.columns[kind] and getattr(event, kind) and row.columns[kind] != getattr(event, kind)
        for kind in _IDS
    )


def _apart(row: Known, event: Event) -> bool:
    if not row.dated or event.undated:
        return False
    return abs(_seconds(row.occurred_at, event.occurred_at)) > APART_SECONDS


def _has_place(row: Known, event: Event, window_seconds: float) -> bool:
    return (
        row.dated
        and not _rivals(row, event)
        and event.authenticity not in row.undated_by
        and _within(row.occurred_at, event.occurred_at, window_seconds)
    )


def _at_same_time(row: Known, event: Event) -> bool:
    if not row.dated:
        return False
    seconds = abs(_seconds(row.occurred_at, event.occurred_at))
    if _rivals(row, event):
        return seconds == 0 and _retold(row.object, event.object)
    return seconds <= EQUAL_SECONDS


def _retold(recorded: Object, told: Object) -> bool:
    """Whether a retry could have said this: the row may have been filled up since."""
    return bool(told) and all(name in recorded and recorded[name] == told[name] for name in told)


def _confirmed_by(event: Event, row: Known, window_seconds: float) -> bool:
    return (
        not row.dated
        and not _rivals(row, event)
        and _within(event.occurred_at, row.occurred_at, window_seconds)
    )


def _within(vendor_time: datetime, mail_date: datetime, window_seconds: float) -> bool:
    return -AHEAD_SECONDS <= _seconds(vendor_time, mail_date) <= window_seconds


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
