"""The service: what tells it to change or to end, and how it shows that it lives."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from mailhook import catalog
from mailhook.config import Settings
from mailhook.control import commands
from mailhook.control.command import Command, Progress
from mailhook.control.server import Server
from mailhook.errors import ConfigError, MailhookError, Problem
from mailhook.metrics.exporter import Exporter
from mailhook.store import Store
from mailhook.systemd import Notifier
from mailhook.trust import Trust
from mailhook.worker.housekeeping import counting
from mailhook.worker.minutes import Minutes
from mailhook.worker.pace import Pace
from mailhook.worker.parts import Lasting, Parts
from mailhook.worker.rounds import Round
from mailhook.worker.signals import Signals
from mailhook.worker.turns import Turns
from mailhook.worker.web import Web

if TYPE_CHECKING:
    from mailhook.reconcile import Report

log = logging.getLogger(__name__)

Load = Callable[[], Settings]

_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_TICK_SECONDS = 1
# Of a group of hooks nearly all is gone before these are reached (gc.set_threshold).
_GC_THRESHOLDS = (20_000, 20, 20)
# A hook's thread gives up the interpreter's lock at each look at a socket, and one that reads mails
# may keep it for so long (sys.setswitchinterval): with Python's 5 ms, hooks beside mails did a
# quarter of what they do alone.
_SWITCH_SECONDS = 0.001
_STATE_SECONDS = 15


def run(settings: Settings, store: Store, trust: Trust, load: Load | None = None) -> None:
    """Watch every mailbox until SIGTERM or SIGINT; at SIGHUP take the settings that `load` gives.

    Never ends because of a mailbox. Raises ConfigError where what is set cannot be
    had at the start, such as an address to listen on.
    """
    notifier = Notifier.from_environment()
    _load_readers()
    with Signals(_HEARD) as signals:
        service = Service(settings, store, trust, notifier)
        with Server(store.path, service.commands()) as server:
            _settle_memory()
            _share_the_interpreter()
            notifier.ready(service.state())
            try:
                _attend(service, server, signals, load)
            finally:
                notifier.stopping()
                server.stop()
                service.stop()
    log.info("stopped")


def _load_readers() -> None:
    """What reads mails, before the first one comes: it is not to wait for that."""
    import_module("mailhook.examiner")
    import_module("mailhook.store.recorder")
    catalog.load()


def _settle_memory() -> None:
    """What is there now stays; to look through it for garbage again and again costs each hook."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def _share_the_interpreter() -> None:
    """No road keeps another one waiting for long."""
    sys.setswitchinterval(_SWITCH_SECONDS)


def _attend(service: Service, server: Server, signals: Signals, load: Load | None) -> None:
    """Look after the service and its socket until it is to end."""
    while True:
        told = signals.wait(_TICK_SECONDS)
        if {signal.SIGTERM, signal.SIGINT} & set(told):
            return
        if signal.SIGHUP in told and load:
            service.reload(load)
        service.tick()
        server.mind()


class Service:
    """The parts that run now, exchanged as a whole where settings change."""

    def __init__(self, settings: Settings, store: Store, trust: Trust, notifier: Notifier) -> None:
        self._store, self._notifier = store, notifier
        self._said_at = self._fed_at = time.monotonic()
        self._stuck: list[str] = []
        self._exporter = Exporter(settings)
        self._turns, self._pace = Turns(), Pace()
        self._minutes = Minutes(store, settings.guard)
        self._parts = self._made(settings, trust)
        self._web = Web(settings, store, trust, self._minutes)
        self._parts.start()
        log.info("running", extra={"mailboxes": len(settings.mailboxes)})

    def commands(self) -> dict[str, Command]:
        """What may be asked of it by the control socket; by whatever parts run then."""
        return {
            "ingest": commands.ingest(self._store, lambda: self._parts.trust),
            "poll": commands.poll(self._poll),
            "alerts resolve": commands.resolve(self._store),
            "prune": commands.prune(self._store, lambda: self._parts.settings.store),
            "reconcile": commands.reconcile(self._reconcile),
            "replay": commands.replay(self._store, lambda: self._parts.trust),
            "token recheck": commands.recheck(self._store, lambda: self._parts.trust),
            "release": commands.release(self._store, lambda: self._parts.trust),
            "drop": commands.drop(self._store),
        }

    def _made(self, settings: Settings, trust: Trust) -> Parts:
        meter = self._exporter.meter
        parts = Parts(settings, self._store, trust, Lasting(meter, self._turns, self._pace))
        if settings.web:
            parts.add(*counting(self._minutes, meter))
        return parts

    def _poll(self, progress: Progress) -> Round:
        return self._parts.poll(progress)

    def _reconcile(self, since: datetime | None, only: Sequence[str], progress: Progress) -> Report:
        return self._parts.reconcile(since, only, progress)

    def state(self) -> str:
        """One line on how it goes."""
        return "; ".join(filter(None, [self._parts.state(), self._web.state()]))

    def stop(self) -> None:
        """End all parts."""
        self._web.close()
        self._parts.stop()
        self._count_the_last()
        self._exporter.close()

    def _count_the_last(self) -> None:
        try:
            self._minutes.flush(self._exporter.meter)
        except MailhookError as error:
            log.warning("what was answered last is not written down: %s", error)

    def tick(self) -> None:
        """To be called each second or so: minds the clock, feeds the watchdog, tells the state."""
        self._parts.mind_the_clock()
        now = time.monotonic()
        if now - self._said_at >= _STATE_SECONDS:
            self._said_at = now
            self._notifier.status(self.state())
        if now - self._fed_at >= (self._notifier.watchdog_seconds or _STATE_SECONDS) / 2:
            self._fed_at = now
            self._feed()

    def reload(self, load: Load) -> None:
        """Go by the new settings; where they are wrong say why, and go on with the old."""
        self._notifier.reloading()
        try:
            settings = load()
            _refuse_another_store(self._parts.settings, settings)
            trust = Trust.of(settings.trust)
            self._move(settings, trust)
        except MailhookError as error:
            log.error("the new settings are not taken, the old ones stay: %s", error)  # noqa: TRY400 - it says all
        else:
            self._parts.stop(for_good=False)
            url = settings.web.url if settings.web else None
            self._store.adopt(settings.store.raw, settings.store.match_window_seconds, url)
            self._minutes.heed(settings.guard)
            self._parts = self._made(settings, trust)
            self._parts.start()
            gc.collect()  # the old ones refer to each other, and have descriptors open
            log.info("settings are taken", extra={"mailboxes": len(settings.mailboxes)})
        self._notifier.ready(self.state())

    def _move(self, settings: Settings, trust: Trust) -> None:
        """Serve figures and hooks where they say, both or neither. Raises ConfigError."""
        if settings.metrics:
            self._exporter.reload(settings)
        try:
            self._web.reload(settings, trust)
        except ConfigError:
            self._exporter.reload(self._parts.settings)
            raise
        self._exporter.reload(settings)

    def _feed(self) -> None:
        """Show the watchdog that every thread gets on; a thread that hangs is to end us."""
        stuck = [*self._parts.stuck(), *self._web.stuck()]
        if stuck != self._stuck and stuck:
            log.error("no sign of life from: %s", ", ".join(stuck))
        self._stuck = stuck
        if not stuck:
            self._notifier.watchdog()


def _refuse_another_store(old: Settings, new: Settings) -> None:
    if old.store.path != new.store.path:
        raise ConfigError([Problem("store.path", "is taken only at a start", "restart mailhook")])
