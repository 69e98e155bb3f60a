"""One connection of a mailbox and the thread that owns it: sweep, IDLE, sweep again.

IDLE is only an alarm clock, and so are the rings of the scheduler: one round
does the work, whatever woke it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from mailhook.errors import Bug, FolderMissing, MailhookError, whereabouts
from mailhook.metrics.meter import kind_of
from mailhook.model import Delivery, Outcome
from mailhook.sources.imap import Mailbox, Patience
from mailhook.store import StoreGoneError
from mailhook.worker.backoff import Backoff
from mailhook.worker.bell import Bell
from mailhook.worker.callers import Callers
from mailhook.worker.rounds import Post, Round, Undone, broke, visit
from mailhook.worker.tally import lag_seconds

log = logging.getLogger(__name__)

# Longer than anything between two signs of life may take, beside the one command in which a
# server may be slow: who has not come back by then is stuck.
_WORK_SECONDS = 900
_GRACE_SECONDS = 60
_SAID_SECONDS = 60
# After so many alarms in a row without a mail, the next rest goes without IDLE: a server that
# cries wolf would be asked hundreds of times a second.
_VAIN_ALARMS = 5


class Watch(threading.Thread):
    """Watches the first of its folders, where it may and the server can, and polls the others.

    `back_by` is when, by the monotonic clock, the thread will have shown a sign
    of life: past that it is stuck.
    """

    def __init__(
        self,
        post: Post,
        folders: Sequence[str],
        *,
        watches: bool,
        patience: Patience | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        super().__init__(name=f"mailbox {post.settings.name}, {folders[0]}", daemon=True)
        self.mailbox_name = post.settings.name
        self.poll_seconds = post.settings.poll_seconds
        self._post = replace(post, report=self._report, sign=self._at_work)
        self._tell = post.report
        self._folders, self._watches = tuple(folders), watches
        self._mailbox = Mailbox(post.settings, patience, self._at_work)
        self._at_work()
        self._backoff = backoff or Backoff()
        self._bell, self._due = Bell(), threading.Event()
        self._callers = Callers()
        self._vain_alarms = 0
        self._said = ("", 0.0)
        self._failing: dict[str, MailhookError] = {}

    @property
    def in_trouble(self) -> bool:
        """Whether the connection, or one of the folders, has failed since its last sweep."""
        return self._backoff.in_trouble or bool(self._failing)

    def ring(self) -> None:
        """All folders are to be swept, as soon as the connection is not in trouble."""
        self._due.set()
        self._bell.ring()

    def ask(self) -> Future[Round]:
        """A whole round now, even where the mailbox is in trouble; what it came to."""
        asked = self._callers.ask()
        self._bell.ring()
        return asked

    def wake(self) -> None:
        """Look whether all is to end."""
        self._bell.ring()

    def run(self) -> None:
        """Go on until `stop` is set, whatever happens to the connection."""
        while not self._post.stop.is_set():
            error = self._broken()
            # The store closes under whom it cannot wait for.
            if error and not self._post.stop.is_set():
                self._rest_after(error)
        self._mailbox.close()
        self._callers.end()

    def _broken(self) -> MailhookError | None:
        """What has ended the rounds; None for the end of all."""
        try:
            self._go_on()
        except MailhookError as error:
            return error
        except Exception as bug:  # noqa: BLE001 - our bug must not cost the mailbox its thread
            broken = Bug(f"a bug of mailhook: {whereabouts(bug)}; please report it")
            self._callers.answer(Round(errors=[broken]))
            return broken
        return None

    def _go_on(self) -> None:
        """Rounds with rests between them, until the connection breaks or all is to end."""
        self._due.set()
        told = False
        while True:
            self._bell.mute()  # before all that it may ring for is looked at, the end included
            if self._post.stop.is_set():
                return
            if told or self._due.is_set() or self._callers.are_waiting():
                self._round(told=told)
                told = False
            else:
                told = self._rest()

    def _round(self, *, told: bool) -> None:
        """The watched folder; all of them where a ring is due. Raises where it is the mailbox."""
        thorough = self._callers.take() or self._due.is_set()
        self._due.clear()
        result = Round()
        try:
            self._at_work()
            if self._mailbox.open():
                self._post.meter.connected(self.mailbox_name)
            for folder in self._in_turn() if thorough else self._folders[:1]:
                first = folder == self._folders[0]
                self._visit(folder, result, told=told and first, thorough=thorough)
        except MailhookError as error:
            result.errors += [] if error in result.errors else [error]
            self._callers.answer(result)
            raise
        self._callers.answer(result)
        self._vain_alarms = self._vain_alarms + 1 if told and not result.outcomes else 0
        lasted = self._backoff.healed(time.monotonic())
        if lasted is not None:
            extra = {"mailbox": self.mailbox_name, "after_seconds": round(lasted, 1)}
            log.info("healed", extra=extra)

    def _in_turn(self) -> list[str]:
        """The folders, those that broke the connection last: the others must have their turn."""
        return sorted(self._folders, key=lambda folder: folder in self._failing)

    def _visit(self, folder: str, result: Round, *, told: bool, thorough: bool) -> None:
        if self._post.stop.is_set():
            return
        one = visit(self._mailbox, folder, self._post, told=told, thorough=thorough)
        result.add(one)
        if not one.errors:
            self._failing.pop(folder, None)
            return
        (error,) = one.errors
        known = str(self._failing.get(folder)) == str(error)
        self._failing[folder] = error
        if broke(error):
            raise error
        if not known:
            log.error("%s", error, extra={"mailbox": self.mailbox_name, "folder": folder})

    def _rest(self) -> bool:
        """Wait for news, at most until it is time for a sign of life; whether something came."""
        seconds = self._post.settings.probe_seconds
        self._at_work()
        idles = self._may_idle()
        if idles and self._opened():
            return True
        self._promise(seconds + _GRACE_SECONDS)
        if idles:
            told = self._mailbox.wait(self._bell, seconds)
        elif self._bell.wait(seconds):
            return False
        else:
            told = False
            self._mailbox.probe()
        if not told:
            self._vain_alarms = 0
        self._beat()
        return told

    def _may_idle(self) -> bool:
        return (
            self._watches
            and self._is_read(self._folders[0])
            and self._vain_alarms < _VAIN_ALARMS
            and self._mailbox.has_idle()
        )

    def _opened(self) -> bool:
        """Whether the watched folder had to be opened, so that it has to be swept once more."""
        try:
            return self._mailbox.watch(self._folders[0])
        except FolderMissing:
            return True  # the sweep will say so

    def _beat(self) -> None:
        well = [folder for folder in self._folders if self._is_read(folder)]
        self._post.pulse.beat([self._mailbox.source(folder) for folder in well])

    def _is_read(self, folder: str) -> bool:
        return isinstance(self._failing.get(folder), Undone | None)

    def _rest_after(self, error: MailhookError) -> None:
        """Leave the server alone for a while, unless somebody asks."""
        self._mailbox.close()
        self._post.pulse.failed([self._mailbox.source(one) for one in self._folders], error)
        seconds = self._backoff.failed(error, time.monotonic())
        self._promise(seconds + _GRACE_SECONDS)
        if isinstance(error, StoreGoneError):
            self._post.mend()
        self._complain(error, seconds)
        self._post.meter.broken(self.mailbox_name, kind_of(error))
        self._post.meter.waited(self.mailbox_name, self._wait(seconds))

    def _complain(self, error: MailhookError, seconds: float) -> None:
        """Say what is wrong: what was said already only once a minute, or the log is full of it."""
        said, at = self._said
        now = time.monotonic()
        is_news = str(error) != said or now - at >= _SAID_SECONDS
        extra = {"mailbox": self.mailbox_name, "next_try_seconds": round(seconds, 1)}
        log.log(logging.ERROR if is_news else logging.DEBUG, "%s", error, extra=extra)
        if is_news:
            self._said = (str(error), now)

    def _wait(self, seconds: float) -> float:
        """Wait so long, or until the end or somebody's wish; how long it was."""
        start = time.monotonic()
        while (left := start + seconds - time.monotonic()) > 0 and self._bell.wait(left):
            self._bell.mute()
            if self._post.stop.is_set() or self._callers.are_waiting():
                break
        return time.monotonic() - start

    def _report(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        self._at_work()
        self._post.meter.batch(self.mailbox_name, outcomes, lag_seconds(deliveries))
        if self._tell:
            self._tell(deliveries, outcomes)
        counts = {name.value: outcomes.count(name) for name in Outcome if name in outcomes}
        log.info("batch", extra={"mailbox": self.mailbox_name, "count": len(deliveries), **counts})

    def _at_work(self) -> None:
        self._promise(_WORK_SECONDS + self._mailbox.command_seconds)

    def _promise(self, seconds: float) -> None:
        self.back_by = time.monotonic() + seconds
