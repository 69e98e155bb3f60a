"""The composition root: which mailboxes exist, who polls them, and when it all ends.

One thread a mailbox owns its connection. APScheduler only rings: its jobs set
an event and never touch a socket or the store.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from types import FrameType
from typing import TYPE_CHECKING

from mailhook.config import MailboxSettings, Settings
from mailhook.errors import MailhookError, TemporaryError, whereabouts
from mailhook.model import Action, After, Delivery, Outcome
from mailhook.sources.imap import Mailbox
from mailhook.store import Store
from mailhook.trust import Trust

if TYPE_CHECKING:
    from apscheduler.events import JobExecutionEvent
    from apscheduler.schedulers.background import BackgroundScheduler

log = logging.getLogger(__name__)

# Called after each commit with the deliveries of the batch and their outcomes.
Report = Callable[[Sequence[Delivery], Sequence[Outcome]], None]

# Seconds. A service manager waits longer, but a person at a terminal does not.
_STOP_SECONDS = 3
_SIGNAL_SECONDS = 0.5
# Done before what came of them is committed and the signals are looked at.
_ACTIONS = 1000


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
    result, stop = Round(), threading.Event()
    with ThreadPoolExecutor(max(1, len(settings.mailboxes))) as threads:
        rounds = threads.map(
            lambda mailbox: _poll_once(_Post(mailbox, store, trust, report, stop)),
            settings.mailboxes,
        )
        try:
            for one in rounds:
                result.outcomes += one.outcomes
                result.errors += one.errors
        finally:
            stop.set()  # by ^C each mailbox ends with the batch it is at
    return result


def run(settings: Settings, store: Store, trust: Trust) -> None:
    """Poll every mailbox each `poll_seconds` until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopper(stop))
    watches = [_Watch(mailbox, store, trust, stop) for mailbox in settings.mailboxes]
    rings = scheduler()
    for watch in watches:
        rings.add_job(watch.bell.set, "interval", seconds=watch.settings.poll_seconds)
        watch.start()
    rings.start()
    log.info("running", extra={"mailboxes": len(watches)})
    while not stop.wait(_SIGNAL_SECONDS):
        pass  # a signal that lands just before a wait begins does not end it
    rings.shutdown(wait=False)
    _end(watches)
    log.info("stopped")


def scheduler() -> BackgroundScheduler:
    """A scheduler that drops no ring for being late, and says so when one fails."""
    from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED
    from apscheduler.schedulers.background import BackgroundScheduler

    made = BackgroundScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )
    made.add_listener(_complain, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    return made


def _complain(event: JobExecutionEvent) -> None:
    error = getattr(event, "exception", None)
    log.error("a ring failed" if error else "a ring was missed", extra={"job": event.job_id})


def after(settings: MailboxSettings) -> After | None:
    """What is to be done with mails that were understood; None: leave them."""
    verb = settings.after.verb
    return None if verb == "leave" else After(verb, settings.after.target)


@dataclass(frozen=True, slots=True)
class _Post:
    """What one round over a mailbox needs."""

    settings: MailboxSettings
    store: Store
    trust: Trust
    report: Report | None = None
    stop: threading.Event = field(default_factory=threading.Event)


class _Watch(threading.Thread):
    """One mailbox's thread: a round at start, then one whenever the bell rings."""

    def __init__(
        self, settings: MailboxSettings, store: Store, trust: Trust, stop: threading.Event
    ) -> None:
        super().__init__(name=f"mailbox {settings.name}", daemon=True)
        self.settings = settings
        self.bell = threading.Event()
        self._post = _Post(settings, store, trust, self._report, stop)

    def run(self) -> None:
        while not self._post.stop.is_set():
            self.bell.clear()
            self._round()
            self.bell.wait()

    def _round(self) -> None:
        try:
            errors = _poll_once(self._post).errors
        except Exception as bug:  # noqa: BLE001 - our bug must not cost the mailbox its thread
            if not self._post.stop.is_set():  # the store closes under whom it cannot wait for
                where = whereabouts(bug)
                log.error("a bug of mailhook: %s", where, extra={"mailbox": self.settings.name})  # noqa: TRY400 - its message may quote a mail
            return
        for error in errors:
            log.error("%s", error, extra={"mailbox": self.settings.name})

    def _report(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        counts = {name.value: outcomes.count(name) for name in Outcome if name in outcomes}
        log.info("batch", extra={"mailbox": self.settings.name, "count": len(deliveries), **counts})


def _stopper(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    return handle


def _end(watches: Sequence[_Watch]) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    for watch in watches:
        watch.bell.set()
    for watch in watches:
        watch.join(max(0, deadline - time.monotonic()))
        if watch.is_alive():
            # Its batch is either committed or will be read again: nothing is lost.
            log.warning(
                "left in the middle of a round trip", extra={"mailbox": watch.settings.name}
            )


def _poll_once(post: _Post) -> Round:
    """Every folder of the mailbox; one in trouble does not keep the others waiting."""
    result = Round()
    mailbox = Mailbox(post.settings)
    sources = {mailbox.source(folder.name): folder.name for folder in post.settings.folders}
    try:
        for nth, (source, folder) in enumerate(sources.items()):
            try:
                mailbox.open()
            except MailhookError as error:
                result.errors.append(error)
                _beat(post.store, list(sources)[nth:], error)
                break
            _poll_folder(mailbox, folder, source, post, result)
            if post.stop.is_set():
                break
    finally:
        mailbox.close()
    return result


def _poll_folder(mailbox: Mailbox, folder: str, source: str, post: _Post, result: Round) -> None:
    try:
        for outcomes in _sweep(mailbox, folder, source, post):
            result.outcomes += outcomes
            if post.stop.is_set():
                return
        _beat(post.store, [source], None)
        _perform(mailbox, source, post)
    except MailhookError as error:
        result.errors.append(error)
        _beat(post.store, [source], error)
        if isinstance(error, TemporaryError):
            mailbox.close()  # whatever state it was left in


def _sweep(mailbox: Mailbox, folder: str, source: str, post: _Post) -> Iterator[list[Outcome]]:
    """The outcomes of each batch, once it is committed."""
    batches = mailbox.sweep(folder, post.store.position(source))
    first = next(batches, None)
    if first is None:
        return
    from mailhook.examiner import examined
    from mailhook.pipeline import commit

    for batch, findings in examined(chain([first], batches), post.trust):
        committed = commit(batch, findings, post.store, after(mailbox.settings))
        if post.report and batch.deliveries:
            post.report(batch.deliveries, committed)
        yield committed


def _perform(mailbox: Mailbox, source: str, post: _Post) -> None:
    """Work off what is queued for the folder, part by part, until the server refuses.

    Raises TemporaryError, naming what was refused, which stays queued.
    """
    queued = post.store.actions(source)
    for at in range(0, len(queued), _ACTIONS):
        refused = _perform_part(mailbox, post.store, queued[at : at + _ACTIONS])
        if refused:
            raise TemporaryError(
                f"mailbox {post.settings.name}: {'; '.join(refused)}; stays queued"
            )
        if post.stop.is_set():
            return


def _perform_part(mailbox: Mailbox, store: Store, queued: Sequence[Action]) -> list[str]:
    """What the server refused. Ends are noted together, halves of a move at once."""
    ended: list[tuple[Action, str]] = []

    def note(actions: Sequence[Action], word: str) -> None:
        noted = [(action, word) for action in actions]
        if word in {"copying", "copied"}:
            store.note_actions(noted)
        else:
            ended.extend(noted)

    try:
        mailbox.perform(queued, note)
    finally:
        store.note_actions(ended)
    return list(dict.fromkeys(word for _, word in ended if word.startswith("refused")))


def _beat(store: Store, sources: Sequence[str], error: MailhookError | None) -> None:
    with suppress(MailhookError):  # a full disk must not hide the error that is being noted
        for source in sources:
            store.beat(source, str(error) if error else None)
