"""Housekeeping: one piece of work in a thread of its own, done whenever its bell is rung."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from mailhook.errors import MailhookError, whereabouts
from mailhook.worker.bell import Bell

log = logging.getLogger(__name__)


class Chore(threading.Thread):
    """Does its work again and again, never twice at a time; an error is said when it is new."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        super().__init__(name=name, daemon=True)
        self.done_at = time.monotonic()
        self._work = work
        self._bell = Bell()
        self._ended = threading.Event()
        self._said = ""

    def ring(self) -> None:
        """The work is due."""
        self._bell.ring()

    def end(self) -> None:
        """No more of it; what is being done is done to its end."""
        self._ended.set()
        self._bell.ring()

    def run(self) -> None:
        """Work at each ring until the end."""
        while not self._ended.is_set():
            if self._bell.wait(3600) and not self._ended.is_set():
                self._bell.mute()
                self._do()
                self.done_at = time.monotonic()

    def _do(self) -> None:
        try:
            self._work()
        except MailhookError as error:
            self._say(str(error))
        except Exception as bug:  # noqa: BLE001 - our bug must not end the chore for good
            self._say(f"a bug of mailhook: {whereabouts(bug)}")
        else:
            self._said = ""

    def _say(self, words: str) -> None:
        if words != self._said and not self._ended.is_set():
            log.error("%s", words, extra={"chore": self.name})
        self._said = words
