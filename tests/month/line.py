"""One connection that posts to the endpoint, kept alive; where it is down nobody listens."""

from __future__ import annotations

import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPException


class Line:
    """Posts tokens; `is_down` leads them to an address at which nobody listens."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._deaf = socket.socket()
        self._deaf.bind(("127.0.0.1", 0))
        self._deaf_port = int(self._deaf.getsockname()[1])
        self._connection = HTTPConnection("127.0.0.1", port, timeout=10)
        self.is_down = False

    def post(self, token: str) -> int | None:
        """The status of the answer, None where there is none."""
        if self.is_down:
            return _posted(HTTPConnection("127.0.0.1", self._deaf_port, timeout=10), token)
        status = _posted(self._connection, token)
        if status is None:
            self._connection.close()
        return status

    def close(self) -> None:
        self._connection.close()
        self._deaf.close()


def _posted(connection: HTTPConnection, token: str) -> int | None:
    with suppress(OSError, HTTPException):
        connection.request("POST", "/hooks", token, {"Content-Type": "application/jwt"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    connection.close()
    return None
