"""A mail, from its bytes to a finding: authenticate, read, interpret."""

from __future__ import annotations

from dataclasses import replace

from mailhook import authenticity, catalog, message, readers
from mailhook.errors import (
    DnsTemporary,
    MalformedMessage,
    PermanentError,
    UnknownNotice,
    Untrusted,
)
from mailhook.examining.interpreting import interpret_all
from mailhook.model import Delivery, Finding, Message, Proof
from mailhook.readers import Reading
from mailhook.trust import Trust


def examine(delivery: Delivery, trust: Trust) -> Finding:
    """What the mail tells, and whether that is believed."""
    try:
        mail = message.parse(delivery.raw)
    except MalformedMessage as error:
        return _quarantined(Finding(delivery, "quarantined"), delivery.problem or error.reason)
    proof = authenticity.prove(
        delivery.raw, mail.headers, delivery.received_at, trust.settings, trust.lookup
    )
    finding = _described(delivery, mail, proof)
    if delivery.problem:
        return _quarantined(finding, delivery.problem)
    if message.is_report(mail) or message.is_auto_reply(mail):
        return replace(finding, verdict="ignored", reason="automatic: a delivery report or reply")
    reading = readers.read(mail, catalog.load(), trust.keys, trust.tag)
    finding = replace(
        finding,
        unread=reading.unread,
        reader=reading.reader,
        notices=reading.notices,
        conflicts=reading.conflicts,
    )
    try:
        return _believed(finding, mail, reading, proof, trust)
    except PermanentError as error:
        return _quarantined(finding, error.reason)


def _described(delivery: Delivery, mail: Message, proof: Proof) -> Finding:
    return Finding(
        delivery,
        "read",
        authenticity="verified" if proof.verified else "unverified",
        authenticity_detail=proof.detail,
        message_id=mail.message_id,
        sender=", ".join(mail.senders) or None,
        subject=mail.subject or None,
        sent_at=mail.date,
    )


def _believed(
    finding: Finding, mail: Message, reading: Reading, proof: Proof, trust: Trust
) -> Finding:
    """The finding with its events, if what was read may be believed."""
    if reading.problem and not reading.notices:
        return _quarantined(finding, reading.problem)
    if not reading.notices and proof.temporary:
        raise DnsTemporary(proof.detail)
    if not reading.notices:
        return _nothing_read(finding, mail)
    events = interpret_all(finding, reading.notices)
    if trust.settings.require == "none":
        return replace(finding, events=events)
    proven = tuple(event for event in events if event.authenticity == "verified")
    if not proven and all(notice.passed_on for notice in reading.notices):
        raise Untrusted("it reads like a hook, but of a mail that this one only passes on")
    if not proven and proof.temporary:
        raise DnsTemporary(f"it reads like a hook, but {proof.detail}")
    if not proven:
        raise Untrusted(f"it reads like a hook, but {finding.authenticity_detail}")
    return replace(
        finding,
        events=proven,
        unread=finding.unread + len(events) - len(proven),
    )


def _nothing_read(finding: Finding, mail: Message) -> Finding:
    if finding.authenticity == "unverified":
        return replace(finding, verdict="ignored", reason="no_notice: nothing in it is a hook")
    if message.is_bulk(mail) and not readers.suspicious(mail, catalog.load()):
        return replace(finding, verdict="ignored", reason="bulk: a newsletter, not a hook")
    raise UnknownNotice("the sender is proven, but no reader understood what the mail says")


def _quarantined(finding: Finding, reason: str) -> Finding:
    return replace(finding, verdict="quarantined", reason=reason, events=())
