"""What a run came to: numbers, how far it has come, and what kept it from more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from mailhook.errors import MailhookError, TemporaryError, in_one_line
from mailhook.model import Outcome


@dataclass(slots=True)
class Report:
    """Filled while the run goes on.

    `listed` were told by the list, of these `new` by no other road before, and `failed`
    not understood (quarantined). `completed` events have gained content, `gone` are those
    whose subject the API does not know, `unanswered` those that came to no answer this
    time, `waiting` all that wait for another run; `healed` alerts whose gap is closed.
    `answers` are the requests by what came of them: for the figures, and not told.
    `unlisted` are the idempotency keys asked for that the API does not know.
    `since` is how far back the list was asked for, None: all 60 days; `read_until` how
    far it is known now; `gap` a sentence on what is out of reach.
    """

    pages: int = 0
    listed: int = 0
    known: int = 0
    new: int = 0
    failed: int = 0
    completed: int = 0
    gone: int = 0
    unanswered: int = 0
    waiting: int = 0
    healed: int = 0
    requests: int = 0
    is_whole: bool = False
    since: str | None = None
    read_until: str | None = None
    gap: str | None = None
    unlisted: list[str] = field(default_factory=list)
    errors: list[MailhookError] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def exit_code(self) -> int:
        """The gravest of the errors', else 1 where the API has no event that was named, else 0."""
        return max((error.exit_code for error in self.errors), default=int(bool(self.unlisted)))

    @property
    def wait_seconds(self) -> float:
        """How long the API wants to be left alone."""
        waits = (error.wait_seconds for error in self.errors if isinstance(error, TemporaryError))
        return max(waits, default=0)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """What became of listed events that were not known by their location."""
        for outcome in outcomes:
            if outcome is Outcome.RECORDED:
                self.new += 1
            elif outcome is Outcome.QUARANTINED:
                self.failed += 1
            else:
                self.known += 1

    def value(self) -> dict[str, Any]:
        """As JSON has it."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        del told["answers"]
        return told | {"errors": [in_one_line(str(error)) for error in self.errors]}
