"""One connection: HTTP/1.1 by llhttp's parser, with bounds in bytes and time.

A request is awaited (nothing of it is there), its head comes, its body comes, or it is
whole, and then due. One at a time is answered, in the order they came. `Crowd` looks at
each connection ten times a second; nothing here sets a timer of its own.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from functools import partial
from typing import cast

import httptools

from mailhook.sources.web import head, refusals
from mailhook.sources.web.answers import Answer, spelled
from mailhook.sources.web.crowd import Crowd
from mailhook.sources.web.request import Request
from mailhook.sources.web.site import Site

# What stands between the chunks of a body may be some times as much as the body.
_FRAMING = 4
_SPOKEN = frozenset({"1.1", "1.0"})
# What is read only to be thrown away.
_WASTE_BYTES = 1024 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)
_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"

# How far the newest request is. Plain numbers: they are compared some ten times a request.
_AWAITED, _HEAD, _BODY, _WHOLE = range(4)


class Connection(asyncio.Protocol):
    """A client. `since` is the loop's time at which what is awaited now could first come."""

    def __init__(self, crowd: Crowd, site: Site, loop: asyncio.AbstractEventLoop) -> None:
        self._crowd, self._site, self._loop = crowd, site, loop
        self._bounds = crowd.bounds
        self._parser = httptools.HttpRequestParser(self)
        # What follows a request that was said to be the last is thrown away here, without a 400.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._phase = _AWAITED
        self.since = loop.time()
        # Bytes in whole reads since the head or the body at hand began.
        self._fed = 0
        self._target, self._headers = b"", list[tuple[bytes, bytes]]()
        self._awaits_100 = False
        self._newest: Request | None = None
        # Whole requests without an answer: the one that is being answered, those behind it.
        self._running: Request | None = None
        self._waiting: deque[Request] = deque()
        self._unsent: Answer | None = None  # to `_running`: the client reads too slowly
        self._is_new = True
        self._is_deaf = False  # whatever still comes is thrown away
        self._last: Answer | None = None  # to be said when all before it is answered
        self._ends_at: float | None = None
        self._unwritten_since: float | None = None
        self._is_paused = False

    @property
    def is_due(self) -> bool:
        """Whether a whole request waits for its answer."""
        return self._running is not None

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, if there is a place for it."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self._crowd.join(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio has it
        """Nobody hears an answer any more."""
        self._crowd.leave(self)
        self._running = None
        self._waiting.clear()

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
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(refusals.OTHER)
        except httptools.HttpParserError:
            self._refuse(refusals.BAD)
        self._weigh()

    def _weigh(self) -> None:
        """Bound what has come of a head or a body that is not whole."""
        if self._phase == _HEAD and self._fed > self._bounds.head_bytes:
            self._refuse(refusals.LARGE_HEAD)
        elif self._phase == _BODY and self._fed > _FRAMING * self._bounds.body_bytes:
            self._refuse(refusals.LARGE_BODY)

    def eof_received(self) -> bool:
        """Whether the connection stays open: who has sent a whole request still gets the answer."""
        if not self._running or self._is_deaf:
            return self._running is not None
        self._fall_deaf()
        self._ends_at = self._loop.time()
        return True

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        self._unwritten_since = self._loop.time()

    def resume_writing(self) -> None:
        """It does again."""
        self._unwritten_since = None
        answer, self._unsent = self._unsent, None
        if answer:
            self._answer(answer)

    # What the parser tells

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._target, self._headers, self._awaits_100 = b"", [], False
        if self._phase != _HEAD and not self._is_deaf:  # behind another in the same read
            self._enter(_HEAD)

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or what comes behind a chunked body and is none of the request's."""
        if self._phase != _HEAD:
            return
        name = name.lower()
        self._headers.append((name, value))
        if name == b"expect":
            self._awaits_100 = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """A request of which the body is still to come."""
        if self._is_deaf:
            return
        if refusal := self._refusal():
            self._refuse(refusal)
            return
        parser, is_closing = self._parser, self._crowd.is_closing
        is_new = parser.get_http_version() != "1.0"  # of which no 1xx may be sent (RFC 9110, 15.2)
        self._newest = request = Request(
            parser.get_method(),
            httptools.parse_url(self._target).path or b"",
            self._headers,
            self._peer,
            is_new and parser.should_keep_alive() and not is_closing,
            is_new and self._awaits_100,
        )
        self._enter(_BODY)
        if self._running:
            self._pause()  # what is whole is answered before more is read
        else:
            self._encourage(request)

    def _refusal(self) -> Answer | None:
        """Why the body is not even read."""
        bounds = self._bounds
        if refusal := head.refusal(self._target, self._headers, self._fed, bounds):
            return refusal
        if self._parser.get_http_version() not in _SPOKEN:
            return refusals.BAD
        if self._parser.should_upgrade():  # the parser would leave the body to the other protocol
            return refusals.OTHER
        return refusals.MANY if len(self._waiting) >= bounds.pipelined else None

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        request = self._newest
        if self._is_deaf or request is None:
            return
        request.body_bytes += len(body)
        if request.body_bytes > self._bounds.body_bytes:
            self._refuse(refusals.LARGE_BODY)
        else:
            request.parts.append(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        request = self._newest
        if self._is_deaf or request is None:
            return
        self._phase, self._is_new = _WHOLE, False
        if not request.keep_alive:
            self._is_deaf, self._fed = True, 0
        if self._running:
            self._waiting.append(request)
        else:
            self._run(request)

    # Answers

    def _run(self, request: Request) -> None:
        self._running = request
        self._site.respond(request, partial(self._reply, request))

    def _reply(self, request: Request, answer: Answer) -> None:
        """The answer to the request that runs; of any other nobody is left who hears it."""
        if self._running is not request or self._transport.is_closing():
            return
        if self._unwritten_since is None:
            self._answer(answer)
        else:
            self._unsent = answer

    def _answer(self, answer: Answer) -> None:
        """Send it, and go on to the next request, or await it; or this was the last."""
        request = self._running
        if request is None:
            return
        is_last, is_bare = not request.keep_alive, request.method == b"HEAD"
        self._running = None
        self._transport.write(spelled(answer, self._crowd.date, is_last=is_last, is_bare=is_bare))
        if is_last:
            self._transport.close()
            return
        self._resume()
        if self._waiting:
            self._run(self._waiting.popleft())
        elif self._last:
            self._say(self._last)
        elif self._phase == _WHOLE:
            self._enter(_AWAITED)
        else:
            self.since = self._loop.time()  # what had come of the next one could not be read on
            if self._phase == _BODY and self._newest:
                self._encourage(self._newest)

    def _encourage(self, request: Request) -> None:
        """Have who asks before he sends a body send it."""
        if request.awaits_100:
            self._transport.write(_GO_ON)

    def _enter(self, phase: int) -> None:
        self._phase, self._fed = phase, 0
        if not self._is_new or phase != _HEAD:  # the first has time from the connection
            self.since = self._loop.time()

    def _refuse(self, answer: Answer) -> None:
        """Say so and hang up, once all that came before is answered."""
        if self._is_deaf:
            return
        self._fall_deaf()
        if self._running:
            self._last = answer
        else:
            self._say(answer)

    def _fall_deaf(self) -> None:
        """Throw away what is coming, and what still comes."""
        self._is_deaf, self._fed = True, 0
        self._resume()

    def _say(self, answer: Answer) -> None:
        """Say it and read on for a while: to close on what was not read would take it back."""
        self._crowd.answered(answer.status)
        self._transport.write(spelled(answer, self._crowd.date, is_last=True))
        self._transport.write_eof()
        self._ends_at = self._loop.time() + self._bounds.linger_seconds

    def _pause(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    # The end

    def dismiss(self) -> None:
        """End after the request at hand, or after one that may be on its way right now."""
        if self._newest:
            self._newest.keep_alive = False
        self._ends_at = self._ends_at or self._loop.time() + self._bounds.linger_seconds

    def give_up(self) -> None:
        """End without what is to be answered having been done."""
        if request := self._running:
            request.keep_alive = False
            self._site.give_up(partial(self._reply, request))
        else:
            self.hang_up()

    def hang_up(self) -> None:
        """At once, whatever is under way; its place is free."""
        self._crowd.leave(self)
        # The kernel, too, forgets what it holds for a client that does not read: socket(7).
        one = self._transport.get_extra_info("socket")
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()

    def look(self, now: float) -> None:
        """See whether it keeps to its times."""
        if self._transport.is_closing():
            self._see_it_written(now)
        elif self._running:
            self._see_it_read(now)
        elif self._ends_at and now > self._ends_at and self._may_end():
            self._transport.close()
        elif self._is_deaf:
            pass
        elif self._phase == _BODY and now - self.since > self._bounds.body_seconds:
            self._refuse(refusals.SLOW_BODY)
        elif self._phase == _HEAD and now - self.since > self._bounds.head_seconds:
            self._refuse(refusals.SLOW_HEAD)
        elif self._phase == _AWAITED and now - self.since > self._awaited_seconds:
            self._transport.close()  # it has never said a word, or long not

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
