"""The meter that counts. docs/metrics.md explains each metric."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

from mailhook.config import MailboxSettings
from mailhook.metrics.meter import ANSWERS, API_ANSWERS, KINDS, Meter
from mailhook.model import Outcome

# Seconds: from what a quick server makes possible to what a night of outage makes of it.
_LAGS = (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 15, 60, 300, 3600, 86_400)


class Counters(Meter):
    """Counts what is reported in a registry of its own, from zero since the service began."""

    def __init__(self, mailboxes: Iterable[MailboxSettings]) -> None:
        # Else each series has a second one that says when it began: with the service.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = made = CollectorRegistry()
        self._deliveries = Counter(
            "mailhook_deliveries_total",
            "Mails committed, by what became of them.",
            ("mailbox", "outcome"),
            registry=made,
        )
        self._lag = Histogram(
            "mailhook_delivery_lag_seconds",
            "From a mail's arrival at its server to its committed row.",
            ("mailbox",),
            buckets=_LAGS,
            registry=made,
        )
        self._round_trip = Summary(
            "mailhook_round_trip_seconds",
            "Completed round trips with the server, and how long they took.",
            ("mailbox", "folder"),
            registry=made,
        )
        self._connections = Counter(
            "mailhook_connections_total",
            "Connections made, the login accepted.",
            ("mailbox",),
            registry=made,
        )
        self._errors = Counter(
            "mailhook_errors_total",
            "Round trips that failed, by what kept them from it.",
            ("mailbox", "kind"),
            registry=made,
        )
        self._waits = Counter(
            "mailhook_backoff_seconds_total",
            "Time a mailbox was left alone after failures.",
            ("mailbox",),
            registry=made,
        )
        self._answers = Counter(
            "mailhook_web_answers_total",
            "Attempts to deliver a web hook, by what became of them.",
            ("kind",),
            registry=made,
        )
        for kind in ANSWERS:
            self._answers.labels(kind)
        self._asked = Counter(
            "mailhook_api_requests_total",
            "Requests to the vendor's API, by what came of them.",
            ("kind",),
            registry=made,
        )
        for kind in API_ANSWERS:
            self._asked.labels(kind)
        self._missed = Counter(
            "mailhook_api_missed_total",
            "Events that the API has told of and no other road before.",
            registry=made,
        )
        start = Gauge(
            "mailhook_start_timestamp_seconds", "When the service began to count.", registry=made
        )
        start.set(time.time())
        self.expect(mailboxes)

    def expect(self, mailboxes: Iterable[MailboxSettings]) -> None:
        """Let every series of the mailboxes stand at 0, so that its first step shows as one."""
        for mailbox in mailboxes:
            name = mailbox.name
            for outcome in Outcome:
                self._deliveries.labels(name, outcome.value)
            for kind in KINDS:
                self._errors.labels(name, kind)
            for folder in mailbox.folders:
                self._round_trip.labels(name, folder.name)
            for metric in (self._lag, self._connections, self._waits):
                metric.labels(name)

    def batch(
        self, mailbox: str, outcomes: Sequence[Outcome], lag_seconds: Sequence[float]
    ) -> None:
        """Count the mails by outcome, and how late each was."""
        for outcome, count in Tally(outcomes).items():
            self._deliveries.labels(mailbox, outcome.value).inc(count)
        lag = self._lag.labels(mailbox)
        for seconds in lag_seconds:
            lag.observe(max(0.0, seconds))  # two clocks: the server's may go ahead

    def round_trip(self, mailbox: str, folder: str, seconds: float) -> None:
        """Count it, and the time it took."""
        self._round_trip.labels(mailbox, folder).observe(seconds)

    def connected(self, mailbox: str) -> None:
        """Count it."""
        self._connections.labels(mailbox).inc()

    def broken(self, mailbox: str, kind: str) -> None:
        """Count it under its kind."""
        self._errors.labels(mailbox, kind if kind in KINDS else "other").inc()

    def answers(self, counts: Mapping[str, int]) -> None:
        """Add them up."""
        for kind, count in counts.items():
            self._answers.labels(kind).inc(count)

    def asked(self, answers: Mapping[str, int], missed: int) -> None:
        """Add them up."""
        for kind, count in answers.items():
            self._asked.labels(kind if kind in API_ANSWERS else "other").inc(count)
        self._missed.inc(missed)

    def waited(self, mailbox: str, seconds: float) -> None:
        """Add the time up."""
        self._waits.labels(mailbox).inc(max(0.0, seconds))
