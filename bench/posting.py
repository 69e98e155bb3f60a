"""Posts prebuilt requests over connections that are kept alive, and times each answer.

As cheap as Python has it, so that what is measured is the server: bare sockets, one
epoll, one request on its way per connection, no parsing beyond the status.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from mailhook import token

SIGNING_KEY = "bench-signing-key-0123456789abcdef"
_PADDING = "No record of this person was found in the sources that were asked for it, " * 2
_ANSWER_BYTES = 65_536
_END = b"\r\n\r\n"


@dataclass(slots=True)
class Load:
    """What came of one load: how long it took, each answer's seconds, how many had which status."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.waits) / self.seconds

    @property
    def p99_seconds(self) -> float:
        """What 99 of 100 requests waited at most."""
        return quantiles(self.waits, n=100)[98]


def bodies(start: int, count: int) -> list[bytes]:
    """Tokens of about 1 kB, each with one event of its own subject; all values are invented."""
    return [
        token.sign(_claims(nth), SIGNING_KEY.encode()).encode()
        for nth in range(start, start + count)
    ]


def request(body: bytes) -> bytes:
    """The request as the vendor's sender writes it."""
    head = (
        "POST /hooks HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Type: application/jwt\r\n"
        f"User-Agent: hooks\r\nAccept: */*\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def post(
    port: int,
    requests: Sequence[bytes],
    connections: int = 64,
    until: Callable[[], bool] | None = None,
) -> Load:
    """Post them all, or as many as there is time for `until` it says so."""
    return _Poster(port, requests, until).run(connections)


class _Poster:
    def __init__(
        self, port: int, requests: Sequence[bytes], until: Callable[[], bool] | None
    ) -> None:
        self._port, self._requests = port, iter(requests)
        self._until = until or (lambda: False)
        self._load = Load()
        self._selector = selectors.DefaultSelector()
        self._sent_at: dict[socket.socket, float] = {}

    def run(self, connections: int) -> Load:
        opened = list(self._opened(connections))
        start = time.perf_counter()
        for one in opened:
            self._send(one)
        while self._sent_at:
            for key, _ in self._selector.select():
                self._receive(key.fileobj)  # type: ignore[arg-type] - sockets are all there is
        self._load.seconds = time.perf_counter() - start
        for one in opened:
            one.close()
        self._selector.close()
        return self._load

    def _opened(self, connections: int) -> Iterator[socket.socket]:
        for _ in range(connections):
            one = socket.create_connection(("127.0.0.1", self._port))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(one, selectors.EVENT_READ)
            yield one

    def _send(self, one: socket.socket) -> None:
        wanted = None if self._until() else next(self._requests, None)
        if wanted is None:
            self._sent_at.pop(one, None)
            return
        self._sent_at[one] = time.perf_counter()
        one.sendall(wanted)

    def _receive(self, one: socket.socket) -> None:
        """An answer is short, so that its head and its line come in one piece or in two."""
        answer = one.recv(_ANSWER_BYTES)
        while not _is_whole(answer):
            more = one.recv(_ANSWER_BYTES)
            if not more:
                raise ConnectionError("the server hung up")
            answer += more
        self._load.waits.append(time.perf_counter() - self._sent_at[one])
        self._load.statuses[answer[9:12].decode()] += 1
        self._send(one)


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(_END)
    if not end:
        return False
    _, _, length = head.lower().partition(b"content-length: ")
    return len(body) >= int(length.partition(b"\r\n")[0])


def _claims(nth: int) -> dict[str, token.Json]:
    event: dict[str, token.Json] = {
        "id": f"HKE{nth:032x}",
        "event_type": "check",
        "event_action": "finished",
        "object": {
            "check_id": f"CHK{nth * 7919 % 2**64:032x}",
            "account_id": f"ACC{0:032x}",
            "country": "CO",
            "type": "person",
            "status": "completed",
            "score": 0.85,
            "name_score": 1,
            "creation_date": "2026-08-03T10:00:00.123456789Z",
            "update_date": "2026-08-03T10:05:00.123456789Z",
            "summary": _PADDING,
            "vehicle_information_found": False,
        },
        "timestamp": "2026-08-03T10:05:01.5Z",
        "version": "1.0",
    }
    return {"events": [event], "iat": int(time.time()), "iss": "Truora", "jti": json.dumps(nth)}
