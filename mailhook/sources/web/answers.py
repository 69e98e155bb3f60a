"""What the endpoint may answer. The status is the retry protocol: all but 2xx comes again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, one line of words, and for 503 after how many seconds to come again."""

    status: HTTPStatus
    words: str
    retry_after: int | None = None


Answered: TypeAlias = Callable[["int | None"], object]
"""Is told the status of each answer to a hook; None where one was cut off."""


def unheard(_: int | None) -> None:
    """The `Answered` of who does not count."""


class Take(Protocol):
    """Takes the body of one POST, from `source`: an address, or `unix`. Never raises."""

    def __call__(self, body: bytes, source: str) -> Awaitable[Answer]:
        """The answer; a 200 only once what was taken is committed."""
