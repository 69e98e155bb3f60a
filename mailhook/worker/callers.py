"""Those who have asked a watch for a round, and wait for what it comes to."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue

from mailhook.worker.rounds import Round


class Callers:
    """Asked by any thread, answered by the one that does the rounds; nobody is left waiting."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[Future[Round]] = SimpleQueue()
        self._taken: list[Future[Round]] = []
        self._ended = threading.Event()

    def ask(self) -> Future[Round]:
        """What the next round comes to; an empty one where there will be none."""
        asked: Future[Round] = Future()
        self._asked.put(asked)
        if self._ended.is_set():
            for one in self._waiting():
                one.set_result(Round())
        return asked

    def are_waiting(self) -> bool:
        """Whether anybody has asked and was not yet taken."""
        return not self._asked.empty()

    def take(self) -> bool:
        """Whether there are any for the round that begins now."""
        self._taken += self._waiting()
        return bool(self._taken)

    def answer(self, result: Round) -> None:
        """Tell those who were taken what it came to."""
        while self._taken:
            self._taken.pop().set_result(result)

    def end(self) -> None:
        """There will be no round any more."""
        self._ended.set()
        self.take()
        self.answer(Round())

    def _waiting(self) -> list[Future[Round]]:
        waiting = []
        with suppress(Empty):
            while True:
                waiting.append(self._asked.get_nowait())
        return waiting
