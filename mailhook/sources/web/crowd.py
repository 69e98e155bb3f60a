"""All connections of one endpoint: how many there may be, and a look at each now and then."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

from mailhook.sources.web.answers import Answered, unheard
from mailhook.sources.web.bounds import Bounds

if TYPE_CHECKING:
    from mailhook.sources.web.connection import Connection

_LOOK_SECONDS = 0.1


class Crowd:
    """What connections have in common, and what they are bounded by.

    `answered` is told the status of what is said to those that break them. `seen_at` is the
    monotonic time of the last look: the sign of life of the event loop. `date` is the
    time as answers tell it; `gone` is set while nobody is there.
    """

    def __init__(self, bounds: Bounds, answered: Answered = unheard) -> None:
        self.bounds, self.answered = bounds, answered
        self.connections: set[Connection] = set()
        self.is_closing, self.gone = False, asyncio.Event()
        self.gone.set()
        self.seen_at = time.monotonic()
        self.date = b""

    def attend(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at every connection, now and as long as the loop runs."""
        self.seen_at = time.monotonic()
        self.date = formatdate(usegmt=True).encode()
        now = loop.time()
        for one in tuple(self.connections):
            one.look(now)
        loop.call_later(_LOOK_SECONDS, self.attend, loop)

    def join(self, one: Connection) -> None:
        """Take it in; of too many, hang up on who has longest been without a whole request."""
        self.connections.add(one)
        self.gone.clear()
        if self.is_closing:
            one.dismiss()
        if len(self.connections) <= self.bounds.connections:
            return
        waiting = (one for one in self.connections if not one.is_due)
        if longest := min(waiting, key=lambda one: one.since, default=None):
            longest.hang_up()

    def leave(self, one: Connection) -> None:
        """Its place is free."""
        self.connections.discard(one)
        if not self.connections:
            self.gone.set()

    def dismiss(self) -> None:
        """Have each end as soon as it is answered; who comes with a request yet is answered."""
        self.is_closing = True
        for one in tuple(self.connections):
            one.dismiss()
