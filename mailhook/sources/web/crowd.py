"""All connections of one endpoint: how many there may be, and a look at each now and then."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, cast

from uvicorn.server import ServerState

from mailhook.sources.web.answers import Answered, unheard
from mailhook.sources.web.bounds import Bounds

if TYPE_CHECKING:
    from mailhook.sources.web.protocol import Connection

_LOOK_SECONDS = 0.1


class Crowd(ServerState):
    """What uvicorn knows of its connections, and what they are bounded by.

    `answered` is told the status of what is said to those that break them. `seen_at` is the
    monotonic time of the last look: the sign of life of the event loop.
    """

    def __init__(self, bounds: Bounds, answered: Answered = unheard) -> None:
        super().__init__()
        self.bounds, self.answered = bounds, answered
        self.seen_at = time.monotonic()
        self.is_closing = False

    def attend(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at every connection, now and as long as the loop runs."""
        self.seen_at = time.monotonic()
        now = loop.time()
        for one in self._all():
            one.look(now)
        loop.call_later(_LOOK_SECONDS, self.attend, loop)

    def make_room(self) -> None:
        """Where there are too many, hang up on who has longest been without a whole request."""
        if len(self.connections) <= self.bounds.connections:
            return
        waiting = (one for one in self._all() if not one.is_due)
        if longest := min(waiting, key=lambda one: one.since, default=None):
            longest.hang_up()

    def _all(self) -> list[Connection]:
        return cast("list[Connection]", list(self.connections))
