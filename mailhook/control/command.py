"""What a command is: the same function whether it runs here or in the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailhook.model import Object
from mailhook.store import audit

# Called with how many more are done, from any thread; never blocks.
Progress = Callable[[int], None]
# The arguments of a command, as JSON has them.
Request = Object


def unseen(_more: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What a command has beside its arguments: bytes that came with them, who waits, who asks.

    `who` is a user's name, as the kernel tells it, for `audit`.
    """

    raws: Sequence[bytes] = ()
    progress: Progress = unseen
    who: str = field(default_factory=audit.user)


@dataclass(frozen=True, slots=True)
class Result:
    """What a command came to, as `--json` shows it, and the exit code of who gave it."""

    value: dict[str, Any]
    exit_code: int = 0


# Raises MailhookError, which the caller gets as if it had run there. What it makes of a
# request it does not understand is a ValueError or one of its kin: our bug, exit code 70.
Command = Callable[[Request, Talk], Result]
