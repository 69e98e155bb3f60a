"""What lies beneath requests: connections that can be cut, and TLS by our own rules."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Line:
    """The connection that a request goes over; cut from beside, any wait on it ends."""

    def __init__(self) -> None:
        self.is_late = False
        self._handle: socket.socket | None = None

    def opened(self, number: int) -> None:
        """Take another handle on the connection with this file descriptor."""
        self.close()
        self._handle = socket.socket(fileno=os.dup(number))
        if self.is_late:
            self.cut()

    def cut(self) -> None:
        """Shut the connection down, whatever is being waited for."""
        self.is_late = True
        if self._handle:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let the handle go."""
        if self._handle:
            self._handle.close()


_current: ContextVar[Line] = ContextVar("line")


@contextmanager
def within(seconds: float) -> Iterator[Line]:
    """Cut whatever connection is opened in here after so long, however steadily bytes come."""
    line = Line()
    timer = threading.Timer(seconds, line.cut)
    timer.daemon = True
    before = _current.set(line)
    timer.start()
    try:
        yield line
    finally:
        timer.cancel()
        timer.join()
        _current.reset(before)
        line.close()


class _Http(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _current.get().opened(self.sock.fileno())


class _Https(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _current.get().opened(self.sock.fileno())


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class Adapter(HTTPAdapter):
    """An adapter of requests that trusts what `context` trusts, and nothing else."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        """As requests does, with our connections."""
        super().init_poolmanager(*arguments, ssl_context=self._context, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401
        """Likewise, by way of a proxy that the environment names."""
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401, ARG002
        """Always, by the context; requests would add authorities of its own."""
        conn.cert_reqs = "CERT_REQUIRED"
