"""What is done beside the mails: heartbeats, retention, copies. Each a chore with its period."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from functools import partial

from mailhook import times
from mailhook.config import Settings, SnapshotSettings, StoreSettings
from mailhook.errors import TemporaryError
from mailhook.metrics.meter import Meter
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker import gaps
from mailhook.worker.asking import Asking
from mailhook.worker.chore import Chore
from mailhook.worker.levels import Levels
from mailhook.worker.minutes import Minutes
from mailhook.worker.pulse import Pulse
from mailhook.worker.turns import Turns

log = logging.getLogger(__name__)

HEARTBEAT = "heartbeat"
# Rung, too, when a mailbox is back after an outage, when an alert comes in, and by the guard.
RECONCILE, ALERTS, GUARD = "reconcile", "alerts", "guard"
_HEARTBEAT_SECONDS = 15
_PRUNE_SECONDS = 3600
_DNS_SECONDS = 3600
_COUNT_SECONDS = 5
_GUARD_SECONDS = 60
_GAPS_SECONDS = 3600
# An alert rings by itself, and each run looks after all of them.
_ALERTS_SECONDS = 86_400


def chores(
    settings: Settings, store: Store, trust: Trust, *, pulse: Pulse, asking: Asking
) -> Iterator[tuple[float, Chore]]:
    """Each chore that the settings ask for, and after how many seconds it is due again."""
    stop, turns = asking.stop, asking.turns
    yield _HEARTBEAT_SECONDS, Chore(HEARTBEAT, partial(_beat, settings, store, pulse))
    if settings.store.raw_days or settings.store.event_days:
        yield _PRUNE_SECONDS, Chore("prune", partial(_prune, store, settings.store, stop))
    # Also without `web`: where it was retired, what had come is not to stay for ever.
    yield _PRUNE_SECONDS, Chore("tokens", partial(_age_out, store))
    yield _DNS_SECONDS, Chore("dkim", partial(_ask_dns_again, store, trust, stop))
    if settings.api:
        yield 60 * settings.api.reconcile_minutes, Chore(RECONCILE, asking.ring)
        yield _ALERTS_SECONDS, Chore(ALERTS, asking.heed)
    else:
        yield _GAPS_SECONDS, Chore(ALERTS, partial(gaps.settle, store))
    if settings.api and settings.web:
        yield _GUARD_SECONDS, Chore(GUARD, Levels(settings, store, asking.insist).look)
    if copy := settings.store.snapshot:
        yield 60 * copy.minutes, Chore("snapshot", partial(_snapshot, store, copy, turns))


def counting(minutes: Minutes, meter: Meter) -> tuple[float, Chore]:
    """The chore that writes down what the endpoint has answered, and its period."""
    return _COUNT_SECONDS, Chore("web answers", partial(minutes.flush, meter))


def _beat(settings: Settings, store: Store, pulse: Pulse) -> None:
    """Write down who is alive; first see to it that the store is still where it was.

    And what the settings name: here, so that a store that was busy or gone learns it, too.
    """
    if not store.is_there():
        log.error("%s is not the file that was opened any more", store.path)
        log.warning("the store: %s", store.heal())
    pulse.flush()
    store.heed(settings)


def _prune(store: Store, settings: StoreSettings, stop: threading.Event) -> None:
    from mailhook.store import pruning

    def go_on(_: pruning.Counts) -> None:
        if stop.is_set():  # between two transactions; the next start goes on
            raise TemporaryError("pruning ends early: the service is being stopped")

    counts = pruning.prune(store, settings, times.now(), go_on)
    if counts != pruning.Counts():
        fields = {"mails": counts.raw, "events": counts.events, "deliveries": counts.deliveries}
        log.info("pruned", extra=fields)


def _age_out(store: Store) -> None:
    """Let go of refused tokens that are too old to be anybody's."""
    if gone := store.keep_refused([]):
        log.info("refused tokens are gone", extra={"tokens": gone})


def _ask_dns_again(store: Store, trust: Trust, stop: threading.Event) -> None:
    """Examine again what could not be proven because the DNS did not answer."""
    from mailhook import replay

    def go_on(_: int) -> None:
        if stop.is_set():
            raise TemporaryError("what waits for the DNS waits on: the service is being stopped")

    counts = replay.replay(store, trust, replay.WAITS_FOR_DNS, progress=go_on)
    if counts.get("changed"):
        log.info("asked the DNS again", extra=counts)


def _snapshot(store: Store, settings: SnapshotSettings, turns: Turns) -> None:
    from mailhook.store import copies

    with turns.of("snapshot") as is_ours:  # of a large store it outlives a reload, or several
        if is_ours and copies.snapshot(store.path, settings):
            log.info("snapshot", extra={"path": str(settings.path)})
