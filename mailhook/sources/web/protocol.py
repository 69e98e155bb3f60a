"""One connection: uvicorn's, with bounds in bytes and time, which uvicorn has none of.

A request is awaited (nothing of it is there), its head comes, its body comes, or it is
whole, and then due. `Crowd` looks at each connection ten times a second; nothing here
sets a timer of its own.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from mailhook.sources.web import head, refusals
from mailhook.sources.web.answers import WHOLE, Answer, spelled
from mailhook.sources.web.crowd import Crowd

# What stands between the chunks of a body may be some times as much as the body.
_FRAMING = 4
_SPOKEN = frozenset({"1.1", "1.0"})
# What is read only to be thrown away.
_WASTE_BYTES = 1024 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)

# How far the newest request is. Plain numbers: they are compared some ten times a request.
_AWAITED, _HEAD, _BODY, _WHOLE = range(4)


class Connection(HttpToolsProtocol):
    """A client. `since` is the loop's time at which what is awaited now could first come."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._crowd = cast("Crowd", server_state)
        self._bounds = self._crowd.bounds
        self._phase = _AWAITED
        self.since = self.loop.time()
        # Bytes in whole reads since the head or the body at hand began, and of the body itself.
        self._fed = self._body_bytes = 0
        self._due = 0  # whole requests that have no answer yet
        self._running: RequestResponseCycle | None = None
        self._offered: dict[str, Any] = {WHOLE: self._answer}
        self._is_new = True
        self._is_deaf = False  # whatever still comes is thrown away
        self._last: Answer | None = None  # to be said when all before it is answered
        self._ends_at: float | None = None
        self._unwritten_since: float | None = None

    @property
    def is_due(self) -> bool:
        """Whether a whole request waits for its answer."""
        return self._due > 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, if there is a place for it."""
        super().connection_made(transport)
        self._crowd.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request that has no answer yet; uvicorn tells only the newest."""
        if self._running:
            self._running.disconnected = True
        self.pipeline.clear()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        """Read on; whatever breaks a bound or the grammar is refused, after all before it."""
        self._fed += len(data)
        if self._is_deaf:
            if self._fed > _WASTE_BYTES:
                self.hang_up()
            return
        if self._phase == _AWAITED or self._phase == _WHOLE:  # noqa: PLR1714 - a set is slower
            self._enter(_HEAD)
            self._fed = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(refusals.OTHER)
        except httptools.HttpParserError:
            self._refuse(refusals.BAD)
        if self._phase != _WHOLE:
            self._weigh()

    def _weigh(self) -> None:
        """Bound what has come of a head or a body that is not whole."""
        if self._phase == _HEAD and self._fed > self._bounds.head_bytes:
            self._refuse(refusals.LARGE_HEAD)
        elif self._phase == _BODY and self._fed > _FRAMING * self._bounds.body_bytes:
            self._refuse(refusals.LARGE_BODY)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether the connection stays open: who has sent a whole request still gets the answer."""
        if not self._due or self._is_deaf:
            return self._due > 0
        self._drop()
        self._fall_deaf()
        self._ends_at = self.loop.time()
        return True

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if self._phase == _WHOLE and not self._is_deaf:
            self._enter(_HEAD)

    def on_headers_complete(self) -> None:
        """A request of which the body is still to come."""
        if self._is_deaf:
            return
        if refusal := self._refusal():
            self._refuse(refusal)
            return
        super().on_headers_complete()
        if self._crowd.is_closing:
            self.cycle.keep_alive = False
        self.scope["extensions"] = self._offered
        self.headers = []  # what comes behind a chunked body is none of the request's headers
        self._body_bytes = 0
        self._enter(_BODY)

    def _refusal(self) -> Answer | None:
        """Why the body is not even read."""
        bounds = self._bounds
        if refusal := head.refusal(self.url, self.headers, self._fed, bounds):
            return refusal
        if self.parser.get_http_version() not in _SPOKEN:
            return refusals.BAD
        if self.parser.should_upgrade():  # the parser would leave the body to the other protocol
            return refusals.OTHER
        return refusals.MANY if len(self.pipeline) >= bounds.pipelined else None

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._is_deaf:
            return
        self._body_bytes += len(body)
        if self._body_bytes > self._bounds.body_bytes:
            self._refuse(refusals.LARGE_BODY)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._is_deaf:
            return
        super().on_message_complete()
        self._phase, self._is_new = _WHOLE, False
        self._due += 1

    def on_response_complete(self) -> None:
        """The next request may come, or is there; or this was the last."""
        self._due -= 1
        self._crowd.total_requests += 1
        if self.transport.is_closing():
            return
        # As uvicorn's, which would set a timer besides, for each request anew.
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._due <= 0 and self._last:
            self._say(self._last)
        elif self._phase == _WHOLE:
            self._enter(_AWAITED)
        else:
            self.since = self.loop.time()  # what had come of the next one could not be read on

    def _answer(self, answer: Answer) -> bool:
        """Send it whole, in one write; False where it must wait for a client that reads slowly.

        It is the answer to the request that runs. Through the two messages of ASGI it took
        a quarter of the time of HTTP.
        """
        cycle = self._running
        if cycle is None or cycle.disconnected:
            return True
        if self.flow.write_paused:
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        others = tuple(self._crowd.default_headers)
        self.transport.write(spelled(answer, others, is_last=not cycle.keep_alive))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()
        return True

    def _enter(self, phase: int) -> None:
        self._phase, self._fed = phase, 0
        if not self._is_new or phase != _HEAD:  # the first has time from the connection
            self.since = self.loop.time()

    def _refuse(self, answer: Answer) -> None:
        """Say so and hang up, once all that came before is answered."""
        if self._is_deaf:
            return
        self._drop()
        self._fall_deaf()
        if self._due:
            self._last = answer
        else:
            self._say(answer)

    def _drop(self) -> None:
        """Forget the request that is coming: the application is told that its client has gone."""
        cycle = self.cycle
        if self._phase != _BODY or cycle.response_complete:
            return
        if self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()
        cycle.disconnected = True
        cycle.message_event.set()

    def _fall_deaf(self) -> None:
        self._is_deaf, self._fed = True, 0
        self.flow.resume_reading()

    def _say(self, answer: Answer) -> None:
        """Say it and read on for a while: to close on what was not read would take it back."""
        self._crowd.answered(answer.status)
        self.transport.write(spelled(answer, is_last=True))
        self.transport.write_eof()
        self._ends_at = self.loop.time() + self._bounds.linger_seconds

    def shutdown(self) -> None:
        """End after the request at hand, or after one that may be on its way right now."""
        self._crowd.is_closing = True
        if self.cycle and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        self._ends_at = self._ends_at or self.loop.time() + self._bounds.linger_seconds

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        super().pause_writing()
        self._unwritten_since = self.loop.time()

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._unwritten_since = None

    def hang_up(self) -> None:
        """At once, whatever is under way; its place is free."""
        self.connections.discard(self)
        # The kernel, too, forgets what it holds for a client that does not read: socket(7).
        one = self.transport.get_extra_info("socket")
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def look(self, now: float) -> None:
        """See whether it keeps to its times."""
        if self.transport.is_closing():
            self._see_it_written(now)
        elif self._due:
            self._see_it_read(now)
        elif self._ends_at and now > self._ends_at and self._may_end():
            self.transport.close()
        elif self._phase == _BODY and now - self.since > self._bounds.body_seconds:
            self._refuse(refusals.SLOW_BODY)
        elif self._phase == _HEAD and now - self.since > self._bounds.head_seconds:
            self._refuse(refusals.SLOW_HEAD)
        elif self._phase == _AWAITED and now - self.since > self._awaited_seconds:
            self.transport.close()  # it has never said a word, or long not

    def _may_end(self) -> bool:
        return self._is_deaf or self._phase == _AWAITED

    @property
    def _awaited_seconds(self) -> float:
        return self._bounds.head_seconds if self._is_new else self._bounds.idle_seconds

    def _see_it_written(self, now: float) -> None:
        """What is closed for good once its answer is written must not wait for ever."""
        if self._unwritten_since is None:
            self._unwritten_since = now
        self._see_it_read(now)

    def _see_it_read(self, now: float) -> None:
        since = self._unwritten_since
        if since is not None and now - since > self._bounds.answer_seconds:
            self.hang_up()
