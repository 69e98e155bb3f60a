"""One POST of a token: the status that came back, or in words why none did."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

_ANSWER_BYTES = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is None where none came; `words` are the receiver's, or why there is none."""

    status: int | None
    words: str

    @property
    def told(self) -> str:
        """Status and words in one."""
        return f"{self.status} {self.words}".strip() if self.status else self.words

    @property
    def ok(self) -> bool:
        """Whether the vendor takes it for delivered: any 2xx; a redirect is a failure."""
        return (
            self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES
        )


def post(url: str, token: str, timeout_seconds: float) -> Answer:
    """Post the token, on a connection of its own; never raises for what a receiver does.

    The time is that of the whole exchange: a receiver that drips is cut off like one
    that hangs. Raises ValueError for a URL that is neither http nor https.
    """
    parts = urlsplit(url)
    connection = _connection(url, timeout_seconds)
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    late = Answer(None, f"no whole answer within {timeout_seconds:g} s")
    cut = threading.Event()
    try:
        connection.connect()
        # Its socket by itself: the connection forgets it once an answer begins.
        with _bounded(connection.sock, timeout_seconds, cut):
            connection.request("POST", target, token, {"Content-Type": "application/jwt"})
            answer = connection.getresponse()
            words = answer.read(_ANSWER_BYTES).decode("utf-8", "replace").strip()
    except TimeoutError:
        return late
    except (OSError, http.client.HTTPException) as error:
        return late if cut.is_set() else Answer(None, _reason(error))
    finally:
        connection.close()
    # What was cut off within its headers looks like an answer that is whole.
    return late if cut.is_set() else Answer(answer.status, words)


def refuse(url: str) -> None:
    """Raise ValueError for a URL that is neither http nor https, or names no host."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url} is no http or https URL")


def _connection(url: str, timeout_seconds: float) -> http.client.HTTPConnection:
    refuse(url)
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout_seconds)
    return http.client.HTTPConnection(host, parts.port, timeout=timeout_seconds)


@contextmanager
def _bounded(line: socket.socket, seconds: float, cut: threading.Event) -> Iterator[None]:
    """Cut the line off after so many seconds, having said so by the event."""

    def end() -> None:
        cut.set()
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"no answer that is HTTP ({type(error).__name__})"
