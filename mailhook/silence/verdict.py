"""What is to be said of a product that is expected: times in, verdict out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mailhook.silence.rhythm import Rhythm

Allowed = timedelta | Literal["auto"]
State = Literal["well", "silent", "never", "learning"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a product, None where nothing is.

    When its last proven event was recorded, when the earliest one happened, and since when
    a service has found it in `expect`.
    """

    last_at: datetime | None = None
    first_at: datetime | None = None
    named_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """How long a product has been silent, and until when that is in order.

    `allowed`: by the settings. `last_at`: when its last proven event was recorded.
    `due_at`: by when the next should have come; None where that cannot be said yet.
    `never`: none has come yet, and none is late; `learning`: its rhythm is not known yet.
    """

    product: str
    allowed: Allowed
    last_at: datetime | None
    due_at: datetime | None
    state: State

    @property
    def expected(self) -> str:
        """`within 24 h`, or by which time its rhythm lets the next event be awaited."""
        if isinstance(self.allowed, timedelta):
            return f"within {in_words(self.allowed)}"
        return f"by {self.due_at:%a %d %b %H:%M} UTC" if self.due_at else ""


def judge(
    product: str, allowed: Allowed, heard: Heard, rhythm: Rhythm | None, now: datetime
) -> Silence:
    """The verdict at `now`.

    Of a product that was never seen the time runs from when a service first found it in
    the settings: it may have no events yet, but they say that it should.
    """
    due_at = _due_at(allowed, heard, rhythm)
    state = _state(allowed, heard.last_at, due_at, now)
    return Silence(product, allowed, heard.last_at, due_at, state)


def _due_at(allowed: Allowed, heard: Heard, rhythm: Rhythm | None) -> datetime | None:
    if isinstance(allowed, timedelta):
        since = heard.last_at or heard.named_at
        return since + allowed if since else None
    return rhythm.due_at(heard.last_at) if rhythm and heard.last_at else None


def _state(
    allowed: Allowed, last_at: datetime | None, due_at: datetime | None, now: datetime
) -> State:
    if due_at and now > due_at:
        return "silent"
    if last_at is None:
        return "never"
    return "learning" if allowed == "auto" and due_at is None else "well"


def in_words(span: timedelta) -> str:
    """The span as the settings would write it: `90 min`, `24 h`, `7 d`."""
    minutes = int(span / timedelta(minutes=1))
    hours, days = minutes // 60, minutes // (24 * 60)
    if minutes % 60:
        return f"{minutes} min"
    return f"{days} d" if days > 1 and not hours % 24 else f"{hours} h"
