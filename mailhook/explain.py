"""Every step's decision for one delivery, as plain values: for a person, or as JSON."""

from __future__ import annotations

import hashlib
from typing import Any

from mailhook import advice, message, times
from mailhook.errors import MalformedMessage
from mailhook.model import Delivery, Event, Finding, Message, Notice
from mailhook.pipeline import examine
from mailhook.store import Reader
from mailhook.trust import Trust

Part = dict[str, Any]


def explain(delivery: Delivery, trust: Trust, store: Reader | None = None) -> dict[str, Part]:
    """The parts `delivery`, `message`, `sender`, `reading`, `events`, `store` and `verdict`.

    It is examined anew, with today's rules and settings; nothing is written.
    `reading` has what each notice says, `events` what of it is believed, by key.
    """
    finding = examine(delivery, trust)
    return {
        "delivery": _delivery(delivery),
        "message": _message(delivery),
        "sender": {
            "from": finding.sender,
            "proven": finding.authenticity == "verified",
            "why": finding.authenticity_detail,
        },
        "reading": {
            "reader": finding.reader,
            "not_understood": finding.unread,
            **{f"notice {nth}": _notice(one) for nth, one in enumerate(finding.notices, 1)},
        },
        "events": {event.key: _event(event) for event in finding.events},
        "store": _store(finding, store),
        "verdict": {
            "verdict": finding.verdict,
            "reason": finding.reason,
            "advice": advice.on(finding.reason),
        },
    }


def _delivery(delivery: Delivery) -> Part:
    return {
        "location": delivery.location,
        "received_at": times.stored(delivery.received_at),
        "bytes": len(delivery.raw),
    }


def _notice(notice: Notice) -> Part:
    return {
        "type": notice.type,
        "action": notice.action,
        "timestamp": notice.timestamp,
        "object": dict(notice.object),
    }


def _message(delivery: Delivery) -> Part:
    try:
        mail = message.parse(delivery.raw)
    except MalformedMessage as error:
        return {"problem": error.reason}
    return {
        "subject": mail.subject,
        "date": times.stored(mail.date) if mail.date else None,
        "message_id": mail.message_id,
        "parts": _parts(mail),
    }


def _parts(mail: Message) -> list[str]:
    bodies = [("text", mail.text), ("HTML", mail.html)]
    parts = [f"{name} of {len(text):,} characters" for name, text in bodies if text.strip()]
    parts += [
        f"attachment {part.filename or 'without a name'} ({part.content_type},"
        f" {len(part.payload):,} bytes)"
        for part in mail.attachments
    ]
    return parts + [f"attached message of {len(inner):,} bytes" for inner in mail.forwarded]


def _event(event: Event) -> Part:
    return {
        "product": event.product,
        "event": f"{event.event_type}.{event.event_action}",
        "subject": event.subject_id,
        "status": event.status,
        "occurred_at": times.stored(event.occurred_at),
        "time_source": event.time_source,
        "authenticity": event.authenticity,
        "confidence": event.confidence,
        "ids": [name for name in (event.truora_id, event.idempotency_key) if name],
    }


def _store(finding: Finding, store: Reader | None) -> Part:
    """What is in the store of it already; of what it tells, and of its very bytes."""
    if store is None:
        return {"known": "there is no store yet"}
    told = _recorded(store, [event.base_key for event in finding.events])
    digest = hashlib.sha256(finding.delivery.raw).hexdigest()
    rows = store.rows(
        "SELECT id, channel, outcome, reason FROM deliveries WHERE sha256 = ? ORDER BY id LIMIT 1",
        (digest,),
    )
    if not rows:
        return {"these_bytes": "not in the store", "events_there": told}
    known = rows[0]
    words = f"delivery {known['id']}, by {known['channel']}: {known['outcome']}"
    return {"these_bytes": words, "then": known["reason"], "events_there": told}


def _recorded(store: Reader, bases: list[str]) -> list[str]:
    """The keys of recorded events that these may be one more sighting of."""
    rows = [
        row["key"]
        for base in bases
        for row in store.rows(
            "SELECT key FROM events WHERE key = ? OR (key > ? || '@' AND key < ? || 'A')",
            (base, base, base),
        )
    ]
    return list(dict.fromkeys(rows))
