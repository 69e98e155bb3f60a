"""A small HTTP server on loopback: a thread a request, few requests, little time for each.

Who hangs or drips has no one else wait: a request must be there within seconds, and
when too many are awaited the one awaited longest is hung up on.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from mailhook.errors import AddressInUse, ConfigError, Problem, whereabouts
from mailhook.metrics.page import Page, Pages

log = logging.getLogger(__name__)

_CONNECTIONS = 32
_REQUEST_SECONDS = 3
_ANSWER_SECONDS = 3
_HEAD_BYTES = 8192
# How long the end may take to be noticed; each look costs some microseconds.
_LOOK_SECONDS = 0.1
# What accept(2) says of a process without a free descriptor would else be asked for at once.
_PAUSE_SECONDS = 0.1


def address(listen: str) -> tuple[socket.AddressFamily, Any]:
    """Family and socket address of `host:port`. Raises ConfigError."""
    host, _, port = listen.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        raise _refused(listen, error) from error
    return found[0][0], found[0][4]


def try_out(listen: str) -> None:
    """Whether it could be listened there; nothing is changed. Raises ConfigError."""
    family, where = address(listen)
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            tried.bind(where)
    except OSError as error:
        raise _refused(listen, error) from error


class Server(ThreadingMixIn, TCPServer):
    """Serves the pages from when it is made until `stop`. Raises ConfigError."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = _CONNECTIONS

    def __init__(self, listen: str, pages: Pages) -> None:
        self.pages = pages
        self._mutex = threading.Lock()
        self._open: set[socket.socket] = set()
        self._awaited: dict[socket.socket, None] = {}
        self.address_family, where = address(listen)
        try:
            super().__init__(where, _Request)
        except OSError as error:
            raise _refused(listen, error) from error
        threading.Thread(
            target=self.serve_forever, args=(_LOOK_SECONDS,), name="metrics", daemon=True
        ).start()

    def stop(self) -> None:
        """Listen no more, hang up on everyone; takes at most a tenth of a second."""
        self.shutdown()
        self.server_close()
        with self._mutex:
            for connection in self._open:
                _hang_up(connection)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; not twice at once where that fails."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(_PAUSE_SECONDS)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver
        """Answer it in a thread of its own, if there is a place for it."""
        with self._mutex:
            if len(self._open) >= _CONNECTIONS:
                _hang_up(self._longest_awaited() or request)
            self._open.add(request)
            self._awaited[request] = None
        super().process_request(request, client_address)

    def arrived(self, request: socket.socket) -> None:
        """Its request is there: it is being answered."""
        with self._mutex:
            self._awaited.pop(request, None)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as socketserver
        """Close the connection, its place is free."""
        super().shutdown_request(request)
        with self._mutex:
            self._awaited.pop(request, None)
            self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - likewise
        """Say where a bug of ours struck; that somebody hung up is none."""
        error = sys.exception()
        if error and not isinstance(error, OSError):
            log.error("a bug of mailhook: %s", whereabouts(error))

    def _longest_awaited(self) -> socket.socket | None:
        longest = next(iter(self._awaited), None)
        if longest:
            del self._awaited[longest]
        return longest


class _Request(BaseHTTPRequestHandler):
    """One request: its head is read as a whole, its answer sent as a whole."""

    server: Server
    server_version, sys_version = "mailhook", ""
    error_message_format = "%(code)d %(message)s\n"
    error_content_type = "text/plain; charset=utf-8"

    def setup(self) -> None:
        """Read the head; empty where it does not come."""
        self.connection = self.request
        self.rfile = BytesIO(_head(self.request))
        self.wfile = self._answered = BytesIO()
        self.server.arrived(self.request)

    def handle(self) -> None:
        """Answer, if what was read is a request."""
        self.raw_requestline = self.rfile.readline()
        if self.raw_requestline and self.parse_request():
            self._answer(self._page())

    def finish(self) -> None:
        """Send the answer; sendall(2) counts the time as a whole."""
        self.request.settimeout(_ANSWER_SECONDS)
        self.request.sendall(self._answered.getvalue())

    def log_message(self, *_: object) -> None:
        """Nothing: a scrape every few seconds is no news."""

    def _page(self) -> Page:
        if self.command not in {"GET", "HEAD"}:
            return Page.of_text(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD are answered")
        make = self.server.pages.get(self.path.partition("?")[0])
        if make is None:
            there = " and ".join(self.server.pages)
            return Page.of_text(HTTPStatus.NOT_FOUND, f"nothing is here; there are {there}")
        return make(self.headers.get("Accept", ""))

    def _answer(self, page: Page) -> None:
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        if page.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)


def _head(connection: socket.socket) -> bytes:
    """The request up to its blank line; empty if it does not come in time, or is too long."""
    head, deadline = b"", time.monotonic() + _REQUEST_SECONDS
    while b"\r\n\r\n" not in head and b"\n\n" not in head:
        left = deadline - time.monotonic()
        if left <= 0 or len(head) > _HEAD_BYTES:
            return b""
        connection.settimeout(left)
        part = connection.recv(_HEAD_BYTES)
        if not part:
            return b""
        head += part
    return head


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _refused(listen: str, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        message, hint = f"{listen} is in use by another program", "stop it, or choose another port"
        return AddressInUse([Problem("metrics.listen", message, hint)])
    message = f"{listen} cannot be listened on ({error.strerror})"
    return ConfigError([Problem("metrics.listen", message, "such as 127.0.0.1:9464")])
