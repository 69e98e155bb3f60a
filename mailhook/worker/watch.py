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
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue

from mailhook.errors import Bug, FolderMissing, MailhookError, whereabouts
from mailhook.metrics import kind_of
from mailhook.model import Delivery, Outcome
from mailhook.sources.imap import Mailbox
from mailhook.worker.backoff import Backoff
from mailhook.worker.bell import Bell
from mailhook.worker.rounds import Post, Round, broke, visit
from mailhook.worker.tally import lag_seconds

log = logging.getLogger(__name__)

# Longer than any one command and any one batch may take: who has not come back by then is stuck.
_WORK_SECONDS = 900
_GRACE_SECONDS = 60


class Watch(threading.Thread):
    """Watches the first of its folders, where it may and the server can, and polls the others.

    `back_by` is when, by the monotonic clock, the thread will have shown a sign
    of life: past that it is stuck.
    """

    def __init__(self, post: Post, folders: Sequence[str], *, watches: bool) -> None:
        super().__init__(name=f"mailbox {post.settings.name}, {folders[0]}", daemon=True)
        self.back_by = time.monotonic() + _WORK_SECONDS
        self.mailbox_name = post.settings.name
        self.poll_seconds = post.settings.poll_seconds
        self._post = replace(post, report=self._report)
        self._tell = post.report
        self._folders, self._watches = tuple(folders), watches
        self._mailbox = Mailbox(post.settings)
        self._backoff = Backoff()
        self._bell, self._due = Bell(), threading.Event()
        self._asked: SimpleQueue[Future[Round]] = SimpleQueue()
        self._failing: dict[str, str] = {}

    @property
    def in_trouble(self) -> bool:
        """Whether the connection, or one of the folders, has failed since its last sweep."""
        return self._backoff.began_at is not None or bool(self._failing)

    def ring(self) -> None:
        """All folders are to be swept, as soon as the connection is not in trouble."""
        self._due.set()
        self._bell.ring()

    def ask(self) -> Future[Round]:
        """A whole round now, even where the mailbox is in trouble; what it came to."""
        asked: Future[Round] = Future()
        self._asked.put(asked)
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
        for one in self._take():
            one.set_result(Round())

    def _broken(self) -> MailhookError | None:
        """What has ended the rounds; None for the end of all."""
        try:
            self._go_on()
        except MailhookError as error:
            return error
        except Exception as bug:  # noqa: BLE001 - our bug must not cost the mailbox its thread
            return Bug(f"a bug of mailhook: {whereabouts(bug)}; please report it")
        return None

    def _go_on(self) -> None:
        """Rounds with rests between them, until the connection breaks or all is to end."""
        self._due.set()
        told = False
        while not self._post.stop.is_set():
            self._bell.mute()
            if told or self._due.is_set() or not self._asked.empty():
                self._round(told=told)
                told = False
            else:
                told = self._rest()

    def _round(self, *, told: bool) -> None:
        """The watched folder; all of them where a ring is due. Raises where it is the mailbox."""
        asked = self._take()
        thorough = self._due.is_set() or bool(asked)
        self._due.clear()
        result = Round()
        try:
            self._promise(_WORK_SECONDS)
            if self._mailbox.open():
                self._post.meter.connected(self.mailbox_name)
            for folder in self._in_turn() if thorough else self._folders[:1]:
                first = folder == self._folders[0]
                self._visit(folder, result, told=told and first, thorough=thorough)
        except MailhookError as error:
            result.errors += [] if error in result.errors else [error]
            raise
        finally:
            for one in asked:
                one.set_result(result)
        if self._backoff.began_at is not None:
            self._say_healed()
        self._backoff.healed()

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
        known = self._failing.get(folder) == str(error)
        self._failing[folder] = str(error)
        if broke(error):
            raise error
        if not known:
            log.error("%s", error, extra={"mailbox": self.mailbox_name, "folder": folder})

    def _rest(self) -> bool:
        """Wait for news, at most until it is time for a sign of life; whether something came."""
        seconds = self._post.settings.probe_seconds
        self._promise(seconds + _GRACE_SECONDS)
        if self._watches and self._folders[0] not in self._failing and self._mailbox.has_idle():
            if self._opened():
                return True
            told = self._mailbox.wait(self._bell, seconds)
        elif self._bell.wait(seconds):
            return False
        else:
            told = False
            self._mailbox.probe()
        self._beat()
        return told

    def _opened(self) -> bool:
        """Whether the watched folder had to be opened, so that it has to be swept once more."""
        try:
            return self._mailbox.watch(self._folders[0])
        except FolderMissing:
            return True  # the sweep will say so

    def _beat(self) -> None:
        well = [folder for folder in self._folders if folder not in self._failing]
        self._post.pulse.beat([self._mailbox.source(folder) for folder in well])

    def _rest_after(self, error: MailhookError) -> None:
        """Leave the server alone for a while, unless somebody asks."""
        self._mailbox.close()
        self._post.pulse.failed([self._mailbox.source(one) for one in self._folders], error)
        seconds = self._backoff.failed(error, time.monotonic())
        self._promise(seconds + _GRACE_SECONDS)
        log.error("%s", error, extra={"mailbox": self.mailbox_name, "next_try_seconds": seconds})
        self._post.meter.broken(self.mailbox_name, kind_of(error))
        self._post.meter.waited(self.mailbox_name, self._wait(seconds))

    def _wait(self, seconds: float) -> float:
        """Wait so long, or until the end or somebody's wish; how long it was."""
        start = time.monotonic()
        while (left := start + seconds - time.monotonic()) > 0 and self._bell.wait(left):
            self._bell.mute()
            if self._post.stop.is_set() or not self._asked.empty():
                break
        return time.monotonic() - start

    def _say_healed(self) -> None:
        began_at = self._backoff.began_at or 0
        seconds = round(time.monotonic() - began_at, 1)
        log.info("healed", extra={"mailbox": self.mailbox_name, "after_seconds": seconds})

    def _take(self) -> list[Future[Round]]:
        """Who has asked for a round until now."""
        asked = []
        with suppress(Empty):
            while True:
                asked.append(self._asked.get_nowait())
        return asked

    def _report(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        self._promise(_WORK_SECONDS)
        self._post.meter.batch(self.mailbox_name, outcomes, lag_seconds(deliveries))
        if self._tell:
            self._tell(deliveries, outcomes)
        counts = {name.value: outcomes.count(name) for name in Outcome if name in outcomes}
        log.info("batch", extra={"mailbox": self.mailbox_name, "count": len(deliveries), **counts})

    def _promise(self, seconds: float) -> None:
        self.back_by = time.monotonic() + seconds
