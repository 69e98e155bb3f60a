"""The HTTP beneath the fake API: one request in, one reply out, whole or cut."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: path and query as sent, and whether the right key came along."""

    method: str
    path: str
    has_key: bool
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered. `cut`: the connection ends before what was promised has come."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


class Handler(BaseHTTPRequestHandler):
    """Answers GETs with what `reply` says."""

    protocol_version = "HTTP/1.1"
    # Or an answer of two packets would wait for the caller's delayed acknowledgement.
    disable_nagle_algorithm = True

    def reply(self, request: Request) -> Reply:
        """What to answer."""
        raise NotImplementedError

    def has_key(self, sent: str | None) -> bool:
        """Whether that is the key."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer one request."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        has_key = self.has_key(headers.get("truora-api-key"))
        self._send(self.reply(Request("GET", self.path, has_key, headers)))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        sent = {"Content-Type": "application/json", "Date": self.date_time_string()}
        promised = len(reply.body) + (1000 if reply.cut else 0)
        for name, value in (sent | reply.headers | {"Content-Length": str(promised)}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = self.close_connection or reply.cut


class Server(ThreadingHTTPServer):
    """Answers each connection in a thread of its own; a client that hangs up is no error."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as it is there
        """Say what went wrong with a request, unless it is the client that is gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
