"""Every step's decision for one delivery, as plain values: for a person, or as JSON."""

from __future__ import annotations

import hashlib

from mailhook import advice, message, readers, times
from mailhook.errors import MalformedMessage
from mailhook.explain import answer, hook
from mailhook.explain.decoding import Part
from mailhook.model import Delivery, Event, Finding, Message, Notice
from mailhook.pipeline import examine
from mailhook.store import Reader
from mailhook.store.ledger import Foreseen
from mailhook.trust import Trust

# What is no mail out of a mailbox lies where its bytes say, or for the API which event it is.
_SAME_BYTES = """
SELECT id, channel, outcome, reason FROM deliveries WHERE channel = 'email' AND sha256 = ?1
UNION ALL
SELECT id, channel, outcome, reason FROM deliveries
WHERE location IN ('file:' || ?1, 'web:' || ?1, ?2) ORDER BY id LIMIT 1
"""


def explain(
    delivery: Delivery, trust: Trust, store: Reader | None = None, window_seconds: float = 0
) -> dict[str, Part]:
    """The parts `delivery`, `message`, `sender`, `reading`, `events`, `store` and `verdict`.

    Of a web hook it is `token` and `signature` in place of `message` and `sender`, of an
    answer of the API `answer` in place of `message`.

    It is examined anew, with today's rules and settings; nothing is written.
    `reading` has what each notice says and on which words it was read, `events` what
    of it is believed, by key, `store` what would become of these now.
    """
    finding = examine(delivery, trust)
    told: dict[str, Part] = {
        "delivery": _delivery(delivery),
        **_as_it_came(finding, trust),
        "reading": _reading(finding),
        "events": {event.key: _event(event) for event in finding.events},
        "store": _store(finding, store, window_seconds),
        "verdict": _verdict(finding),
    }
    return trust.tag.blanked(told) if trust.tag else told


def _as_it_came(finding: Finding, trust: Trust) -> dict[str, Part]:
    match finding.delivery.channel:
        case "web":
            return hook.parts(finding, trust)
        case "api":
            return answer.parts(finding)
    return _mail(finding)


def _mail(finding: Finding) -> dict[str, Part]:
    return {
        "message": _message(finding.delivery),
        "sender": {
            "from": finding.sender,
            "proven": finding.authenticity == "verified",
            "why": finding.authenticity_detail,
        },
    }


def _verdict(finding: Finding) -> Part:
    told: Part = {"verdict": finding.verdict, "reason": finding.reason}
    if finding.delivery.channel == "web":
        told |= hook.verdict(finding)
    words = advice.on(finding.reason, finding.delivery.channel)
    return {**told, "advice": told.get("advice") or words}


def _delivery(delivery: Delivery) -> Part:
    return {
        "location": delivery.location,
        "received_at": times.stored(delivery.received_at),
        "bytes": len(delivery.raw),
    }


def _reading(finding: Finding) -> Part:
    return {
        "reader": finding.reader,
        "not_understood": finding.unread,
        "conflicts": list(finding.conflicts),
        **{f"notice {nth}": _notice(one) for nth, one in enumerate(finding.notices, 1)},
        "left_over": _left_over(finding),
    }


def _notice(notice: Notice) -> Part:
    return {
        "type": notice.type,
        "action": notice.action,
        "timestamp": notice.timestamp,
        "confidence": notice.confidence,
        **({"forwarded": True} if notice.passed_on else {}),
        "object": dict(notice.object),
        "read_in": dict(notice.told_in),
    }


def _left_over(finding: Finding) -> list[str]:
    """The lines of the mail's own words on which nothing was read, as far as lines were read."""
    told = [line for notice in finding.notices for line in notice.told_in.values()]
    if (finding.notices and not told) or finding.delivery.channel in {"web", "api"}:
        return []
    try:
        lines = readers.own_lines(message.parse(finding.delivery.raw))
    except MalformedMessage:
        return []
    used = "\n".join(told)
    return [line for line in lines if line not in used and any(map(str.isalnum, line))]


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


def _store(finding: Finding, store: Reader | None, window_seconds: float) -> Part:
    """What would become of each event now, and whether its very bytes are there already."""
    if store is None:
        return {"known": "there is no store yet"}
    foreseen = _all_foreseen(finding, store, window_seconds)
    digest = hashlib.sha256(finding.delivery.raw).hexdigest()
    rows = store.rows(_SAME_BYTES, (digest, finding.delivery.location))
    if not rows:
        return {"these_bytes": "not in the store", **foreseen}
    known = rows[0]
    words = f"delivery {known['id']}, by {known['channel']}: {known['outcome']}"
    return {"these_bytes": words, "then": known["reason"], **foreseen}


def _all_foreseen(finding: Finding, store: Reader, window_seconds: float) -> Part:
    """What would become of each event; a subject that was asked for tells of none."""
    if asked_for := answer.key(finding):
        return {asked_for: answer.stands_in(store, asked_for)}
    channel = finding.delivery.channel
    return {
        event.key: _foreseen(store.foresee(event, channel, window_seconds))
        for event in finding.events
    }


def _foreseen(foreseen: Foreseen) -> Part:
    fields = ", ".join(clash.field for clash in foreseen.clashes)
    return {
        "would_be": f"one more sighting of {foreseen.key}" if foreseen.key else "a new row",
        "fills": ", ".join(foreseen.changes),
        "conflicts_in": fields,
    }
