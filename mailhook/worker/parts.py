"""All that runs by one set of settings: watches, rings, chores. Started once, stopped once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from mailhook.config import Settings
from mailhook.errors import TemporaryError
from mailhook.metrics.meter import Meter
from mailhook.model import Delivery, Outcome
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.asking import Asking
from mailhook.worker.chore import Chore
from mailhook.worker.housekeeping import ALERTS, HEARTBEAT, RECONCILE, chores
from mailhook.worker.pace import Pace
from mailhook.worker.pulse import Pulse
from mailhook.worker.rings import Rings
from mailhook.worker.rounds import Post, Round
from mailhook.worker.tally import Tally
from mailhook.worker.turns import Turns
from mailhook.worker.watch import Watch

if TYPE_CHECKING:
    from mailhook.alarms import Alarms
    from mailhook.reconcile import Report

log = logging.getLogger(__name__)

# Seconds. A service manager waits longer, but a person at a terminal does not.
_STOP_SECONDS = 3
_LOOK_SECONDS = 0.5
# A commit that takes longer than this has met a disk that hangs.
_STUCK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Lasting:
    """What outlives the settings: counts, whose turn it is, and how the API was asked last."""

    meter: Meter = field(default_factory=Meter)
    turns: Turns = field(default_factory=Turns)
    pace: Pace = field(default_factory=Pace)


class Parts:
    """All that goes by one set of settings: watches, rings, chores. Started once, stopped once."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        trust: Trust,
        lasting: Lasting | None = None,
    ) -> None:
        self.settings, self.trust = settings, trust
        self._stop = threading.Event()
        lasting = lasting or Lasting()
        meter, turns, pace = lasting.meter, lasting.turns, lasting.pace
        self._asking = Asking(settings, store, trust, self._stop, turns, meter=meter, pace=pace)
        self._pulse = Pulse(store, lambda: self._ring(RECONCILE))
        self._rings = Rings()
        self._tally = Tally()
        self._chores = list(chores(settings, store, trust, pulse=self._pulse, asking=self._asking))
        self._watches: list[Watch] = []
        for mailbox in settings.mailboxes:
            post = Post(
                mailbox,
                store,
                trust,
                self._pulse,
                self._heard,
                self._stop,
                meter,
                turns=turns,
                mend=self._heartbeat.ring,
            )
            self._watches += _watches(post)
        self._alarms = _alarms(settings, store)

    @property
    def _heartbeat(self) -> Chore:
        return next(chore for _, chore in self._chores if chore.name == HEARTBEAT)

    def add(self, period_seconds: float, chore: Chore) -> None:
        """Have one more chore done from the start on."""
        self._chores.append((period_seconds, chore))

    def _heard(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        """A batch was committed; an alert in it is a reason to ask the API at once."""
        self._tally.add(deliveries, outcomes)
        if Outcome.ALERT in outcomes:
            self._ring(ALERTS)

    def _ring(self, name: str) -> None:
        """The chore of that name is due, where there is one."""
        for _, chore in self._chores:
            if chore.name == name:
                chore.ring()

    def start(self) -> None:
        """Begin with a sweep of everything."""
        for watch in self._watches:
            seconds = watch.poll_seconds
            self._rings.every(seconds, f"poll {watch.mailbox_name}", watch.ring)
            watch.start()
        for period, chore in self._chores:
            self._rings.every(period, chore.name, chore.ring)
            chore.start()
            chore.ring()
        if self._alarms:
            self._rings.every(self._alarms.ring_seconds, "alarms", self._alarms.bell.set)
            self._alarms.start()
        self._rings.start()

    def stop(self, *, for_good: bool = True) -> None:
        """End each thread after the batch or the chore it is at, or leave it behind.

        `for_good`: nothing takes over, so that the service is seen to have ended.
        """
        self._rings.stop()
        self._stop.set()
        for watch in self._watches:
            watch.wake()
        for _, chore in self._chores:
            chore.end()
        if self._alarms:
            self._alarms.close()
        deadline = time.monotonic() + _STOP_SECONDS
        for thread in chain(self._watches, (chore for _, chore in self._chores)):
            thread.join(max(0, deadline - time.monotonic()))
            if thread.is_alive():
                # Its batch is either committed or will be read again: nothing is lost.
                log.warning("left in the middle of its work", extra={"where": thread.name})
        self._pulse.end(for_good=for_good)

    def mind_the_clock(self) -> None:
        """To be called each second or so."""
        self._rings.mind_the_clock()

    def state(self) -> str:
        """One line: how many mailboxes, how many in trouble, what was done."""
        count = len(self.settings.mailboxes)
        noun = "mailbox" if count == 1 else "mailboxes"
        troubled = {one.mailbox_name for one in self._watches if one.in_trouble}
        trouble = f", in trouble: {', '.join(sorted(troubled))}" if troubled else ""
        return f"{count} {noun}{trouble}; {self._tally.words()}"

    def stuck(self) -> list[str]:
        """The threads that have not shown a sign of life when they should have."""
        now = time.monotonic()
        stuck = [one.name for one in self._watches if not one.is_alive() or now > one.back_by]
        late = now - self._heartbeat.done_at > _STUCK_SECONDS
        return [*stuck, *([HEARTBEAT] if late else [])]

    def poll(self, progress: Callable[[int], None]) -> Round:
        """One round of all mailboxes now, by the threads that own them; counts its mails.

        Raises TemporaryError where these parts are stopped meanwhile.
        """
        result, asked = Round(), {watch.ask() for watch in self._watches}
        while asked:
            done, asked = wait(asked, _LOOK_SECONDS, FIRST_COMPLETED)
            if self._stop.is_set():  # also where all have answered: they may not have looked
                raise TemporaryError("the service is being stopped, or takes new settings")
            for one in done:
                result.add(one.result())
                progress(len(one.result().outcomes))
        return result

    def reconcile(
        self, since: datetime | None, only: Sequence[str], progress: Callable[[int], None]
    ) -> Report:
        """What the vendor's API lists since then, or only these events of it, recorded now.

        Raises TemporaryError where that is being done, ConfigError without `api`.
        """
        return self._asking.now(since, only, progress)


def _alarms(settings: Settings, store: Store) -> Alarms | None:
    if not settings.notify:
        return None  # who tells nobody need not load what tells
    from mailhook.alarms import Alarms

    return Alarms(settings, store)


def _watches(post: Post) -> list[Watch]:
    """One for the first folder and those that are polled, one more for each other to be watched."""
    settings = post.settings
    first, *others = settings.folders
    own = [folder.name for folder in others if folder.idle and settings.idle]
    polled = [folder.name for folder in others if folder.name not in own]
    main = Watch(post, [first.name, *polled], watches=first.idle and settings.idle)
    return [main, *(Watch(post, [name], watches=True) for name in own)]
