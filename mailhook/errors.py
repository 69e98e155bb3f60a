"""What can go wrong, whose it is, and whether it may pass by itself.

The class of an error decides what happens next: a `PermanentError` becomes a
quarantined row and the rest goes on, a `TemporaryError` writes nothing and is
tried again, a `ConfigError` is for the operator. Anything else is our bug.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


class MailhookError(Exception):
    """Any error mailhook raises on purpose. `exit_code` follows sysexits.h."""

    exit_code: ClassVar[int] = 70


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the settings.

    `path` is the dotted key (`mailboxes[0].host`), `line` counts from 1, and
    `content` is that line as written, blank where a secret could stand in it.
    """

    path: str
    message: str
    hint: str = ""
    line: int | None = None
    content: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        shown = f"\n    {self.content.strip()}" if self.content.strip() else ""
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{where}{self.path}: {self.message}{shown}{hint}"


class ConfigError(MailhookError):
    """Settings, a refused login, a missing folder: the operator has to act."""

    exit_code = 78

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class LoginRefused(ConfigError):
    """The server does not let this user in. To try again soon may lock the account."""


class FolderMissing(ConfigError):
    """The mailbox works, but has no folder of that name."""


class AddressInUse(ConfigError):
    """Another program listens there. The settings may be right, and it may leave."""

    exit_code = 75


class StoreUnready(ConfigError):
    """Nobody can read the store until a writer has opened it: it is new, older, or half made."""


class TemporaryError(MailhookError):
    """Nothing was written; the same call may succeed later (network, lock, full disk).

    `wait_seconds` is how long the other side wants to be left alone, at least.
    """

    exit_code = 75

    def __init__(self, message: str, wait_seconds: float = 0) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(message)


class StoreError(TemporaryError):
    """The store could not be read or written now: it is held, its disk is full or in trouble."""


class Bug(TemporaryError):
    """A bug of ours that struck where it cannot be laid to one delivery; it is tried again."""


class Refused(TemporaryError):
    """The server said no to one thing, in good order: the connection can go on."""


class UsageError(MailhookError):
    """The command was called in a way it cannot follow."""

    exit_code = 2


class UnreadableInput(MailhookError):
    """Input that cannot be read at all, so no row can be made of it."""

    exit_code = 65


class PermanentError(MailhookError):
    """One delivery cannot be understood or believed; it is quarantined with its bytes.

    `reason` is what the `deliveries.reason` column holds: the class's code, a
    colon and one sentence.
    """

    code: ClassVar[str] = "permanent"

    @property
    def reason(self) -> str:
        """The code and the sentence, as stored in `deliveries.reason`."""
        return f"{self.code}: {self}"


class MalformedMessage(PermanentError):
    """The bytes are no message anybody could have sent on purpose."""

    code = "malformed_message"


class Untrusted(PermanentError):
    """It reads like a hook, but nothing proves who said so."""

    code = "untrusted"


class UnknownKey(Untrusted):
    """It has a hook's token that no key of ours has signed: forged, or the key was rotated."""

    code = "unknown_key"


class DnsTemporary(PermanentError):
    """Its signature would have proven the sender, but DNS did not give the key: examine it again.

    For the delivery it is an outcome like others: the position goes on.
    """

    code = "dkim_dns_temporary"


class DnsFailed(PermanentError):
    """DNS did not give the key for so long that nobody will ask again by itself."""

    code = "dkim_dns_failed"


class UnknownNotice(PermanentError):
    """The sender is proven, but no reader understood what was said."""

    code = "unknown_notice"


class MalformedNotice(PermanentError):
    """It is a notice by its shape, but what it carries contradicts that shape."""

    code = "malformed_notice"


def in_one_line(told: str) -> str:
    """The words of an error, a hint that stands on a line of its own set off from them."""
    return " ".join(told.replace("\n    hint: ", "; hint: ").split())


def whereabouts(error: BaseException) -> str:
    """Where a bug of ours struck, innermost first, without its message: that may quote a mail."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    steps = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    return f"{type(error).__name__} at {steps}"
