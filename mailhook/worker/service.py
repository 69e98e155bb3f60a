"""The service: what runs, what tells it to end or to change, and how it shows that it lives."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable

from mailhook.config import Settings
from mailhook.errors import MailhookError
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.parts import Parts
from mailhook.worker.signals import Signals

log = logging.getLogger(__name__)

Load = Callable[[], Settings]

_TICK_SECONDS = 1


def run(settings: Settings, store: Store, trust: Trust, load: Load | None = None) -> None:
    """Watch every mailbox until SIGTERM or SIGINT; at SIGHUP take the settings that `load` gives.

    Never ends because of a mailbox.
    """
    heard = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    with Signals(heard) as signals:
        parts = _started(settings, store, trust)
        log.info("running", extra={"mailboxes": len(settings.mailboxes)})
        try:
            while True:
                told = signals.wait(_TICK_SECONDS)
                if {signal.SIGTERM, signal.SIGINT} & set(told):
                    break
                parts.tick()
                if signal.SIGHUP in told and load:
                    parts = _reloaded(parts, store, load)
        finally:
            parts.stop()
    log.info("stopped")


def _started(settings: Settings, store: Store, trust: Trust) -> Parts:
    parts = Parts(settings, store, trust)
    parts.start()
    return parts


def _reloaded(parts: Parts, store: Store, load: Load) -> Parts:
    """What runs by the new settings; if they are wrong, what ran, untouched."""
    try:
        settings = load()
        trust = Trust.of(settings.trust)
    except MailhookError as error:
        log.error("the new settings are not taken, the old ones stay: %s", error)  # noqa: TRY400 - it says all
        return parts
    parts.stop()
    log.info("settings are taken", extra={"mailboxes": len(settings.mailboxes)})
    return _started(settings, store, trust)
