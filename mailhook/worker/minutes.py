"""Counting what the endpoint answers: in memory, and every few seconds into the store."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import TypeAlias

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
# So many of those that have failed are known again when they come once more.
_KNOWN = 10_000

# A token and how many of its attempts: the bytes around it may be others.
_Book: TypeAlias = OrderedDict[Hashable, int]


class Minutes:
    """Counts by minute until they are flushed; from any thread. `clock` as time.time."""

    def __init__(
        self, store: Store, guard: GuardSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._store, self._clock = store, clock
        self._mutex, self._writing = threading.Lock(), threading.Lock()
        self._counts: dict[int, Counter[str]] = {}
        self._news: Counter[str] = Counter()
        # Attempts that we answered 503, and those that were inferred when it came at last.
        self._failed, self._inferred = _Book(), _Book()
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
            self._note_failed(finding)

    def strayed(self, finding: Finding) -> None:
        """What the vendor signed came to another path, which to the vendor is a failure."""
        self._note_failed(finding)
        with self._mutex:
            self._count("failed")

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
            if before := self._ages.failed_before(age):
                self._infer(_token(finding), before)

    def _infer(self, token: Hashable, before: Sequence[float]) -> None:
        """Count the attempts so many seconds ago, but for those that are counted already."""
        since = before[self._inferred.get(token, 0) :]
        # The latest of them were counted when we answered them.
        unseen = len(since) - self._failed.pop(token, 0)
        for seconds in since[: max(0, unseen)]:
            self._count("retried", seconds)
        _note(self._inferred, token, max(len(before), self._inferred.get(token, 0)))

    def _note_failed(self, finding: Finding) -> None:
        token = _token(finding)
        with self._mutex:
            _note(self._failed, token, self._failed.get(token, 0) + 1)

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


def _token(finding: Finding) -> Hashable:
    """What tells a token again."""
    if not finding.events:
        return finding.delivery.location
    return finding.events[0].key, finding.sent_at


def _note(book: _Book, token: Hashable, attempts: int) -> None:
    book[token] = attempts
    book.move_to_end(token)
    if len(book) > _KNOWN:
        book.popitem(last=False)


def _kind(status: int | None) -> str:
    """What was cut off is counted with the refused: nothing shows that it was the vendor's."""
    if status is None:
        return "refused"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "failed"
    return "ok" if status < HTTPStatus.MULTIPLE_CHOICES else "refused"
