"""What becomes of a finding within an open transaction: its delivery, its events, its deed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from mailhook import catalog, times
from mailhook.model import After, Finding, Outcome
from mailhook.store.alerts import Alerts
from mailhook.store.deliveries import Deliveries, KeepRaw, presumed
from mailhook.store.familiar import Familiar
from mailhook.store.ledger import Ledger
from mailhook.store.sheet import Sheet

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

    def record_all(
        self, findings: Sequence[Finding], after: After | None, now: datetime
    ) -> list[Outcome]:
        """As `record` of each, in order; what meets nothing is written by a few statements.

        Rows and their ids are what one by one would make.
        """
        if len(findings) == 1:
            return [self.record(findings[0], after, now)]
        familiar = Familiar(self._connection, findings)
        sheet = Sheet(self._connection, self._deliveries, now)
        outcomes = []
        for finding in findings:
            if familiar.is_stranger(finding):
                sheet.add(finding, familiar.sha256(finding))
                outcome = presumed(finding)
                self._queue(finding, after, outcome, now)
            elif known := familiar.outcome(finding):
                self._queue(finding, after, known, now)
                outcome = Outcome.DUPLICATE
            else:
                sheet.write()
                outcome = self.record(finding, after, now)
            outcomes.append(outcome)
        sheet.write()
        return outcomes

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
