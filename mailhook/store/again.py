"""What becomes of a delivery that is examined again, within an open transaction.

Nothing that was recorded goes: an event stays, and what today's rules would not
believe or read any more is only said. What was held may be told now; what was
told unproven may be proven.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailhook import catalog
from mailhook.model import Event, Finding, Outcome
from mailhook.store.alerts import Alerts
from mailhook.store.completer import ASKED
from mailhook.store.deliveries import Deliveries, KeepRaw, presumed
from mailhook.store.kept import Kept, State, current
from mailhook.store.ledger import Foreseen, Ledger
from mailhook.store.own import Own

_ASKED_FOR = "SELECT 1 FROM sightings WHERE delivery_id = ? AND channel = ?"


@dataclass(frozen=True, slots=True)
class Change:
    """What examining a delivery again changes, or would: keys of events, by what becomes of them.

    `left` are sentences on what today's rules see otherwise and is left as it was.
    """

    id: int
    was: State
    now: State
    new: tuple[str, ...] = ()
    proven: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything a person can see changes."""
        return bool(self.new or self.proven or self.filled) or self.was != self.now


def unchanged(kept: Kept, finding: Finding | None) -> Change:
    """No change; `finding` is None where its bytes could not be examined."""
    left = () if finding else ("its bytes are not kept whole",)
    return Change(kept.id, kept.state, kept.state, left=left)


@dataclass(frozen=True, slots=True)
class Log:
    """What was changed in the transaction that is still open, for whoever keeps a record of it."""

    connection: sqlite3.Connection
    now: datetime
    changes: list[Change]


@dataclass(slots=True)
class _Walk:
    """What is found on the way through the events of one delivery."""

    own: Own
    new: list[str] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    outcome: Outcome = Outcome.DUPLICATE

    def note(self, event: Event, seen: Foreseen) -> None:
        """One event was met, or is new."""
        if seen.event_id is not None:
            self.own.meet(seen.event_id)
        key = seen.key or event.key
        if seen.key is None and key not in self.new:
            self.new.append(key)
        elif "authenticity" in seen.changes:
            self.proven.append(key)
        elif seen.changes:
            self.filled.append(key)
        if not _kind(event):
            self.outcome = Outcome.RECORDED if seen.key is None else self.outcome
        elif self.outcome is Outcome.DUPLICATE and (seen.key is None or seen.event_id is not None):
            self.outcome = Outcome.ALERT


class Again:
    """Examined again on one connection; the caller owns the transaction."""

    def __init__(
        self, connection: sqlite3.Connection, keep_raw: KeepRaw, window_seconds: float
    ) -> None:
        self._connection = connection
        self._deliveries = Deliveries(connection, keep_raw)
        self._ledger = Ledger(connection, window_seconds)
        self._alerts = Alerts(connection, self._ledger)

    def apply(self, kept: Kept, finding: Finding | None, now: datetime) -> Change:
        """Bring the delivery up to date, unless somebody else has done so since it was read."""
        if finding is None or current(self._connection, kept.id) != kept.state:
            return unchanged(kept, finding)

        def record(event: Event, own: Own) -> None:
            self._record(event, own, finding, now)

        change = self._changed(kept, finding, record)
        if change.differs or (finding.verdict == "read" and not change.left):
            self._deliveries.revise(kept.id, finding, change.now)
        if change.was.waits and not change.now.waits and change.now.authenticity == "verified":
            self._deliveries.shorten(kept.id, finding)
        return change

    def foresee(self, kept: Kept, finding: Finding | None) -> Change:
        """What `apply` would change now; reads only."""
        if finding is None:
            return unchanged(kept, finding)
        return self._changed(kept, finding, lambda _event, _own: None)

    def _changed(
        self, kept: Kept, finding: Finding, record: Callable[[Event, Own], None]
    ) -> Change:
        was = kept.state
        if _lost_key(kept, finding) or self._was_asked_for(kept.id):
            return Change(kept.id, was, was)
        rows = self._ledger.lookup.told_by(kept.id)
        if words := _refused(was, finding, pruned=not rows):
            return Change(kept.id, was, was, left=(words,))
        walk = _Walk(Own(kept.id, rows, finding.events), outcome=presumed(finding))
        if finding.verdict == "read":
            walk.outcome = Outcome.DUPLICATE
            self._walk(walk, kept, finding, record)
        return Change(
            kept.id,
            was,
            _now(was, finding, walk.outcome),
            tuple(walk.new),
            tuple(walk.proven),
            tuple(walk.filled),
            tuple(walk.left),
        )

    def _was_asked_for(self, delivery_id: int) -> bool:
        """Whether it is what the API said of a subject, which tells of no event."""
        found = self._connection.execute(_ASKED_FOR, (delivery_id, ASKED))
        return found.fetchone() is not None

    def _walk(
        self, walk: _Walk, kept: Kept, finding: Finding, record: Callable[[Event, Own], None]
    ) -> None:
        """First what meets a row, then what is new: no order within the mail makes a double."""
        own, channel, later = walk.own, finding.delivery.channel, list[Event]()
        for event in finding.events:
            seen = self._look(event, channel, own)
            if seen.key is None and own.rows:
                later.append(event)
            else:
                record(event, own)
                walk.note(event, seen)
        for event in later:
            seen = self._look(event, channel, own)
            if seen.key is None and (words := self._reason_to_leave(event, kept, finding, own)):
                walk.left.append(words)
            else:
                record(event, own)
                walk.note(event, seen)
        walk.left += [f"{row.key} would not be read any more" for row in own.left()]

    def _reason_to_leave(self, event: Event, kept: Kept, finding: Finding, own: Own) -> str | None:
        """Why a mail that has told before makes no row of this: it may have made one of it then."""
        if row := own.spend(event):
            return f"{row.key} would be read as {event.key}"
        if (
            kept.state.told
            and not _proves(kept.state, finding)
            and self._ledger.lookup.has_pruned(event)
        ):
            return f"{event.key} may be one that was pruned"
        return None

    def _look(self, event: Event, channel: str, own: Own) -> Foreseen:
        if kind := _kind(event):
            return self._alerts.foresee(event, kind, own)
        return self._ledger.foresee(event, channel, own)

    def _record(self, event: Event, own: Own, finding: Finding, now: datetime) -> None:
        channel, kind = finding.delivery.channel, _kind(event)
        if not kind:
            self._ledger.record(event, own.delivery_id, channel, now, own)
        elif self._alerts.again(event, kind, own, channel, now) is None:
            self._alerts.record(event, kind, own.delivery_id, channel, now)


def _lost_key(kept: Kept, finding: Finding) -> bool:
    """Whether it is a web hook whose key has been exchanged since: what was proven stays so."""
    was_proven = kept.state.authenticity == "verified"
    return kept.delivery.channel == "web" and was_proven and finding.authenticity == "unverified"


def _refused(was: State, finding: Finding, *, pruned: bool) -> str | None:
    """Why all stays as it is: nothing is taken back, and nobody is relieved of looking at it."""
    if was.told and finding.verdict != "read":
        return f"it would be {finding.verdict} today: {finding.reason}"
    if was.told and pruned and not _proves(was, finding):
        return "what it told of was pruned"
    held = was.outcome is Outcome.QUARANTINED
    if held and finding.verdict == "ignored" and finding.authenticity == "unverified":
        return f"it would be ignored today: {finding.reason}"
    return None


def _proves(was: State, finding: Finding) -> bool:
    return was.authenticity == "unverified" and finding.authenticity == "verified"


def _now(was: State, finding: Finding, outcome: Outcome) -> State:
    """What is thought of it then; proof that was there once is not taken away."""
    state = State(
        outcome,
        finding.reason,
        finding.unread,
        finding.authenticity,
        finding.authenticity_detail,
    )
    if not was.told:
        return state
    if was.authenticity == "verified" and finding.authenticity == "unverified":
        state = replace(
            state, authenticity=was.authenticity, authenticity_detail=was.authenticity_detail
        )
    # What a person has released or dropped of it does not wait for him again.
    return replace(
        state,
        outcome=outcome if outcome is Outcome.RECORDED else was.outcome,
        unread=min(was.unread, finding.unread),
    )


def _kind(event: Event) -> str | None:
    return catalog.load().action(event.event_type, event.event_action).alert_kind
