"""Which folders are alive, and whether the service is: by what was written down last.

While the service runs, its writer commits a beat every 15 s, a watched folder
completes a round trip every `probe_seconds`, a polled one every `poll_seconds`.
Without a service somebody polls from a timer whose period is not known here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mailhook import times
from mailhook.config import FolderSettings, MailboxSettings, Settings
from mailhook.errors import in_one_line
from mailhook.health.model import Folder, FolderState, Service
from mailhook.sources.place import url
from mailhook.store import Reader

WRITER = "writer"
# Four beats missed; also how much later than its last one a folder may have been reached.
_STOPPED = timedelta(seconds=60)
# A folder is silent after three rounds missed, and never before so many seconds: with
# the service, a renewed connection must not count; without it, a timer of five minutes.
_ROUNDS = 3
_WATCHED_SECONDS = 120
_TIMER_SECONDS = 900

_FOUND = """
SELECT h.at, h.error, h.failing_since, p.updated_at,
       (SELECT count(*) FROM actions a WHERE a.source = s.name) AS queued,
       (SELECT max(error) FROM actions a WHERE a.source = s.name) AS refused
FROM (SELECT ? AS name) s
LEFT JOIN heartbeat h ON h.name = s.name
LEFT JOIN positions p ON p.source = s.name
"""


def look(settings: Settings, store: Reader, now: datetime) -> tuple[Service, tuple[Folder, ...]]:
    """The service and every folder of the settings, as they are at `now`."""
    found = [
        (mailbox, folder, _found(store, url(mailbox, folder.name)))
        for mailbox in settings.mailboxes
        for folder in mailbox.folders
    ]
    # Who polls by hand or by a timer does without the service, but serves no hooks.
    polled = [] if settings.web else [row["at"] for _, _, row in found]
    service = _service(store, polled, now)
    if not (settings.mailboxes or settings.web or settings.api):
        service = Service("none", None)  # nothing is set that one would do
    return service, tuple(
        _folder(mailbox, folder, row, service, now) for mailbox, folder, row in found
    )


def _found(store: Reader, source: str) -> dict[str, Any]:
    row = store.rows(_FOUND, (source,))[0]
    moments = {name: _second(row[name]) for name in ("at", "failing_since", "updated_at")}
    return row | moments


def _service(store: Reader, reached: list[datetime | None], now: datetime) -> Service:
    rows = store.rows("SELECT at, error FROM heartbeat WHERE name = ?", (WRITER,))
    beat_at = _second(rows[0]["at"]) if rows else None
    if beat_at is None:
        return Service("none", None)
    took_leave = rows[0]["error"] is not None
    if _is_near(beat_at, now, _STOPPED) and not took_leave:
        return Service("running", beat_at)
    since = beat_at if took_leave else beat_at + _STOPPED
    later = any(at and since < at <= now for at in reached)
    return Service("none" if later else "stopped", beat_at, took_leave=took_leave)


def _folder(
    mailbox: MailboxSettings,
    folder: FolderSettings,
    row: dict[str, Any],
    service: Service,
    now: datetime,
) -> Folder:
    found = Folder(
        mailbox=mailbox.name,
        name=folder.name,
        silent_after=_silent_after(mailbox, folder, service),
        beat_at=row["at"],
        error=in_one_line(row["error"]) if row["error"] else None,
        failing_since=row["failing_since"],
        queued=row["queued"],
        refused=row["refused"],
    )
    # A batch committed is a sign of life too: a first sweep may take an hour.
    signs = [at for at in (row["at"], row["updated_at"]) if at]
    return replace(found, state=_state(found, signs, now))


def _silent_after(mailbox: MailboxSettings, folder: FolderSettings, service: Service) -> timedelta:
    if service.state == "none":
        return timedelta(seconds=max(_ROUNDS * mailbox.poll_seconds, _TIMER_SECONDS))
    watched = folder.idle and mailbox.idle
    period = mailbox.probe_seconds if watched else mailbox.poll_seconds
    return timedelta(seconds=max(_ROUNDS * period, _WATCHED_SECONDS))


def _state(folder: Folder, signs: list[datetime], now: datetime) -> FolderState:
    if folder.error:
        return "failing"
    if any(_is_near(at, now, folder.silent_after) for at in signs):
        return "well"
    return "silent" if folder.beat_at else "never"


def _is_near(moment: datetime, now: datetime, reach: timedelta) -> bool:
    """Whether it lies so near in either direction.

    A clock set back leaves beats of the future; they must not pass for fresh until it
    has caught up.
    """
    return abs(now - moment) <= reach


def _second(stored: str | None) -> datetime | None:
    moment = times.parse(stored or "")
    return moment.replace(microsecond=0) if moment else None
