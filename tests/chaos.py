"""A proxy before an IMAP server that does what networks do: cut, swallow, refuse, drip.

`with Chaos(server.port) as chaos:` and let the client use `chaos.port`. It passes
everything until it is told otherwise; `chaos.existed` says when the client was told
of how many mails.
"""

from __future__ import annotations

import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import Self

from ports import free_port

_EXISTS = re.compile(rb"^\* (\d+) EXISTS\r$", re.MULTILINE)
_NO_LINGER = struct.pack("ii", 1, 0)


class Mode(Enum):
    PASS = "carry bytes both ways"
    SWALLOW = "accept, and carry nothing: a black hole"
    REFUSE = "nobody listens"
    DRIP = "one byte a time to the client"


class Chaos:
    """Listens on loopback, on `port`; each connection is one to the server's port."""

    def __init__(self, server_port: int, *, drip_seconds: float = 1.0) -> None:
        self.existed: dict[int, float] = {}
        self.accepted = 0
        self._server_port = server_port
        self._drip_seconds = drip_seconds
        self._mode = Mode.PASS
        self._acts: list[tuple[bytes, Callable[[], object]]] = []
        self._lock = threading.Lock()
        self._pairs: list[_Pair] = []
        self._ended = threading.Event()
        self.port = free_port()
        self._listener = _bound(self.port)

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._close_listener()
        self.cut()

    @property
    def mode(self) -> Mode:
        return self._mode

    def cut(self) -> int:
        """Reset every connection, on both sides; how many there were. New ones are as before."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.reset()
        return len(pairs)

    def heal(self) -> None:
        """Carry everything again; what was swallowed stays lost, with its connections."""
        if self._mode is Mode.REFUSE:
            self._listen()
        self._mode = Mode.PASS

    def swallow(self) -> None:
        """From now on every byte of every connection is lost, and nobody is told."""
        self._mode = Mode.SWALLOW
        self.lose()

    def lose(self) -> None:
        """As if a router forgot the connections there are; new ones are as before."""
        with self._lock:
            for pair in self._pairs:
                pair.lost = True

    def refuse(self) -> None:
        """Cut, and refuse every new connection."""
        self._mode = Mode.REFUSE
        self._close_listener()
        self._listener = _bound(self.port)  # bound but deaf, so that nobody takes the port
        self.cut()

    def drip(self) -> None:
        """The server's bytes one by one, each after `drip_seconds`."""
        self._mode = Mode.DRIP

    def at(self, command: bytes, act: Callable[[], object]) -> None:
        """Do it once, as soon as the client has sent bytes with the command in them."""
        self._acts.append((command, act))

    def rage(self, seed: int, ended: threading.Event, calm_seconds: float) -> dict[str, int]:
        """Cut, lose, swallow, refuse and drip in a chance order until `ended`; how often each.

        Between two faults all is well for `calm_seconds` on the mean, and a fault
        that lasts does so for up to half as long.
        """
        chance = random.Random(seed)  # noqa: S311 - the same order in each run
        faults = (self.cut, self.lose, self.swallow, self.refuse, self.drip)
        counts = {fault.__name__: 0 for fault in faults}
        while not ended.wait(chance.expovariate(1 / calm_seconds)):
            fault = chance.choice(faults)
            counts[fault.__name__] += 1
            fault()
            ended.wait(chance.uniform(0, calm_seconds / 2))
            self.heal()
        return counts

    def _listen(self) -> None:
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _close_listener(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes `accept`, which close does not
        self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while not self._ended.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._carry(client)

    def _carry(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port))
        except OSError:
            client.close()
            return
        pair = _Pair(client, server, lost=self._mode is Mode.SWALLOW)
        with self._lock:
            self._pairs.append(pair)
        if self._mode is Mode.REFUSE:  # it came in at the last moment, after the cut
            self.cut()
        for way in (self._to_server, self._to_client):
            threading.Thread(target=way, args=(pair,), daemon=True).start()

    def _forget(self, pair: _Pair) -> None:
        with self._lock, suppress(ValueError):
            self._pairs.remove(pair)
        pair.close()

    def _to_server(self, pair: _Pair) -> None:
        with suppress(OSError):
            self._carry_commands(pair)
        self._forget(pair)

    def _to_client(self, pair: _Pair) -> None:
        with suppress(OSError):
            self._carry_answers(pair)
        if not pair.lost:  # else the client is not told that the server has closed
            self._forget(pair)

    def _carry_commands(self, pair: _Pair) -> None:
        while chunk := pair.client.recv(65_536):
            for act in [one for one in self._acts if one[0] in chunk]:
                self._acts.remove(act)
                act[1]()
            if not pair.lost:
                pair.server.sendall(chunk)

    def _carry_answers(self, pair: _Pair) -> None:
        while chunk := pair.server.recv(65_536):
            if pair.lost:
                continue
            if self._mode is Mode.DRIP:
                self._drip(pair, chunk)
            else:
                pair.client.sendall(chunk)
            self._note(pair, chunk)

    def _drip(self, pair: _Pair, chunk: bytes) -> None:
        for at in range(len(chunk)):
            if self._mode is not Mode.DRIP:
                pair.client.sendall(chunk[at:])
                return
            pair.client.sendall(chunk[at : at + 1])
            self._ended.wait(self._drip_seconds)

    def _note(self, pair: _Pair, chunk: bytes) -> None:
        now = time.monotonic()
        pair.tail += chunk
        for found in _EXISTS.finditer(pair.tail):
            self.existed.setdefault(int(found[1]), now)
        pair.tail = pair.tail[pair.tail.rfind(b"\n") + 1 :][-64:]


class _Pair:
    """One connection through the proxy. `lost`: nothing more is carried, nor is its end."""

    def __init__(self, client: socket.socket, server: socket.socket, *, lost: bool) -> None:
        self.client, self.server, self.lost = client, server, lost
        self.tail = b""
        self._ending = False

    def reset(self) -> None:
        """Both ends see a RST."""
        self._ending = True
        for end in (self.client, self.server):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                end.shutdown(socket.SHUT_RD)  # wakes who reads from it, and sends nothing
            end.close()

    def close(self) -> None:
        """Both ends see an orderly end, if they did not see the other kind."""
        if self._ending:
            return
        self._ending = True
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made
