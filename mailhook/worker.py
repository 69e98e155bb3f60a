"""The composition root: which mailboxes exist, who polls them, and when it all ends.

One thread a mailbox owns its connection. APScheduler only rings: its jobs set
an event and never touch a socket or the store.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from mailhook.config import MailboxSettings, Settings
from mailhook.errors import ConfigError, MailhookError
from mailhook.model import Action, After, Delivery, Outcome
from mailhook.pipeline import Trust, ingest
from mailhook.sources.imap import Mailbox
from mailhook.store import Store

log = logging.getLogger(__name__)

# Called after each commit with the deliveries of the batch and their outcomes.
Report = Callable[[Sequence[Delivery], Sequence[Outcome]], None]

# Seconds. A service manager waits longer, but a person at a terminal does not.
_STOP_SECONDS = 4


@dataclass(slots=True)
class Round:
    """What one round over the mailboxes came to."""

    outcomes: list[Outcome] = field(default_factory=list)
    errors: list[MailhookError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0, or the gravest of the errors: a setting to mend goes before trying again."""
        return max((error.exit_code for error in self.errors), default=0)


def poll(settings: Settings, store: Store, trust: Trust, report: Report | None = None) -> Round:
    """One round over all mailboxes, each in its own thread, with its queued actions."""
    result = Round()
    with ThreadPoolExecutor(max(1, len(settings.mailboxes))) as threads:
        rounds = threads.map(
            lambda mailbox: _poll_once(mailbox, store, trust, report), settings.mailboxes
        )
        for one in rounds:
            result.outcomes += one.outcomes
            result.errors += one.errors
    return result


def run(settings: Settings, store: Store, trust: Trust) -> None:
    """Poll every mailbox each `poll_seconds` until SIGTERM or SIGINT."""
    from apscheduler.schedulers.background import BackgroundScheduler

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopper(stop))
    watches = [_Watch(mailbox, store, trust, stop) for mailbox in settings.mailboxes]
    scheduler = BackgroundScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )
    for watch in watches:
        scheduler.add_job(watch.bell.set, "interval", seconds=watch.settings.poll_seconds)
        watch.start()
    scheduler.start()
    log.info("running", extra={"mailboxes": len(watches)})
    stop.wait()
    scheduler.shutdown(wait=False)
    _end(watches)
    log.info("stopped")


def after(settings: MailboxSettings) -> After | None:
    """What is to be done with mails that were understood; None: leave them."""
    verb = settings.after.verb
    return None if verb == "leave" else After(verb, settings.after.target)


class _Watch(threading.Thread):
    """One mailbox's thread: a round at start, then one whenever the bell rings."""

    def __init__(
        self, settings: MailboxSettings, store: Store, trust: Trust, stop: threading.Event
    ) -> None:
        super().__init__(name=f"mailbox {settings.name}", daemon=True)
        self.settings = settings
        self.bell = threading.Event()
        self._store, self._trust, self._stop_event = store, trust, stop

    def run(self) -> None:
        while not self._stop_event.is_set():
            self.bell.clear()
            one = _poll_once(self.settings, self._store, self._trust, self._report)
            for error in one.errors:
                log.error("%s", error, extra={"mailbox": self.settings.name})
            self.bell.wait()

    def _report(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        counts = {name.value: outcomes.count(name) for name in Outcome if name in outcomes}
        log.info("batch", extra={"mailbox": self.settings.name, "count": len(deliveries), **counts})


def _stopper(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    return handle


def _end(watches: Sequence[_Watch]) -> None:
    for watch in watches:
        watch.bell.set()
    for watch in watches:
        watch.join(_STOP_SECONDS / len(watches))
        if watch.is_alive():
            # Its batch is either committed or will be read again: nothing is lost.
            log.warning("left in the middle of a round trip", extra={"mailbox": watch.name})


def _poll_once(
    settings: MailboxSettings, store: Store, trust: Trust, report: Report | None
) -> Round:
    result = Round()
    mailbox = Mailbox(settings)
    try:
        mailbox.open()
    except MailhookError as error:
        for folder in settings.folders:
            _beat(store, mailbox.source(folder.name), error)
        return Round(errors=[error])
    try:
        for folder in settings.folders:
            try:
                result.outcomes += _sweep(mailbox, folder.name, store, trust, report)
                _beat(store, mailbox.source(folder.name), None)
            except ConfigError as error:  # this folder is missing; the others are not
                _beat(store, mailbox.source(folder.name), error)
                result.errors.append(error)
    except MailhookError as error:
        _beat(store, mailbox.source(folder.name), error)
        result.errors.append(error)
    finally:
        mailbox.close()
    return result


def _sweep(
    mailbox: Mailbox, folder: str, store: Store, trust: Trust, report: Report | None
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    source = mailbox.source(folder)
    for batch in mailbox.sweep(folder, store.position(source)):
        committed = ingest(batch, store, trust, after(mailbox.settings))
        outcomes += committed
        if report:
            report(batch.deliveries, committed)
    _perform(mailbox, store, source)
    return outcomes


def _perform(mailbox: Mailbox, store: Store, source: str) -> None:
    """Work off what is queued for the folder; ends are noted together, halves at once."""
    queued = store.actions(source)
    if not queued:
        return
    ended: list[tuple[Action, str]] = []
    refused: list[str] = []

    def note(action: Action, word: str) -> None:
        if word in {"copying", "copied"}:
            store.note_actions([(action, word)])
        else:
            ended.append((action, word))
            if word.startswith("refused"):
                refused.append(word)

    try:
        mailbox.perform(queued, note)
    finally:
        store.note_actions(ended)
    for word in dict.fromkeys(refused):
        log.error("%s", word, extra={"mailbox": mailbox.settings.name})


def _beat(store: Store, source: str, error: MailhookError | None) -> None:
    with suppress(MailhookError):  # a full disk must not hide the error that is being noted
        store.beat(source, str(error) if error else None)
