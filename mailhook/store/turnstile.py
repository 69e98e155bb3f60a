"""The lock before the one connection that writes: whoever asked first goes first."""

from __future__ import annotations

import threading
from collections import deque


class Turnstile:
    """A lock that its holder may take again, given in the order it was asked for.

    `threading.RLock` goes to whoever is quickest: most often to the thread that has just
    let go of it, so that one road with much to write would keep the others out.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._gates: deque[tuple[int, threading.Lock]] = deque()
        self._holder, self._depth = 0, 0  # no thread's identifier is 0

    def __enter__(self) -> None:
        """Wait for one's turn; at once where this thread has it already."""
        mine = threading.get_ident()
        if self._holder == mine:
            self._depth += 1
            return
        gate = self._gate(mine)
        if gate is None:
            return
        try:
            gate.acquire()
        except BaseException:  # a signal's handler has raised
            self._withdraw(mine, gate)
            raise

    def __exit__(self, *_: object) -> None:
        """Let the next one pass; it need not be quick, for it holds the lock from now on."""
        self._depth -= 1
        if not self._depth:
            with self._mutex:
                self._pass_on()

    def _gate(self, mine: int) -> threading.Lock | None:
        """What to wait at; None where nobody is before us, and it is ours."""
        with self._mutex:
            if not self._holder:
                self._holder, self._depth = mine, 1
                return None
            gate = threading.Lock()
            gate.acquire()
            self._gates.append((mine, gate))
            return gate

    def _pass_on(self) -> None:
        if not self._gates:
            self._holder = 0
            return
        self._holder, gate = self._gates.popleft()
        self._depth = 1
        gate.release()

    def _withdraw(self, mine: int, gate: threading.Lock) -> None:
        with self._mutex:
            if (mine, gate) in self._gates:
                self._gates.remove((mine, gate))
            elif self._holder == mine:
                self._pass_on()
