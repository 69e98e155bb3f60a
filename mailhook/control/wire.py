"""Frames on a stream socket: four bytes of length, then JSON or plain bytes.

`multiprocessing.connection` frames alike, but its waits end with each byte that
drips in, and one wrong method of it unpickles what a stranger sent.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from contextlib import suppress

from mailhook import strict_json
from mailhook.model import Object

_LENGTH = struct.Struct("!I")
_PIECE_BYTES = 1 << 18
# Each side's JSON but for the request stays far below.
WORDS_BYTES = 1_000_000


def within(seconds: float) -> float:
    """The deadline that ends so many seconds from now, on the monotonic clock."""
    return time.monotonic() + seconds


class Wire:
    """One end of a connection.

    Whoever sends or receives gives the deadline for the whole of it, however the
    bytes come. Raises OSError where the other side is late or gone, ValueError for
    what is no frame of ours; after either there is nothing more to be had from it.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def send(self, value: Object, deadline: float) -> None:
        """Send a JSON object."""
        self.send_bytes(spelled(value), deadline)

    def send_bytes(self, payload: bytes, deadline: float) -> None:
        """Send bytes as one frame."""
        self._socket.settimeout(_left(deadline))
        self._socket.sendall(_LENGTH.pack(len(payload)) + payload)  # its time-out is for the whole

    def receive(self, deadline: float, limit_bytes: int = WORDS_BYTES) -> Object:
        """Receive a JSON object."""
        value = strict_json.loads(self.receive_bytes(deadline, limit_bytes))
        if not isinstance(value, dict):
            raise ValueError("a frame is no JSON object")  # noqa: TRY004 - of the data, not of a call
        return value

    def receive_bytes(self, deadline: float, limit_bytes: int) -> bytes:
        """Receive a frame of at most so many bytes."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, deadline))
        if length > limit_bytes:
            raise ValueError(f"a frame of {length:,} bytes is over {limit_bytes:,}")
        return self._exactly(length, deadline)

    def _exactly(self, count: int, deadline: float) -> bytes:
        taken = bytearray()  # which grows as bytes come: a length alone costs no memory
        while len(taken) < count:
            self._socket.settimeout(_left(deadline))
            piece = self._socket.recv(min(count - len(taken), _PIECE_BYTES))
            if not piece:
                raise ConnectionResetError("the other side has hung up")
            taken += piece
        return bytes(taken)

    def hang_up(self) -> None:
        """End the connection for both sides, also under a thread that waits on it."""
        with suppress(OSError):  # it has ended already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back to the system."""
        self._socket.close()


def spelled(value: Object) -> bytes:
    """The object as JSON that the other side takes; a path that is no UTF-8 with `?` in it."""
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the other side was too slow")
    return seconds
