"""What the store says when it is asked for figures: read at most every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from mailhook import guard, times
from mailhook.config import Settings
from mailhook.errors import MailhookError
from mailhook.guard import Standing
from mailhook.health import Asked, Folder, Room, Service, api, room, signs
from mailhook.store import Reader

# Seconds. Figures are kept so long, and longer where reading them was work: it may take
# one part in twenty of a core. That the store could not be read is kept shortly.
_KEPT_SECONDS = 5
_FAILED_SECONDS = 1
_SHARE = 20
# So long is a reading waited for; whoever asks later is not kept waiting at all.
_PATIENCE_SECONDS = 1.5

ALERTS = ("delivery_failing", "hook_disabled", "hook_status")
# The codes of reasons (see docs/tables.md); one that is not known here is `other`.
WAITING = (
    "unread",
    "untrusted",
    "unknown_key",
    "untagged",
    "dkim_dns_temporary",
    "dkim_dns_failed",
    "unknown_notice",
    "malformed_notice",
    "malformed_message",
    "too_large",
    "undeliverable",
    "bug",
    "other",
)

# As `status` has it: what is lost waits for a person, and a hook that is off stays so.
_OPEN = """
SELECT kind, count(*) AS count FROM alerts
WHERE state IN ('open', 'lost') OR (state = 'healed' AND kind = 'hook_disabled') GROUP BY kind
"""
_WAITING = """
SELECT iif(outcome <> 'quarantined', 'unread',
           substr(reason, 1, instr(reason || ':', ':') - 1)) AS kind, count(*) AS count
FROM deliveries WHERE outcome = 'quarantined' OR unread > 0 GROUP BY kind
"""
# Ids rise with each event and pruning takes the oldest: no need to count.
_EVENTS = "SELECT coalesce(max(id), 0) AS count FROM events"


@dataclass(frozen=True, slots=True)
class Told:
    """What the store tells: counts by kind, each kind there is; `events` ever recorded.

    `guard` is None where no web hooks are awaited, `api` where it is not asked.
    """

    service: Service
    folders: tuple[Folder, ...]
    alerts: dict[str, int]
    waiting: dict[str, int]
    events: int
    guard: Standing | None = None
    api: Asked | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """`told` is None while the store cannot be read, `room` where the disk does not answer."""

    told: Told | None = None
    room: Room | None = None


class Lookout:
    """Looks at the store when asked, in a thread of its own, for all who ask meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mutex = threading.Lock()
        self._latest, self._due = Figures(), 0.0
        self._reading: threading.Event | None = None
        self._awaited_until = 0.0

    def heed(self, settings: Settings) -> None:
        """Look by new settings from now on."""
        with self._mutex:
            self._settings, self._due, self._reading = settings, 0.0, None

    def figures(self) -> Figures:
        """The figures, a few seconds old at most; empty ones where they are not to be had."""
        while True:
            with self._mutex:
                if time.monotonic() < self._due:
                    return self._latest
                settings, reading = self._settings, self._reading or self._begin()
                left = self._awaited_until - time.monotonic()
            reading.wait(max(0.0, left))
            with self._mutex:
                if settings is self._settings:
                    return self._latest if time.monotonic() < self._due else Figures()

    def _begin(self) -> threading.Event:
        self._reading = done = threading.Event()
        self._awaited_until = time.monotonic() + _PATIENCE_SECONDS
        reader = threading.Thread(target=self._read, args=(self._settings, done), name="figures")
        reader.daemon = True  # the store may keep it waiting when the service is to end
        reader.start()
        return done

    def _read(self, settings: Settings, done: threading.Event) -> None:
        found = Figures()
        try:
            found = read(settings)
        finally:
            kept = _KEPT_SECONDS if found.told else _FAILED_SECONDS
            due = time.monotonic() + max(kept, _SHARE * time.thread_time())
            with self._mutex:
                if settings is self._settings:
                    self._latest, self._due, self._reading = found, due, None
            done.set()


def read(settings: Settings) -> Figures:
    """Figures as they are now, through one Reader."""
    space = room.look(settings.store.path)
    try:
        with Reader(settings.store.path) as store:
            return Figures(_told(settings, store), space)
    except MailhookError:
        return Figures(None, space)  # why, says `status`; here it is a figure of its own


def _told(settings: Settings, store: Reader) -> Told:
    service, found = signs.look(settings, store, times.now())
    return Told(
        service=service,
        folders=found,
        alerts=_by_kind(store, _OPEN, ALERTS),
        waiting=_by_kind(store, _WAITING, WAITING),
        events=store.rows(_EVENTS)[0]["count"],
        guard=guard.look(settings, store, times.now()),
        api=api.look(settings.api, store, times.now()) if settings.api else None,
    )


def _by_kind(store: Reader, sql: str, kinds: Sequence[str]) -> dict[str, int]:
    counts = dict.fromkeys(kinds, 0)
    for row in store.rows(sql):
        kind = row["kind"] if row["kind"] in counts else kinds[-1]
        counts[kind] += row["count"]
    return counts
