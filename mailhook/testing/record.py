"""What the vendor keeps of what it sent: postings with their attempts, and letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mailhook.testing.happening import Happening
from mailhook.testing.posting import Answer

Fate = Literal["waiting", "delivered", "lost"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST: the `nth` of its posting, from 1; `at` is when it began, in vendor's seconds."""

    posting: Posting = field(repr=False)
    nth: int
    at: float
    answer: Answer

    @property
    def ok(self) -> bool:
        """Whether it counts as delivered."""
        return self.answer.ok


@dataclass(slots=True, eq=False)
class Posting:
    """One token on its way; `why` says why it was given up where its fate is `lost`."""

    number: int
    events: tuple[Happening, ...]
    token: str = field(repr=False)
    attempts: list[Attempt] = field(default_factory=list)
    fate: Fate = "waiting"
    why: str = ""


@dataclass(slots=True, eq=False)
class Letter:
    """One mail; `sent_at` in vendor's seconds once it was taken, `error` where it was not."""

    raw: bytes = field(repr=False)
    about: str
    sent_at: float | None = None
    error: str | None = None
