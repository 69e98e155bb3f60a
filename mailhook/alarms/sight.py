"""Looking for what is wrong: in the store, as `status` does, and at the disk.

This is done four times a minute for years: no question takes longer on a day with
more mail.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mailhook import guard, health, silence, times
from mailhook.alarms.conditions import (
    Condition,
    Hooks,
    Kinds,
    on_alerts,
    on_disk,
    on_folders,
    on_guard,
    on_quarantine,
    on_refused,
    on_silence,
)
from mailhook.config import Settings
from mailhook.health import refused, room
from mailhook.sources.place import url
from mailhook.store import Filters, Reader

_DAY = timedelta(days=1)
_FAILING_FOR = timedelta(hours=1)

# More than that in quarantine is as bad as that.
_MOST = 1000

_WAITING = """
SELECT count(*) AS count, ifnull(sum(reason LIKE 'untrusted:%'), 0) AS unproven FROM (
    SELECT recorded_at, reason FROM deliveries WHERE outcome = 'quarantined' OR unread > 0
    ORDER BY id DESC LIMIT ?)
WHERE recorded_at >= ?
"""
_UNDERSTOOD = """
SELECT count(*) AS count FROM (
    SELECT 1 FROM deliveries
    WHERE recorded_at >= ? AND outcome IN ('recorded', 'duplicate', 'alert') AND NOT unread
    LIMIT ?)
"""


def conditions(
    settings: Settings, store: Reader, started: datetime, now: datetime
) -> list[Condition]:
    """All that is wrong at `now`; the service has been there, and could write, since `started`.

    Raises TemporaryError where the store cannot be looked at.
    """
    space = room.look(settings.store.path)
    standing = guard.look(settings, store, now)
    alerts = [row for row in store.alerts(Filters()) if _calls(row, now)]
    return [
        *on_folders(health.folders(settings, store), _kinds(settings, store), started, now),
        *on_alerts(alerts, now),
        *on_quarantine(_hooks(store, now)),
        *on_refused(refused.look(store, now)),
        *(on_guard(standing, settings.guard.warn_at) if standing else ()),
        *on_silence(silence.troubles(settings, store, now), started, now),
        *(on_disk(space) if space else ()),
    ]


def is_blind(settings: Settings) -> bool:
    """Whether nobody can write down what goes well, so that silence tells nothing."""
    space = room.look(settings.store.path)
    return space is not None and room.is_full(space)


def _calls(alert: dict[str, Any], now: datetime) -> bool:
    """Whether it calls for somebody.

    That what did not come was had from the API says nothing of the deliveries: they are
    told of for as long as the vendor looks back on them.
    """
    failing = alert["kind"] == "delivery_failing" and alert["state"] != "resolved"
    is_fresh = alert["last_seen_at"] >= times.stored(now - _FAILING_FOR)
    return health.is_unsettled(alert) or (failing and is_fresh)


def _kinds(settings: Settings, store: Reader) -> Kinds:
    kinds = {row["name"]: row["kind"] for row in store.rows("SELECT name, kind FROM heartbeat")}
    return {
        (mailbox.name, folder.name): kinds.get(url(mailbox, folder.name))
        for mailbox in settings.mailboxes
        for folder in mailbox.folders
    }


def _hooks(store: Reader, now: datetime) -> Hooks:
    day = times.stored(now - _DAY)
    found = store.rows(_WAITING, (_MOST, day))[0]
    waiting = int(found["count"])
    enough = 2 * waiting  # so many understood ones say as much as more of them
    understood = int(store.rows(_UNDERSTOOD, (day, enough))[0]["count"])
    return Hooks(waiting, understood, int(found["unproven"]))
