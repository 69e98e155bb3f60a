"""The end of an exchange that takes too long, whatever part of it is told how slowly.

A time-out of a socket begins anew with each byte: headers, chunks or interim answers that
come one byte at a time would keep us for days.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection


class Deadline:
    """Cuts the connections of a pool once an exchange has lasted so many seconds."""

    def __init__(self, seconds: float, pool: HTTPConnectionPool) -> None:
        self.seconds = seconds
        self._ends_at = 0.0
        self._lines = weakref.WeakSet[HTTPConnection]()
        pool.ConnectionCls = _noted(cast("type[HTTPConnection]", pool.ConnectionCls), self._lines)

    @property
    def is_over(self) -> bool:
        """Whether the exchange has lasted longer than it may."""
        return time.monotonic() >= self._ends_at

    @contextmanager
    def exchange(self) -> Iterator[None]:
        """Cut what is within the block when its time is over."""
        self._ends_at = time.monotonic() + self.seconds
        timer = threading.Timer(self.seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        for line in list(self._lines):
            # By a descriptor of its own: that of the reader may be inside TLS.
            with (
                suppress(OSError, ValueError, AttributeError),
                socket.socket(fileno=os.dup(line.sock.fileno())) as own,
            ):
                own.shutdown(socket.SHUT_RDWR)


def _noted(
    kind: type[HTTPConnection], lines: weakref.WeakSet[HTTPConnection]
) -> type[HTTPConnection]:
    """The kind of connection, noted among the lines when it is made."""

    def connect(self: HTTPConnection) -> None:
        lines.add(self)
        kind.connect(self)

    return cast("type[HTTPConnection]", type(kind.__name__, (kind,), {"connect": connect}))
