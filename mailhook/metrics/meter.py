"""What the worker reports as it happens; nobody need ask whether anyone counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailhook.errors import (
    Bug,
    ConfigError,
    LoginRefused,
    MailhookError,
    Refused,
    StoreError,
    TemporaryError,
)
from mailhook.model import Outcome

# What keeps a mailbox from its round trip; anything else is counted as `other`.
KINDS = ("network", "login", "throttled", "settings", "store", "refused", "bug", "other")

# What comes of requests to the vendor's API; see docs/metrics.md.
API_ANSWERS = ("ok", "gone", "refused", "overloaded", "unanswered", "odd", "other")

# What becomes of attempts to deliver a web hook; see docs/metrics.md.
ANSWERS = ("ok", "refused", "failed", "lookalike", "retried")

# The first that fits.
_KINDS = (
    (LoginRefused, "login"),
    (ConfigError, "settings"),
    (Refused, "refused"),
    (StoreError, "store"),
    (Bug, "bug"),
)


def kind_of(error: MailhookError) -> str:
    """Under which of `KINDS` an error of a mailbox is counted."""
    for cls, kind in _KINDS:
        if isinstance(error, cls):
            return kind
    if isinstance(error, TemporaryError):
        return "throttled" if error.wait_seconds else "network"
    return "other"


class Meter:
    """Takes reports, from any thread, and forgets them: figures are switched off."""

    def batch(
        self, mailbox: str, outcomes: Sequence[Outcome], lag_seconds: Sequence[float]
    ) -> None:
        """A batch was committed; of each mail its outcome, and from its arrival to its row."""

    def round_trip(self, mailbox: str, folder: str, seconds: float) -> None:
        """A round trip with the folder's server was completed, and took so long."""

    def connected(self, mailbox: str) -> None:
        """A connection was made and its login accepted."""

    def broken(self, mailbox: str, kind: str) -> None:
        """A round trip failed; `kind` is one of `KINDS`."""

    def answers(self, counts: Mapping[str, int]) -> None:
        """So many attempts to deliver a web hook were answered, by `ANSWERS`."""

    def asked(self, answers: Mapping[str, int], missed: int) -> None:
        """The API was asked: what came of each request, by `API_ANSWERS`.

        So many of the events it lists had come by no other road.
        """

    def waited(self, mailbox: str, seconds: float) -> None:
        """The mailbox was left alone for so long after a failure."""
