"""The thread that serves hooks: an event loop of its own, and uvicorn in it."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import uvicorn
import uvloop

from mailhook.errors import whereabouts
from mailhook.sources.web.answers import Answered, Take, unheard
from mailhook.sources.web.app import App
from mailhook.sources.web.bounds import Bounds
from mailhook.sources.web.crowd import Crowd
from mailhook.sources.web.protocol import Connection

log = logging.getLogger(__name__)

_STOP_SECONDS = 3
# The loop shows itself ten times a second; no token takes it a second.
_SILENT_SECONDS = 60


class Endpoint(threading.Thread):
    """Serves hooks on listening sockets until `stop`.

    The sockets are closed at the end; whoever wants them to stay hands over duplicates.
    """

    def __init__(
        self,
        listening: Sequence[socket.socket],
        path: str,
        take: Take,
        bounds: Bounds,
        answered: Answered = unheard,
    ) -> None:
        super().__init__(name="web", daemon=True)
        self._listening = list(listening)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._app = App(path, take, answered)
        self._crowd = Crowd(bounds, answered)
        self._server = uvicorn.Server(_config(self._app))
        self._server.server_state = self._crowd

    def run(self) -> None:
        """Serve until told to stop."""
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                self._loop = runner.get_loop()
                runner.run(self._serve(self._loop))
        except BaseException as error:  # noqa: BLE001 - that it ended is to be known, whatever ended it
            log.error("the endpoint for web hooks has ended: %s", whereabouts(error))  # noqa: TRY400 - it may quote a hook

    async def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        self._crowd.attend(loop)
        await self._server.serve(self._listening)

    def call(self, work: Callable[[], None]) -> None:
        """Have the event loop do this soon; nothing where it has ended."""
        if self._loop:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(work)

    def answer_at(self, path: str) -> None:
        """From now on hooks come to this path."""
        self._app.path = path

    @property
    def is_stuck(self) -> bool:
        """Whether it serves no more, or its event loop has long not shown itself."""
        return not self.is_alive() or time.monotonic() - self._crowd.seen_at > _SILENT_SECONDS

    def stop(self) -> None:
        """Take no more requests, answer those that are there, end."""
        self._server.should_exit = True
        if self.is_alive():
            self.join(_STOP_SECONDS + 1)


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
