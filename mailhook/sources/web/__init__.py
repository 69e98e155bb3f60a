"""The web hook itself, by HTTP: a socket, its bounds, and one answer a request.

Owner of Starlette and uvicorn. What becomes of a hook is not known here: `take` is
handed in, and its answer is sent.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import uvicorn
import uvloop

from mailhook.sources.web.answers import Answer, Answered, Take, unheard
from mailhook.sources.web.app import App

__all__ = ["Answer", "Endpoint", "Take"]

_STOP_SECONDS = 3


class Endpoint(threading.Thread):
    """Serves hooks on a listening socket, by an event loop of its own, until `stop`.

    The socket is closed at the end; whoever wants it to stay hands over a duplicate.
    """

    def __init__(
        self, listening: socket.socket, path: str, take: Take, answered: Answered = unheard
    ) -> None:
        super().__init__(name="web", daemon=True)
        self._listening = listening
        self._loop: asyncio.AbstractEventLoop | None = None
        config = uvicorn.Config(
            App(path, take, answered),
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Serve until told to stop."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self._loop = runner.get_loop()
            runner.run(self._server.serve([self._listening]))

    def call(self, work: Callable[[], None]) -> None:
        """Have the event loop do this soon; nothing where it has ended."""
        if self._loop:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(work)

    def stop(self) -> None:
        """Take no more requests, answer those that are there, end."""
        self._server.should_exit = True
        if self.is_alive():
            self.join(_STOP_SECONDS + 1)
