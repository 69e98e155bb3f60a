"""Alerts that a hook is switched off close themselves, within an open transaction.

By a verified mail that it is enabled again, or by web hooks that come to its endpoint:
three verified tokens, each of an event of its own that is later than the alert. In
whatever order all that was read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from mailhook import times
from mailhook.events import endpoint
from mailhook.model import Event, Finding
from mailhook.store import audit
from mailhook.store.alerts import ClosedBy, resolve
from mailhook.store.audit import Deed

_TOKENS = 3
_PORTS = {"http": 80, "https": 443}
_WHY: dict[ClosedBy, str] = {
    "mail": "a verified mail says that the hook is enabled again",
    "web": f"{_TOKENS} verified web hooks of later events have come to web.url",
}

_OPEN = """
SELECT endpoint, detail ->> 'hook_name', last_seen_at, id FROM alerts
WHERE kind = 'hook_disabled' AND state <> 'resolved' ORDER BY id
"""
_ENABLED = """
SELECT a.endpoint, a.detail ->> 'hook_name', a.last_seen_at
FROM alerts a JOIN events e ON e.id = a.event_id
WHERE a.kind = 'hook_status' AND a.authenticity = 'verified' AND e.event_action = 'enabled'
"""
# Each tells of an event that none before it did: one token may come again in another dress.
_CAME = """
SELECT DISTINCT s.delivery_id FROM events e JOIN sightings s ON s.event_id = e.id
WHERE e.occurred_at > ? AND e.time_source = 'vendor'
  AND s.channel = 'web' AND s.authenticity = 'verified'
  AND NOT EXISTS (SELECT 1 FROM sightings o WHERE o.event_id = s.event_id
                    AND o.channel = 'web' AND o.delivery_id < s.delivery_id)
LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a mail about a hook named, and when it was last told; `number` of an open alert."""

    endpoint: str | None
    hook_name: str | None
    at: str
    number: int = 0


def review(
    connection: sqlite3.Connection, findings: Sequence[Finding], url: str | None, now: datetime
) -> None:
    """Close what these findings, recorded just now, show to be over; `audit` tells of it.

    `url` is the address at which the web hooks come, None where it is not known.
    """
    told = [one for finding in findings for one in finding.events if _is_of_hook(one)]
    by_web = url and any(finding.delivery.channel == "web" for finding in findings)
    if not (told or by_web):
        return
    alerts = [_Told(*row) for row in connection.execute(_OPEN)]
    if not alerts:
        return
    came = max(_moments(findings), default="")
    enabled = [*_in_hand(told), *(_Told(*row) for row in connection.execute(_ENABLED))]
    is_lone = len({(plain(one.endpoint), one.hook_name) for one in alerts}) == 1
    for alert in alerts:
        if any(_ends(one, alert, is_lone=is_lone) for one in enabled):
            _close(connection, alert, "mail", now)
        elif url and plain(alert.endpoint) == plain(url) and (told or came > alert.at):
            rows = connection.execute(_CAME, (alert.at, _TOKENS)).fetchall()
            if len(rows) == _TOKENS:
                _close(connection, alert, "web", now, deliveries=sorted(row[0] for row in rows))


def parts(findings: Sequence[Finding]) -> Iterator[Sequence[Finding]]:
    """The findings, in order, cut behind each that tells of a hook itself."""
    start = 0
    for end, finding in enumerate(findings, 1):
        if end == len(findings) or any(map(_is_of_hook, finding.events)):
            yield findings[start:end]
            start = end


def _is_of_hook(event: Event) -> bool:
    return event.event_type == "webhook"


def plain(address: str | None) -> str | None:
    """The address in one spelling: host in lower case, no default port, no slash at its end."""
    try:
        parts = urlsplit(address.strip() if address else "")
        host, port, scheme = (parts.hostname or "").rstrip("."), parts.port, parts.scheme
    except ValueError:
        return address
    if not host:
        return address or None
    named = "" if port in {None, _PORTS.get(scheme)} else f":{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{host}{named}{parts.path.rstrip('/')}{query}"


def _moments(findings: Iterable[Finding]) -> Iterator[str]:
    """When what came by web happened, as the vendor says."""
    for finding in findings:
        if finding.delivery.channel == "web" and finding.authenticity == "verified":
            yield from (times.stored(one.occurred_at) for one in finding.events if not one.undated)


def _in_hand(told: Iterable[Event]) -> Iterator[_Told]:
    """A mail that joins an older one of the same kind has no row that says `enabled`."""
    for event in told:
        if event.event_action == "enabled" and event.authenticity == "verified":
            name = event.object.get("hook_name")
            hook_name = name if isinstance(name, str) else None
            yield _Told(endpoint(event.object), hook_name, times.stored(event.occurred_at))


def _ends(enabled: _Told, alert: _Told, *, is_lone: bool) -> bool:
    """Whether it speaks of that hook, later; what names none does if no other hook is off."""
    if enabled.at < alert.at:
        return False
    if enabled.endpoint and alert.endpoint:
        return plain(enabled.endpoint) == plain(alert.endpoint)
    if enabled.hook_name and alert.hook_name:
        return enabled.hook_name.casefold() == alert.hook_name.casefold()
    return is_lone


def _close(
    connection: sqlite3.Connection, alert: _Told, by: ClosedBy, now: datetime, **detail: list[int]
) -> None:
    resolve(connection, [alert.number], now, by)
    deed = Deed("mailhook", "alerts resolve", _WHY[by])
    audit.note(connection, now, deed, {"alerts": [alert.number], **detail})
