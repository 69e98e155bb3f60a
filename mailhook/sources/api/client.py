"""The vendor's API as one thing to ask: at its pace, within a budget, again where that may help."""

from __future__ import annotations

import hashlib
import logging
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from mailhook.config import ApiBases, ApiSettings
from mailhook.errors import ConfigError, MailhookError, Problem
from mailhook.sources.api.answers import Gone, Overloaded, Unanswered, kind_of, meaning
from mailhook.sources.api.pace import Budget, Clock, Pacer, Pause
from mailhook.sources.api.wire import Bounds, Wire

log = logging.getLogger(__name__)

_ATTEMPTS = 4
_MARK_LETTERS = 6
# Whoever wants to be left alone for longer is: the run ends, and the next one goes on.
PATIENCE_SECONDS = 60


def _say(details: RetryDetails) -> None:
    log.info("asking the API again: %s", details.caused_by)


# stamina's own would write to standard output, and count in the metrics of the whole program.
set_on_retry_hooks([_say])


class Client:
    """Asks the API with the key of the settings; made for one run, closed at its end.

    `pause` does all waiting that may be long, and may raise to end the run; a `pacer` that is
    handed in has a pause of its own. `answers` counts what came, by `kind_of` of
    each. Raises ConfigError where the key cannot be had.
    """

    def __init__(
        self,
        settings: ApiSettings,
        *,
        clock: Clock = time.monotonic,
        pause: Pause = time.sleep,
        bounds: Bounds | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        self.answers: Counter[str] = Counter()
        self._key = _key(settings)
        self._budget = Budget(settings.requests_per_run)
        self._pacer = pacer or Pacer(settings.requests_per_second, clock, pause)
        self._wires = {
            name: Wire(name, getattr(settings.base, name), self._key, bounds or Bounds())
            for name in ApiBases.model_fields
        }

    def __repr__(self) -> str:
        return f"Client({', '.join(wire.origin for wire in self._wires.values())})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for wire in self._wires.values():
            wire.close()

    @property
    def mark(self) -> str:
        """What tells the key from others, and says nothing else of it: 24 bits of a digest."""
        return hashlib.sha256(self._key.encode()).hexdigest()[:_MARK_LETTERS]

    def rest(self, seconds: float) -> None:
        """Make no request for so long."""
        self._pacer.rest(seconds)

    @property
    def requests(self) -> int:
        """How many requests were made, repeated ones included."""
        return self._budget.spent

    @property
    def requests_left(self) -> int:
        """How many more may be made."""
        return self._budget.left

    @contextmanager
    def keeping(self, count: int) -> Iterator[None]:
        """Within the block so many requests fewer may be made: they are for what comes after."""
        self._budget.kept = count
        try:
            yield
        finally:
            self._budget.kept = 0

    def wire(self, base: str) -> Wire:
        """The connection to one of the addresses in `api.base`."""
        return self._wires[base]

    def get(self, base: str, target: str) -> str | Gone:
        """The text behind the path and query of one of the addresses in `api.base`.

        Raises what `answers.meaning` does, Unanswered, and BudgetSpent; what may pass by
        itself only once it was tried again.
        """
        for attempt in stamina.retry_context(
            on=_may_pass,
            attempts=_ATTEMPTS,
            timeout=None,
            wait_initial=0.5,
            wait_max=8,
            wait_jitter=0.5,
        ):
            with attempt:
                return self._once(base, target)
        raise AssertionError("stamina lets no error pass")

    def _once(self, base: str, target: str) -> str | Gone:
        self._refuse_to_hurry(base)
        self._budget.spend()
        self._pacer.wait()
        try:
            found = meaning(self._wires[base].get(target), base, self._key)
        except MailhookError as error:
            self.answers[kind_of(error)] += 1
            if isinstance(error, Overloaded):
                self._pacer.rest(error.wait_seconds)
            raise
        self.answers["gone" if isinstance(found, Gone) else "ok"] += 1
        return found

    def _refuse_to_hurry(self, base: str) -> None:
        """Raises Overloaded while the API wants to be left alone, as it has told a run before."""
        ahead = self._pacer.ahead_seconds
        if ahead > max(PATIENCE_SECONDS, self._pacer.apart_seconds):
            minutes = math.ceil(ahead / 60)
            host = self._wires[base].host
            raise Overloaded(f"{host} wants to be left alone for {minutes:,} min more", ahead)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, Unanswered | Overloaded) and error.wait_seconds <= PATIENCE_SECONDS


def _key(settings: ApiSettings) -> str:
    key = settings.key.reveal().strip()
    if not key.isascii() or not key.isprintable() or not key:
        message = "holds what no key of the API has: blanks alone, or more than plain letters"
        raise ConfigError(
            [Problem("api.key", message, "the key as the vendor's dashboard shows it")]
        )
    return key
