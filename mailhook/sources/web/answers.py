"""What the endpoint may answer. The status is the retry protocol: all but 2xx comes again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol, TypeAlias

# An answer is spelled anew each second, for the date; there are a dozen of them.
_SPELLED = 64


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A status, one line of words; for 503 after how many seconds to come again, for 405 how."""

    status: HTTPStatus
    words: str
    retry_after: int | None = None
    allow: str | None = None


# What is not durable comes again.
NOT_NOW = Answer(HTTPStatus.SERVICE_UNAVAILABLE, "not now", retry_after=30)


@lru_cache(_SPELLED)
def spelled(answer: Answer, date: bytes, *, is_last: bool, is_bare: bool = False) -> bytes:
    """The whole answer as it is sent, `date` as a header has it.

    `is_last` ends the connection; `is_bare` leaves out the words, as HEAD asks for.
    """
    words = f"{answer.words}\n".encode()
    headers: dict[str, object] = {
        "date": date.decode(),
        "content-type": "text/plain; charset=utf-8",
        "content-length": len(words),
        "retry-after": answer.retry_after,
        "allow": answer.allow,
        "connection": "close" if is_last else None,
    }
    told = (f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    head = f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n{''.join(told)}\r\n"
    return head.encode() + (b"" if is_bare else words)


Answered: TypeAlias = Callable[["int | None"], object]
"""Is told the status of each answer to a hook; None where one was cut off."""


def unheard(_: int | None) -> None:
    """The `Answered` of who does not count."""


Astray: TypeAlias = Callable[[bytes], object]
"""Is told the body of each POST to another path than that of hooks. Never raises."""


def unmissed(_: bytes) -> None:
    """The `Astray` of who does not look."""


Reply: TypeAlias = Callable[[Answer], object]
"""Sends the answer to one request; to be called once, by the event loop's thread."""


class Take(Protocol):
    """Takes the body of one POST, from `source`: an address, or `unix`. Never raises."""

    def __call__(self, body: bytes, source: str, reply: Reply) -> None:
        """Have it answered, now or later; with a 200 only once what was taken is committed."""
