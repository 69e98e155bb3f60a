"""What is answered to a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self


@dataclass(frozen=True, slots=True)
class Page:
    """Status, Content-Type and the bytes."""

    status: HTTPStatus
    content_type: str
    body: bytes

    @classmethod
    def of_text(cls, status: HTTPStatus, text: str) -> Self:
        """A page of plain text, a line end at its end."""
        return cls(status, "text/plain; charset=utf-8", f"{text}\n".encode())


# By path; each is made anew from the request's Accept header.
Pages = Mapping[str, Callable[[str], Page]]
