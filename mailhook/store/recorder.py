"""What becomes of a finding within an open transaction: its delivery, its events, its deed."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from mailhook import catalog, times
from mailhook.model import After, Finding, Outcome
from mailhook.store.alerts import Alerts
from mailhook.store.deliveries import Deliveries, KeepRaw, presumed
from mailhook.store.ledger import Ledger

_DONE = (Outcome.RECORDED, Outcome.DUPLICATE, Outcome.ALERT)


class Recorder:
    """Records findings on one connection; the caller owns the transaction."""

    def __init__(
        self, connection: sqlite3.Connection, keep_raw: KeepRaw, window_seconds: float
    ) -> None:
        self._connection = connection
        self._deliveries = Deliveries(connection, keep_raw)
        self._ledger = Ledger(connection, window_seconds)
        self._alerts = Alerts(connection, self._ledger)

    def record(self, finding: Finding, after: After | None, now: datetime) -> Outcome:
        """Write down one delivery and what it told of; queue what is to be done with it."""
        added = self._deliveries.insert(finding, now)
        if isinstance(added, Outcome):
            self._queue(finding, after, added, now)
            return Outcome.DUPLICATE
        outcome = self._record_events(finding, added, now)
        if outcome is not presumed(finding):
            self._deliveries.settle(added, outcome)
        self._queue(finding, after, outcome, now)
        return outcome

    def _record_events(self, finding: Finding, delivery_id: int, now: datetime) -> Outcome:
        if finding.verdict != "read":
            return presumed(finding)
        outcome = Outcome.DUPLICATE
        for event in finding.events:
            channel = finding.delivery.channel
            kind = catalog.load().action(event.event_type, event.event_action).alert_kind
            if kind:
                sighted = self._alerts.record(event, kind, delivery_id, channel, now)
                outcome = Outcome.ALERT if sighted and outcome is Outcome.DUPLICATE else outcome
            elif self._ledger.record(event, delivery_id, channel, now):
                outcome = Outcome.RECORDED
        return outcome

    def _queue(
        self, finding: Finding, after: After | None, outcome: Outcome, now: datetime
    ) -> None:
        place = finding.delivery.place
        if after is None or place is None or outcome not in _DONE or finding.unread:
            return
        self._connection.execute(
            "INSERT INTO actions (source, uidvalidity, uid, verb, target, message_id, queued_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                place.source,
                place.uidvalidity,
                place.uid,
                after.verb,
                after.target,
                finding.message_id,
                times.stored(now),
            ),
        )
