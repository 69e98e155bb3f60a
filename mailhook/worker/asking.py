"""The vendor's API asked by the service: when it is due, or when somebody wants it now."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailhook import times
from mailhook.config import Settings
from mailhook.errors import TemporaryError, in_one_line
from mailhook.metrics.meter import Meter
from mailhook.store import Reader, Store
from mailhook.trust import Trust
from mailhook.worker.pace import Pace
from mailhook.worker.turns import Turns

if TYPE_CHECKING:
    from mailhook.reconcile import Report

log = logging.getLogger(__name__)

_TURN = "reconcile"
_LOOK_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks by one set of settings, one run at a time, and ends early where `stop` is set.

    One for all that may start a run: all runs share its pace, which outlives the settings.
    """

    settings: Settings
    store: Store
    trust: Trust
    stop: threading.Event
    turns: Turns
    meter: Meter = field(default_factory=Meter)
    pace: Pace = field(default_factory=Pace)

    def ring(self) -> bool:
        """One run; where one is at it already, that one will do. Whether it was ours."""
        with self.turns.of(_TURN) as is_ours:
            if is_ours:
                _log(self._run(None, (), lambda _: None))
        return is_ours

    def ring_if_due(self) -> None:
        """One run, if the last reading is as old as the settings let it be, or there is a gap."""
        if self._is_old() or self._has_gap():
            self.ring()

    def heed(self) -> None:
        """One run where a proven alert tells of a gap that is not looked into yet.

        A run that is under way has begun too early for it.
        """
        if self._has_gap():
            self.insist()

    def insist(self) -> None:
        """One run that begins now, or when the one that is under way has ended."""
        while not self.ring():
            if self.stop.wait(_LOOK_SECONDS):
                return

    def _is_old(self) -> bool:
        from mailhook.store import listings

        with Reader(self.store.path) as reader:
            read_at = times.parse(listings.last_read_at(reader) or "")
        minutes = self.settings.api.reconcile_minutes if self.settings.api else 0
        # What was read later than now was read by a clock that was ahead.
        return not (read_at and timedelta(0) <= times.now() - read_at < timedelta(minutes=minutes))

    def _has_gap(self) -> bool:
        from mailhook.store import healing

        with Reader(self.store.path) as reader:
            return any(gap.state == "open" for gap in healing.gaps(reader, times.now()))

    def now(
        self, since: datetime | None, only: Sequence[str], progress: Callable[[int], None]
    ) -> Report:
        """One run for somebody who waits. Raises TemporaryError where one is at it already."""
        with self.turns.of(_TURN) as is_ours:
            if not is_ours:
                raise TemporaryError("the API is being asked already; try again in a moment")
            return self._run(since, only, progress)

    def _run(
        self, since: datetime | None, only: Sequence[str], progress: Callable[[int], None]
    ) -> Report:
        from mailhook.reconcile import reconcile

        api = self.settings.api

        def go_on(count: int) -> None:
            self._pause(0)
            progress(count)

        report = reconcile(
            self.settings,
            self.store,
            self.trust,
            since=since,
            only=only,
            progress=go_on,
            pause=self._pause,
            pacer=self.pace.of(api, self._pause) if api else None,
        )
        self.meter.asked(report.answers, report.new)
        return report

    def _pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise TemporaryError("it ends early: the service is being stopped")


def _log(report: Report) -> None:
    """What it came to; said as an error by the chore, which says none twice."""
    told = report.value()
    fields = {name: told[name] for name in ("listed", "new", "failed", "completed", "requests")}
    if report.listed or not report.errors:
        log.info("asked the API", extra=fields)
    if report.errors:
        why = "; ".join(in_one_line(str(error)) for error in report.errors)
        raise TemporaryError(f"asking the vendor's API: {why}; will be tried again")
