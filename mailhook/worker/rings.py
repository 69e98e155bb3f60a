"""What is done each so many seconds. Owner of APScheduler, which only rings.

Its jobs set an event and never touch a socket or the store; the threads that
hear them own all waiting.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.events import JobExecutionEvent
    from apscheduler.schedulers.background import BackgroundScheduler

log = logging.getLogger(__name__)

# The scheduler goes by the wall clock. When that is set, what is due is reckoned anew.
_JUMP_SECONDS = 5


class Rings:
    """Bells rung at intervals, whatever happens to the wall clock."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._scheduler = scheduler()
        self._offset = self._ahead()

    def every(self, seconds: float, name: str, ring: Callable[[], object]) -> None:
        """Call `ring`, which must return at once, each so many seconds, first after as many."""
        self._scheduler.add_job(ring, "interval", seconds=seconds, name=name)

    def start(self) -> None:
        """Begin to ring."""
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more."""
        self._scheduler.shutdown(wait=False)

    def mind_the_clock(self) -> None:
        """To be called each second or so: no jump of the clock stops the rings or floods them."""
        offset = self._ahead()
        jump, self._offset = offset - self._offset, offset
        if abs(jump) < _JUMP_SECONDS:
            return
        log.warning("the clock was set", extra={"by_seconds": round(jump)})
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=datetime.now(UTC) + job.trigger.interval)

    def _ahead(self) -> float:
        return self._clock() - time.monotonic()


def scheduler() -> BackgroundScheduler:
    """A scheduler that drops no ring for being late, and says so when one fails."""
    from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    made = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)},  # of ten by default, each with its memory
        timezone="UTC",
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )
    made.add_listener(_complain, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    return made


def _complain(event: JobExecutionEvent) -> None:
    error = getattr(event, "exception", None)
    log.error("a ring failed" if error else "a ring was missed", extra={"job": event.job_id})
