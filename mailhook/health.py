"""Is all well, and if not, what is to be done? Read from the store; asks no server.

A mailbox is alive when a round trip with its server was completed lately, not
when a process is up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailhook import times
from mailhook.config import MailboxSettings, Settings
from mailhook.sources.imap.folder import url as folder_url
from mailhook.store import Filters, Reader

# A folder is silent after three rounds missed, and never before this many seconds.
_ROUNDS = 3
_SILENT_SECONDS = 300
# What nobody has seen to for so long is still shown, but raises no alarm any more.
_FRESH = timedelta(days=7)

_WAITING = """
SELECT iif(unread AND outcome <> 'quarantined', 'unread',
           substr(reason, 1, instr(reason || ':', ':') - 1)) AS name,
       count(*) AS count
FROM deliveries
WHERE (outcome = 'quarantined' OR unread > 0) AND recorded_at >= ? GROUP BY name
"""

_HEARD = """
SELECT a.id FROM alerts a JOIN sightings s ON s.event_id = a.event_id
WHERE a.state = 'open' GROUP BY a.id HAVING max(s.seen_at) >= ?
"""


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of a mailbox. `beat_at`: its last completed round trip; None if there was none.

    `error` is what has kept it from one since `failing_since`; `queued` counts
    the deeds still to be done on its mails, `refused` what the server said of them.
    """

    mailbox: str
    name: str
    silent_after: timedelta
    beat_at: datetime | None
    error: str | None
    failing_since: datetime | None
    queued: int
    refused: str | None


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do. `wrong`: something does not work until it is done."""

    words: str
    wrong: bool = True


@dataclass(frozen=True, slots=True)
class Health:
    """What `status` shows.

    `today` counts deliveries by outcome since midnight UTC; `lag_seconds` are
    the median and the longest time today from a mail's arrival to its row.
    """

    folders: tuple[Folder, ...]
    today: dict[str, int]
    lag_seconds: tuple[float, float] | None
    alerts: tuple[dict[str, Any], ...]
    waiting: dict[str, int]
    advice: tuple[Advice, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not any(one.wrong for one in self.advice)


def look(settings: Settings, store: Reader, now: datetime) -> Health:
    """The state of things at `now`, and what to do about it."""
    folders = tuple(
        _folder(mailbox, folder.name, store)
        for mailbox in settings.mailboxes
        for folder in mailbox.folders
    )
    alerts = tuple(row for row in store.alerts(Filters()) if row["state"] == "open")
    waiting = _counts(store, _WAITING, "")
    fresh = times.stored(now - _FRESH)
    advice = dict.fromkeys(
        (
            *(words for folder in folders for words in _on_folder(folder, now)),
            *_on_alerts(alerts, {row["id"] for row in store.rows(_HEARD, (fresh,))}),
            *_on_quarantine(waiting, _counts(store, _WAITING, fresh), settings, store),
        )
    )
    return Health(folders, _today(store, now), _lag(store, now), alerts, waiting, tuple(advice))


def folders(settings: Settings, store: Reader) -> tuple[Folder, ...]:
    """Each folder of each mailbox, as its last round trip left it."""
    return tuple(
        _folder(mailbox, folder.name, store)
        for mailbox in settings.mailboxes
        for folder in mailbox.folders
    )


def _folder(mailbox: MailboxSettings, name: str, store: Reader) -> Folder:
    source = folder_url(mailbox, name)
    beats = store.rows("SELECT at, error, failing_since FROM heartbeat WHERE name = ?", (source,))
    beat = beats[0] if beats else {"at": None, "error": None, "failing_since": None}
    queued = store.rows(
        "SELECT count(*) AS count, max(error) AS error FROM actions WHERE source = ?", (source,)
    )[0]
    return Folder(
        mailbox=mailbox.name,
        name=name,
        silent_after=timedelta(seconds=max(_ROUNDS * mailbox.poll_seconds, _SILENT_SECONDS)),
        beat_at=_second(beat["at"]),
        error=" ".join(beat["error"].split()) if beat["error"] else None,
        failing_since=_second(beat["failing_since"]),
        queued=queued["count"],
        refused=queued["error"],
    )


def _on_folder(folder: Folder, now: datetime) -> Iterator[Advice]:
    where = f"{folder.mailbox}, {folder.name}"
    if folder.error:
        since = f" since {times.short(folder.failing_since)}" if folder.failing_since else ""
        yield Advice(f"{where}: no round trip{since}: {folder.error}")
    elif folder.beat_at is None:
        yield Advice(f"{where}: never polled; start the service, or `mailhook poll`")
    elif now - folder.beat_at > folder.silent_after:
        yield Advice(
            f"{where}: no completed round trip since {times.short(folder.beat_at)};"
            " is the service running?"
        )
    if folder.refused:
        yield Advice(f"{where}: mails still to be dealt with: {folder.queued}; {folder.refused}")


def _on_alerts(alerts: tuple[dict[str, Any], ...], fresh: set[int]) -> Iterator[Advice]:
    for alert in alerts:
        endpoint = alert["endpoint"] or "an endpoint that is not named"
        words = {
            "delivery_failing": f"deliveries to {endpoint} fail: look at its server, before the"
            " vendor switches the hook off",
            "hook_disabled": f"the hook for {endpoint} is switched off: mend its server, then"
            " enable the hook in the vendor's dashboard",
            "hook_status": f"the state of the hook for {endpoint} has changed: see"
            " `mailhook alerts`",
        }[alert["kind"]]
        yield Advice(words, wrong=alert["id"] in fresh and alert["kind"] != "hook_status")


def _on_quarantine(
    waiting: dict[str, int], fresh: dict[str, int], settings: Settings, store: Reader
) -> Iterator[Advice]:
    unproven = waiting.get("untrusted", 0)
    others = sum(waiting.values()) - unproven
    if unproven and not settings.trust.authserv_id:
        yield Advice(
            f"hooks in quarantine whose sender is not proven: {unproven}; trust.authserv_id is not"
            " set: name there the server that checks your mail (the first word of its"
            " Authentication-Results header)"
        )
    elif unproven:
        proven = store.rows("SELECT 1 FROM deliveries WHERE authenticity = 'verified' LIMIT 1")
        yield Advice(
            f"hooks in quarantine whose sender is not proven: {unproven}; see"
            " `mailhook quarantine list`",
            wrong=not proven,
        )
    if others:
        yield Advice(
            f"in quarantine, not understood or not fetched: {others}; see"
            " `mailhook quarantine list`",
            wrong=bool(fresh.keys() - {"untrusted"}),
        )


def _today(store: Reader, now: datetime) -> dict[str, int]:
    return _counts(
        store,
        "SELECT outcome AS name, count(*) AS count FROM deliveries WHERE recorded_at >= ?"
        " GROUP BY name ORDER BY count DESC",
        _midnight(now),
    )


def _lag(store: Reader, now: datetime) -> tuple[float, float] | None:
    rows = store.rows(
        "SELECT (julianday(recorded_at) - julianday(received_at)) * 86400 AS lag"
        " FROM deliveries WHERE recorded_at >= ? AND channel = 'email' ORDER BY lag",
        (_midnight(now),),
    )
    lags = [max(0.0, row["lag"]) for row in rows]
    return (lags[len(lags) // 2], lags[-1]) if lags else None


def _counts(store: Reader, sql: str, *values: str) -> dict[str, int]:
    return {row["name"]: row["count"] for row in store.rows(sql, values)}


def _second(stored: str | None) -> datetime | None:
    moment = times.parse(stored or "")
    return moment.replace(microsecond=0) if moment else None


def _midnight(now: datetime) -> str:
    return times.stored(now.replace(hour=0, minute=0, second=0, microsecond=0))
