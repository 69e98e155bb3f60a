"""The vendor's API asked by the service: when it is due, or when somebody wants it now."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mailhook.config import Settings
from mailhook.errors import ConfigError, TemporaryError, in_one_line
from mailhook.metrics.meter import Meter
from mailhook.store import Reader, Store
from mailhook.trust import Trust
from mailhook.worker import gaps
from mailhook.worker.turns import Turns

if TYPE_CHECKING:
    from mailhook.reconcile import Report

log = logging.getLogger(__name__)

_TURN = "reconcile"


@dataclass(slots=True)
class Asking:
    """Asks by one set of settings, one run at a time, and ends early where `stop` is set.

    `quiet_until`: the API has asked to be left alone until then, by the monotonic clock.
    """

    settings: Settings
    store: Store
    trust: Trust
    stop: threading.Event
    turns: Turns
    clock: Callable[[], float] = time.monotonic
    quiet_until: float = 0
    meter: Meter = field(default_factory=Meter)

    def ring(self) -> None:
        """One run; where one is at it already, that one will do."""
        with self.turns.of(_TURN) as is_ours:
            if is_ours and self.clock() >= self.quiet_until:
                _log(self._run(None, lambda _: None))

    def heed(self) -> None:
        """One run where a proven alert tells of a gap that is not looked into yet."""
        from mailhook.store import healing

        with Reader(self.store.path) as reader:
            waits = any(gap.state == "open" for gap in healing.gaps(reader))
        if waits:
            self.ring()

    def now(self, since: datetime | None, progress: Callable[[int], None]) -> Report:
        """One run for somebody who waits. Raises TemporaryError where one is at it already."""
        with self.turns.of(_TURN) as is_ours:
            if not is_ours:
                raise TemporaryError("the API is being asked already; try again in a moment")
            return self._run(since, progress)

    def _run(self, since: datetime | None, progress: Callable[[int], None]) -> Report:
        from mailhook.reconcile import reconcile

        def go_on(count: int) -> None:
            self._pause(0)
            progress(count)

        try:
            report = reconcile(
                self.settings,
                self.store,
                self.trust,
                since=since,
                progress=go_on,
                pause=self._pause,
            )
        except ConfigError:  # no request could be made at all
            gaps.settle(self.store, "the key of `api` cannot be had")
            raise
        self.meter.asked(report.answers, report.new)
        self.quiet_until = self.clock() + report.wait_seconds
        return report

    def _pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise TemporaryError("it ends early: the service is being stopped")


def _log(report: Report) -> None:
    """What it came to; said as an error by the chore, which says none twice."""
    told = report.value()
    fields = {name: told[name] for name in ("listed", "new", "failed", "completed", "requests")}
    log.info("asked the API", extra=fields)
    if report.errors:
        raise TemporaryError("; ".join(in_one_line(str(error)) for error in report.errors))
