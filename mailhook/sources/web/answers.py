"""What the endpoint may answer. The status is the retry protocol: all but 2xx comes again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol, TypeAlias

# Among the `extensions` of ASGI: sends an answer whole, unless it returns False.
WHOLE = "mailhook.whole"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, one line of words, and for 503 after how many seconds to come again."""

    status: HTTPStatus
    words: str
    retry_after: int | None = None

    @property
    def body(self) -> bytes:
        """The words as a line."""
        return f"{self.words}\n".encode()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Those that tell of the body, and when to come again."""
        told = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(self.body)).encode()),
        ]
        if self.retry_after is not None:
            told.append((b"retry-after", str(self.retry_after).encode()))
        return told


Headers: TypeAlias = "tuple[tuple[bytes, bytes], ...]"


def spelled(answer: Answer, others: Headers = (), *, is_last: bool) -> bytes:
    """The whole answer as it is sent, with other headers; `is_last` ends the connection."""
    return b"".join((_status(answer), *map(_line, others), _rest(answer, is_last=is_last)))


@lru_cache
def _status(answer: Answer) -> bytes:
    return f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n".encode()


@lru_cache
def _rest(answer: Answer, *, is_last: bool) -> bytes:
    headers = [*answer.headers, *([(b"connection", b"close")] if is_last else [])]
    return b"".join((*map(_line, headers), b"\r\n", answer.body))


def _line(header: tuple[bytes, bytes]) -> bytes:
    return b"%b: %b\r\n" % header


Answered: TypeAlias = Callable[["int | None"], object]
"""Is told the status of each answer to a hook; None where one was cut off."""


def unheard(_: int | None) -> None:
    """The `Answered` of who does not count."""


class Take(Protocol):
    """Takes the body of one POST, from `source`: an address, or `unix`. Never raises."""

    def __call__(self, body: bytes, source: str) -> Awaitable[Answer]:
        """The answer; a 200 only once what was taken is committed."""
