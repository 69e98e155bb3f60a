"""Looking for what is wrong: in the store, as `status` does, and at the disk."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from mailhook import health, times
from mailhook.alarms.conditions import (
    Condition,
    Disk,
    Hooks,
    Kinds,
    on_alerts,
    on_disk,
    on_folders,
    on_quarantine,
)
from mailhook.config import Settings
from mailhook.errors import TemporaryError
from mailhook.sources.imap.folder import url
from mailhook.store import Reader

_DAY = timedelta(days=1)

_HOOKS = """
SELECT count(*) FILTER (WHERE outcome = 'quarantined' OR unread > 0) AS waiting,
       count(*) FILTER (WHERE outcome IN ('recorded', 'duplicate', 'alert') AND NOT unread)
           AS understood
FROM deliveries WHERE recorded_at >= ?
"""


def conditions(
    settings: Settings, store: Reader, started: datetime, now: datetime
) -> list[Condition]:
    """All that is wrong at `now`; the service has been there since `started`.

    Raises TemporaryError where store or disk cannot be looked at.
    """
    whole = health.look(settings, store, now)
    return [
        *on_folders(whole.folders, _kinds(settings, store), started, now),
        *on_alerts(whole.alerts, now),
        *on_quarantine(_hooks(store, now)),
        *on_disk(_disk(store.path.parent)),
    ]


def _kinds(settings: Settings, store: Reader) -> Kinds:
    kinds = {row["name"]: row["kind"] for row in store.rows("SELECT name, kind FROM heartbeat")}
    return {
        (mailbox.name, folder.name): kinds.get(url(mailbox, folder.name))
        for mailbox in settings.mailboxes
        for folder in mailbox.folders
    }


def _hooks(store: Reader, now: datetime) -> Hooks:
    (row,) = store.rows(_HOOKS, (times.stored(now - _DAY),))
    return Hooks(row["waiting"], row["understood"])


def _disk(folder: Path) -> Disk:
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        reason = (error.strerror or "system error").lower()
        raise TemporaryError(f"{folder}: its disk cannot be asked for room: {reason}") from error
    return Disk(usage.total, usage.free)
