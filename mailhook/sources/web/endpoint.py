"""The thread that serves hooks: an event loop of its own, and who connects to it."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import uvloop

from mailhook.errors import whereabouts
from mailhook.sources.web.answers import Answered, Astray, Take, unheard, unmissed
from mailhook.sources.web.bounds import Bounds
from mailhook.sources.web.connection import Connection
from mailhook.sources.web.crowd import Crowd
from mailhook.sources.web.site import Site

log = logging.getLogger(__name__)

_BACKLOG = 1024
_STOP_SECONDS = 3
# Whom the kernel has handed over by the time that nobody is listened to joins so much later.
_LATE_SECONDS = 0.1
# The loop shows itself ten times a second; no token takes it a second.
_SILENT_SECONDS = 60


class Endpoint(threading.Thread):
    """Serves hooks on listening sockets until `stop`.

    The sockets are closed at the end; whoever wants them to stay hands over duplicates.
    """

    def __init__(  # noqa: PLR0913 - where, what is done, how much of it, who is told
        self,
        listening: Sequence[socket.socket],
        path: str,
        take: Take,
        bounds: Bounds,
        *,
        answered: Answered = unheard,
        astray: Astray = unmissed,
    ) -> None:
        super().__init__(name="web", daemon=True)
        self._listening = list(listening)
        self._loop = uvloop.new_event_loop()
        self._site = Site(path, take, answered, astray)
        self._crowd = Crowd(bounds, answered)
        self._end = asyncio.Event()

    def run(self) -> None:
        """Serve until told to stop."""
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve(self._loop))
        except BaseException as error:  # noqa: BLE001 - that it ended is to be known, whatever ended it
            log.error("the endpoint for web hooks has ended: %s", whereabouts(error))  # noqa: TRY400 - it may quote a hook

    async def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        def connection() -> Connection:
            return Connection(self._crowd, self._site, loop)

        self._crowd.attend(loop)
        servers = [
            await loop.create_server(connection, sock=one, backlog=_BACKLOG)
            for one in self._listening
        ]
        await self._end.wait()
        for server in servers:
            server.close()
        for one in self._listening:
            one.close()
        await self._take_leave()

    async def _take_leave(self) -> None:
        """Answer those that are there; whoever is not answered in time is told to come again."""
        self._crowd.dismiss()
        await asyncio.sleep(_LATE_SECONDS)
        try:
            await asyncio.wait_for(self._crowd.gone.wait(), _STOP_SECONDS)
        except TimeoutError:
            for left in tuple(self._crowd.connections):
                left.give_up()

    def call(self, work: Callable[[], None]) -> None:
        """Have the event loop do this soon; nothing where it has ended."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work)

    def answer_at(self, path: str) -> None:
        """From now on hooks come to this path."""
        self._site.move(path)

    @property
    def is_stuck(self) -> bool:
        """Whether it serves no more, or its event loop has long not shown itself."""
        return not self.is_alive() or time.monotonic() - self._crowd.seen_at > _SILENT_SECONDS

    def stop(self) -> None:
        """Take no more requests, answer those that are there, end."""
        self.call(self._end.set)
        if self.is_alive():
            self.join(_STOP_SECONDS + 1)
