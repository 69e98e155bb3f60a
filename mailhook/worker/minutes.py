"""Counting what the endpoint answers: in memory, and every few seconds into the store."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from mailhook.config import GuardSettings
from mailhook.errors import MailhookError
from mailhook.guard.ages import Ages
from mailhook.guard.simulation import Rule
from mailhook.metrics.meter import Meter
from mailhook.model import Finding
from mailhook.store import Store

_MINUTE = 60
# While nothing can be written: so many minutes are remembered, a week of them.
_MINUTES = 10_080
# So many of those that were answered 503 are known again when they come once more.
_KNOWN = 10_000


class Minutes:
    """Counts by minute until they are flushed; from any thread. `clock` as time.time."""

    def __init__(
        self, store: Store, guard: GuardSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._store, self._clock = store, clock
        self._mutex, self._writing = threading.Lock(), threading.Lock()
        self._counts: dict[int, Counter[str]] = {}
        self._news: Counter[str] = Counter()
        self._failed: OrderedDict[str, int] = OrderedDict()
        self._ages = Ages(Rule.of(guard))

    def heed(self, guard: GuardSettings) -> None:
        """Judge by new settings from now on."""
        with self._mutex:
            self._ages.rule = Rule.of(guard)

    def answered(self, status: int | None) -> None:
        """An attempt got this answer; None where it was cut off before it got one."""
        with self._mutex:
            self._count(_kind(status))

    def took(self, finding: Finding, status: int) -> None:
        """What the vendor signed got this answer: what that tells of attempts other than this."""
        if status == HTTPStatus.OK:
            self._came(finding)
        else:
            self._note_failed(finding.delivery.location)

    def resembled(self) -> None:
        """One that was refused looks like the vendor's."""
        with self._mutex:
            self._count("lookalike")

    def flush(self, meter: Meter) -> None:
        """Write down what was counted; what cannot be written now is kept for the next time."""
        with self._writing:
            with self._mutex:
                news, self._news = self._news, Counter()
                counted, self._counts = self._counts, {}
            meter.answers(news)
            if not counted:
                return
            try:
                self._store.count_answers(counted)
            except MailhookError:
                self._take_back(counted)
                raise

    def _came(self, finding: Finding) -> None:
        if finding.sent_at is None:
            return
        age = (finding.delivery.received_at - finding.sent_at) / timedelta(seconds=1)
        with self._mutex:
            before = self._ages.failed_before(age)
            # The latest of them were counted when we answered them.
            unseen = len(before) - self._failed.pop(finding.delivery.location, 0)
            for seconds in before[: max(0, unseen)]:
                self._count("retried", seconds)

    def _note_failed(self, location: str) -> None:
        with self._mutex:
            self._failed[location] = self._failed.pop(location, 0) + 1
            if len(self._failed) > _KNOWN:
                self._failed.popitem(last=False)

    def _count(self, kind: str, seconds_ago: float = 0) -> None:
        minute = int((self._clock() - seconds_ago) // _MINUTE * _MINUTE)
        counts = self._counts.get(minute)
        if counts is None:
            counts = self._counts[minute] = Counter()
            self._bound()
        counts[kind] += 1
        self._news[kind] += 1

    def _take_back(self, counted: dict[int, Counter[str]]) -> None:
        with self._mutex:
            for minute, counts in counted.items():
                self._counts.setdefault(minute, Counter()).update(counts)
            self._bound()

    def _bound(self) -> None:
        while len(self._counts) > _MINUTES:
            del self._counts[min(self._counts)]


def _kind(status: int | None) -> str:
    """What was cut off is counted with the refused: nothing shows that it was the vendor's."""
    if status is None:
        return "refused"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "failed"
    return "ok" if status < HTTPStatus.MULTIPLE_CHOICES else "refused"
