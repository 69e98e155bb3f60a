"""Alerts that a hook is switched off close themselves, within an open transaction.

By a verified mail that it is enabled again, or by web hooks that come to its endpoint again
(`resumed`). In whatever order all that was read; where another hook may be meant, never.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailhook import times
from mailhook.events import endpoint
from mailhook.model import Event, Finding
from mailhook.store import audit, resumed
from mailhook.store.alerts import ClosedBy, resolve
from mailhook.store.audit import Deed
from mailhook.store.hook import Hook, named, plain

_TOKENS = 3
_WHY: dict[ClosedBy, str] = {
    "mail": "a verified mail says that the hook is enabled again",
    "web": f"what had ceased comes to web.url again, by {_TOKENS} verified web hooks or more",
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
_KNOWN = """
SELECT DISTINCT endpoint, detail ->> 'hook_name' FROM alerts WHERE authenticity = 'verified'
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a mail about a hook named, and when it was last told; `number` of an open alert."""

    hook: Hook
    at: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class _Hooks:
    """Those that are `off`, and all that mails have ever told of."""

    off: frozenset[Hook]
    known: frozenset[Hook]

    def is_one(self, hook: Hook) -> bool:
        """Whether no two names are known of what posts where this one does."""
        return len({one.name for one in self.known if one.name and one.may_share(hook)}) <= 1


def review(
    connection: sqlite3.Connection, findings: Sequence[Finding], url: str | None, now: datetime
) -> None:
    """Close what these findings, recorded just now, show to be over; `audit` tells of it.

    `url` is the address at which the web hooks come, None where it is not known.
    """
    told = [one for finding in findings for one in finding.events if _is_of_hook(one)]
    came = list(_came(findings)) if url else []
    if not (told or came):
        return
    alerts = [_told(*row) for row in connection.execute(_OPEN)]
    if not alerts:
        return
    enabled = [*_in_hand(told, now), *(_told(*row) for row in connection.execute(_ENABLED))]
    known = {Hook(plain(row[0]), named(row[1])) for row in connection.execute(_KNOWN)}
    hooks = _Hooks(
        frozenset(one.hook for one in alerts), frozenset({*known, *(one.hook for one in enabled)})
    )
    for alert in alerts:
        if any(_ends(one, alert, hooks) for one in enabled):
            _close(connection, alert, "mail", now)
        elif url and alert.hook.endpoint == plain(url) and hooks.is_one(alert.hook):
            products = {one.product for one in came if times.stored(one.occurred_at) > alert.at}
            among = None if told else products
            if by := resumed.deliveries(connection, alert.at, now, _TOKENS, among):
                _close(connection, alert, "web", now, deliveries=by)


def parts(findings: Sequence[Finding]) -> Iterator[Sequence[Finding]]:
    """The findings, in order, cut behind each that tells of a hook itself."""
    start = 0
    for end, finding in enumerate(findings, 1):
        if end == len(findings) or any(map(_is_of_hook, finding.events)):
            yield findings[start:end]
            start = end


def _is_of_hook(event: Event) -> bool:
    return event.event_type == "webhook"


def _came(findings: Iterable[Finding]) -> Iterator[Event]:
    """What came by web, and when, as the vendor says."""
    for finding in findings:
        if finding.delivery.channel == "web" and finding.authenticity == "verified":
            yield from (one for one in finding.events if not one.undated)


def _told(address: str | None, name: object, at: str, number: int = 0) -> _Told:
    return _Told(Hook(plain(address), named(name)), at, number)


def _in_hand(told: Iterable[Event], now: datetime) -> Iterator[_Told]:
    """A mail that joins an older one of the same kind has no row that says `enabled`."""
    for event in told:
        if event.event_action == "enabled" and event.authenticity == "verified":
            at = times.stored(min(event.occurred_at, now))
            yield _told(endpoint(event.object), event.object.get("hook_name"), at)


def _ends(enabled: _Told, alert: _Told, hooks: _Hooks) -> bool:
    """Whether it speaks of that hook, later.

    Where one of the two names none, only if no other is known there; where one of them tells
    no address either, only if no other is off.
    """
    if enabled.at < alert.at or not enabled.hook.may_share(alert.hook):
        return False
    if enabled.hook.name and alert.hook.name:
        return enabled.hook.name == alert.hook.name
    is_there = enabled.hook.endpoint and alert.hook.endpoint
    return hooks.is_one(alert.hook) and (bool(is_there) or len(hooks.off) == 1)


def _close(
    connection: sqlite3.Connection, alert: _Told, by: ClosedBy, now: datetime, **detail: list[int]
) -> None:
    resolve(connection, [alert.number], now, by)
    deed = Deed("mailhook", "alerts resolve", _WHY[by])
    audit.note(connection, now, deed, {"alerts": [alert.number], **detail})
