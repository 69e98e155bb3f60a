"""Watches of scripted servers in this process: what they record and say is awaited."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import mails
from honest_imap import PLAIN
from scripted_imap import QUICK, ScriptedImap
from stores import asked

from mailhook.config import MailboxSettings, TrustSettings
from mailhook.errors import MailhookError
from mailhook.model import Delivery, Outcome
from mailhook.sources.imap import Patience
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.backoff import Backoff
from mailhook.worker.pulse import Pulse
from mailhook.worker.rounds import Post
from mailhook.worker.watch import Watch, log

IDLING = f"{PLAIN} IDLE"
# In a black hole: short, but not too short for a busy machine.
PATIENCE = replace(QUICK, read=2, opening=5, probe=1.5, command=5)
HURRIED = replace(PATIENCE, read=1, opening=1, probe=1, command=1)
# Nothing in a test takes longer, unless it has failed.
SECONDS = 20


def hook(number: int) -> bytes:
    return mails.check_finished(f"CHK{number:032d}")


class Hasty(Backoff):
    """Waits hardly at all, and notes how long it would have waited."""

    def __init__(self, most: float = 0.02) -> None:
        super().__init__(dice=lambda low, high: (low + high) / 2)
        self.most, self.first = most, 0.0
        self.waits: list[float] = []
        self.errors: list[MailhookError] = []

    def failed(self, error: MailhookError, now: float) -> float:
        self.errors.append(error)
        self.waits.append(Backoff.failed(self, error, now))
        self.first = self.first or now
        return min(self.waits[-1], self.most)


@dataclass
class Watched:
    """One or several watches on one store, and what has come of them."""

    store: Store
    home: Path
    stop: threading.Event = field(default_factory=threading.Event)
    watches: list[Watch] = field(default_factory=list)
    backoffs: list[Backoff] = field(default_factory=list)
    heard: queue.SimpleQueue[logging.LogRecord | Outcome] = field(default_factory=queue.SimpleQueue)

    def watch(
        self,
        settings: MailboxSettings,
        *folders: str,
        watches: bool = True,
        patience: Patience = PATIENCE,
        backoff: Backoff | None = None,
    ) -> Watch:
        """Begin to watch the folders by one more connection."""
        trust = Trust(TrustSettings(authserv_id=(mails.SERVER,)))
        post = Post(settings, self.store, trust, Pulse(self.store), self._report, self.stop)
        backoff = backoff or Hasty()
        made = Watch(
            post, folders or ["INBOX"], watches=watches, patience=patience, backoff=backoff
        )
        self.watches.append(made)
        self.backoffs.append(backoff)
        made.start()
        return made

    @property
    def errors(self) -> list[MailhookError]:
        """What the connections have failed by."""
        return [error for one in self.backoffs if isinstance(one, Hasty) for error in one.errors]

    def until_recorded(self, count: int) -> None:
        """Until so many more mails have become events."""
        while count:
            count -= self._next() == Outcome.RECORDED

    def until_said(self, words: str) -> logging.LogRecord:
        """The next log line with these words."""
        while True:
            record = self._next()
            if isinstance(record, logging.LogRecord) and words in record.getMessage():
                return record

    def _next(self) -> logging.LogRecord | Outcome:
        return self.heard.get(timeout=SECONDS)

    def _report(self, _: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self.heard.put(outcome)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return asked(self.store.path, sql)


class _Heard(logging.Handler):
    def __init__(self, told: Callable[[logging.LogRecord], object]) -> None:
        super().__init__()
        self.emit = told  # type: ignore[method-assign]


@contextmanager
def watching(home: Path) -> Iterator[Watched]:
    """A store, and whatever is made to watch; ends them, which must take no more than a second."""
    with Store(home / "mailhook.db") as store:
        watched = Watched(store, home)
        handler, level = _Heard(watched.heard.put), log.level
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
        try:
            yield watched
        finally:
            watched.stop.set()
            for watch in watched.watches:
                watch.wake()
            deadline = time.monotonic() + SECONDS
            for watch in watched.watches:
                watch.join(max(0, deadline - time.monotonic()))
            log.removeHandler(handler)
            log.setLevel(level)
        assert not [watch.name for watch in watched.watches if watch.is_alive()]


@contextmanager
def idle_watch(
    home: Path,
    server: ScriptedImap,
    patience: Patience = PATIENCE,
    backoff: Backoff | None = None,
    **mailbox: object,
) -> Iterator[Watched]:
    """An INBOX watched by IDLE, polled by nobody."""
    server.capabilities = IDLING
    changes = {"probe_seconds": 60} | mailbox
    with watching(home) as watched:
        watched.watch(server.settings(**changes), patience=patience, backoff=backoff)
        yield watched


def idles(server: ScriptedImap) -> None:
    """Until a connection idles."""
    assert server.idling.acquire(timeout=SECONDS)
