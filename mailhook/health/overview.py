"""The whole picture: every part looked at, every sentence said once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from mailhook import guard, silence, times
from mailhook.config import Settings
from mailhook.health import api, deliveries, refused, room, senders, sentences, signs
from mailhook.health.model import Advice, Folder, Health
from mailhook.silence import Silence
from mailhook.store import Filters, Reader

# What nobody has seen to for so long is still shown, but raises no alarm any more.
_FRESH = timedelta(days=7)
_WAITS_FOR_DNS = "dkim_dns_temporary"

# Anybody may send these, or DNS will settle them: no alarm.
_UNKNOWN_KEY = "unknown_key"
_NOT_OURS = frozenset({"untrusted", _UNKNOWN_KEY, "untagged", _WAITS_FOR_DNS})

# The plus keeps SQLite to the index of what waits: that on the time would read all mails.
_WAITING = """
SELECT iif(unread AND outcome <> 'quarantined', 'unread',
           substr(reason, 1, instr(reason || ':', ':') - 1)) AS name,
       count(*) AS count
FROM deliveries
WHERE (outcome = 'quarantined' OR unread > 0) AND +recorded_at >= ? GROUP BY name
"""

_HEARD = """
SELECT a.id FROM alerts a JOIN sightings s ON s.event_id = a.event_id
WHERE a.state IN ('open', 'lost') GROUP BY a.id HAVING max(s.seen_at) >= ?
"""

_LOST = (
    "; what it could not deliver may be lost: look in the vendor's dashboard for what"
    " `mailhook alerts` says"
)

# Of the last ones only: on a day of a million mails the others would cost seconds.
_LAGS = """
SELECT max(0, (julianday(recorded_at) - julianday(received_at)) * 86400) AS lag
FROM deliveries WHERE recorded_at >= ? AND channel = 'email' ORDER BY recorded_at DESC LIMIT 10000
"""
_LONGEST = f"SELECT count(*) AS count, max(lag) AS longest FROM ({_LAGS})"  # noqa: S608 - ours
_NTH = f"SELECT lag FROM ({_LAGS}) ORDER BY lag LIMIT 1 OFFSET ?"  # noqa: S608 - likewise


def look(settings: Settings, store: Reader, now: datetime) -> Health:
    """The state of things at `now`, and what to do about it."""
    service, found = signs.look(settings, store, now)
    space = room.look(settings.store.path)
    alerts = tuple(row for row in store.alerts(Filters()) if is_unsettled(row))
    waiting = _counts(store, _WAITING, "")
    standing = guard.look(settings, store, now)
    fresh = times.stored(now - _FRESH)
    expected = silence.look(settings, store, now)
    advice = dict.fromkeys(
        (
            *sentences.advise(service, found),
            *sentences.on_silence(expected, _answers(settings, store, expected, now)),
            *room.advise(space),
            *deliveries.advise(standing),
            *_on_alerts(alerts, {row["id"] for row in store.rows(_HEARD, (fresh,))}),
            *_on_quarantine(waiting, _counts(store, _WAITING, fresh), settings, store),
            *refused.advise(refused.look(store, now)),
            *(api.advise(store, now) if settings.api else ()),
        )
    )
    return Health(
        folders=found,
        today=_today(store, now),
        lag_seconds=_lag(store, now),
        alerts=alerts,
        waiting=waiting,
        advice=tuple(advice),
        service=service,
        room=space,
        guard=standing,
        expected=expected,
        api=api.look(settings.api, store, now) if settings.api else None,
    )


def folders(settings: Settings, store: Reader, now: datetime | None = None) -> tuple[Folder, ...]:
    """Each folder of each mailbox, as its last round trip left it; costs a few rows."""
    return signs.look(settings, store, now or times.now())[1]


def is_unsettled(alert: dict[str, Any]) -> bool:
    """Whether there is something to be done about it.

    A hook that is switched off stays so when its gap has been healed, or is lost; and
    what is lost is for a person to find elsewhere.
    """
    return _still(alert) or alert["state"] in {"open", "lost"}


def _still(alert: dict[str, Any]) -> bool:
    return alert["kind"] == "hook_disabled" and alert["state"] in {"healed", "lost"}


def _on_alerts(alerts: Sequence[dict[str, Any]], fresh: set[int]) -> Iterator[Advice]:
    """The same alert of many days is said once, with how to close all of them."""
    groups: dict[tuple[str, str | None], list[int]] = {}
    still = {alert["id"] for alert in alerts if _still(alert)}
    lost = {alert["id"] for alert in alerts if alert["state"] == "lost"}
    for alert in alerts:
        groups.setdefault((alert["kind"], alert["endpoint"]), []).append(alert["id"])
    for (kind, named), ids in groups.items():
        endpoint = named or "an endpoint that is not named"
        words = {
            "delivery_failing": f"deliveries to {endpoint} fail: look at its server, before the"
            " vendor switches the hook off",
            "hook_disabled": f"the hook for {endpoint} is switched off: mend its server, then"
            " enable the hook in the vendor's dashboard",
            "hook_status": f"the state of the hook for {endpoint} has changed: see"
            " `mailhook alerts`",
        }[kind]
        done = f"; when that is done, `mailhook alerts resolve {' '.join(map(str, sorted(ids)))}`"
        wrong = kind != "hook_status" and not (fresh | still).isdisjoint(ids)
        words = f"hook still disabled: {words}" if not still.isdisjoint(ids) else words
        words += "" if lost.isdisjoint(ids) else _LOST
        yield Advice(words + done, wrong=wrong, topic="alert")


def _answers(
    settings: Settings, store: Reader, expected: Sequence[Silence], now: datetime
) -> dict[str, str]:
    """By product, what the API said of those that are silent."""
    if settings.api is None:
        return {}
    silent = [one for one in expected if one.state == "silent"]
    return {one.product: silence.api_says(store, one, now) for one in silent}


def _on_quarantine(
    waiting: dict[str, int], fresh: dict[str, int], settings: Settings, store: Reader
) -> Iterator[Advice]:
    unproven = waiting.get("untrusted", 0)
    dns = waiting.get(_WAITS_FOR_DNS, 0)
    unknown = waiting.get(_UNKNOWN_KEY, 0)
    others = sum(waiting.values()) - unproven - dns - unknown
    if unproven:
        yield _on_unproven(unproven, settings, store)
    if unknown:
        yield _on_unknown_key(unknown, store, fresh=_UNKNOWN_KEY in fresh)
    if dns:
        yield Advice(
            f"in quarantine until the DNS answers for their signatures: {dns}; the service asks"
            " again each hour",
            topic="quarantine",
        )
    if others:
        yield Advice(
            f"in quarantine, not understood or not fetched: {others}; see"
            " `mailhook quarantine list`",
            wrong=bool(fresh.keys() - _NOT_OURS),
            topic="quarantine",
        )


def _on_unproven(mails: int, settings: Settings, store: Reader) -> Advice:
    """Names the senders' domains, and nothing else of them."""
    trust = settings.trust
    looks = (
        "1 mail looks like a hook but comes"
        if mails == 1
        else (f"{mails:,} mails look like hooks but come")
    )
    words = f"{looks} from {senders.in_words(senders.of_unproven(store), trust.senders)}"
    if not trust.authserv_id and trust.require != "dkim":
        unset = "trust.authserv_id is not set; `mailhook doctor` says which line to add"
        return Advice(f"{words}: {unset}", topic="quarantine")
    proven = store.rows("SELECT 1 FROM deliveries WHERE authenticity = 'verified' LIMIT 1")
    return Advice(f"{words}: run `mailhook doctor`", wrong=not proven, topic="quarantine")


def _on_unknown_key(mails: int, store: Reader, *, fresh: bool) -> Advice:
    """Wrong where the sender of one is proven: then it is not forged, and its key is a new one."""
    signed = "a token that no key in trust.signing_keys has signed"
    proven = senders.of_unknown_key(store)
    if not proven:
        has = "1 mail has" if mails == 1 else f"{mails:,} mails have"
        words = f"{has} {signed}: forged, or the key was rotated; if it was, {senders.KEY_TODO}"
        return Advice(words, wrong=False, topic="quarantine")
    has = "1 mail has" if proven.total() == 1 else f"{proven.total():,} mails have"
    words = f"{has} {signed}, though proven to be from {senders.in_words(proven)}"
    todo = f"the key was rotated, it seems: {senders.KEY_TODO}"
    return Advice(f"{words}: {todo}", wrong=fresh, topic="quarantine")


def _today(store: Reader, now: datetime) -> dict[str, int]:
    return _counts(
        store,
        "SELECT outcome AS name, count(*) AS count FROM deliveries WHERE recorded_at >= ?"
        " GROUP BY name ORDER BY count DESC",
        _midnight(now),
    )


def _lag(store: Reader, now: datetime) -> tuple[float, float] | None:
    since = _midnight(now)
    total = store.rows(_LONGEST, (since,))[0]
    if not total["count"]:
        return None
    middle = store.rows(_NTH, (since, total["count"] // 2))
    return (middle[0]["lag"], total["longest"])


def _counts(store: Reader, sql: str, *values: str) -> dict[str, int]:
    return {row["name"]: row["count"] for row in store.rows(sql, values)}


def _midnight(now: datetime) -> str:
    return times.stored(now.replace(hour=0, minute=0, second=0, microsecond=0))
