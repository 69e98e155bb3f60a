"""The way of a delivery: authenticate, read, interpret, record. Read this first.

    sources ─ Delivery ─▶ examine ─ Finding ─▶ store ─ Outcome

`examine` is pure: bytes in, a finding out; nothing is raised whatever the
bytes are, and what DNS says comes through `trust.lookup`. `ingest` commits the
findings of a batch with the position they lead to. Every road (mailbox, file,
and what is still to come) goes through these two functions.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mailhook import authenticity, catalog, message, readers
from mailhook.errors import (
    DnsTemporary,
    MailhookError,
    MalformedMessage,
    PermanentError,
    UnknownNotice,
    Untrusted,
    whereabouts,
)
from mailhook.events import Context, interpret
from mailhook.model import After, Batch, Delivery, Event, Finding, Message, Outcome, Proof
from mailhook.readers import Reading
from mailhook.store import Store
from mailhook.trust import Trust

if TYPE_CHECKING:
    from mailhook.store.again import Change, Log
    from mailhook.store.kept import Kept

log = logging.getLogger(__name__)
T = TypeVar("T")


def ingest(batch: Batch, store: Store, trust: Trust, after: After | None = None) -> list[Outcome]:
    """Examine the batch and commit it whole; each delivery's outcome, in order.

    Raises TemporaryError if it could not be made durable; nothing is written then.
    A delivery that trips a bug of ours is quarantined, and its neighbours go on.
    """
    findings = [examine(delivery, trust) for delivery in batch.deliveries]
    return commit(batch, findings, store, after)


def commit(
    batch: Batch, findings: Sequence[Finding], store: Store, after: After | None = None
) -> list[Outcome]:
    """Record what was found in the batch, as `ingest` does."""
    outcomes = _isolated(lambda: store.record(findings, batch.position, after))
    if not isinstance(outcomes, _Bug):
        return outcomes
    one_by_one = [_record_alone(finding, store, after) for finding in findings]
    store.record([], batch.position)
    return one_by_one


def reexamine(
    pairs: Sequence[tuple[Kept, Finding | None]], store: Store, log: Callable[[Log], None]
) -> list[Change]:
    """Commit what was found by examining stored deliveries again: all, or those without a bug.

    None stands for bytes that cannot be examined: what is known of them stays.
    """
    changes = _isolated(lambda: store.reexamine(pairs, log))
    if not isinstance(changes, _Bug):
        return changes
    one_by_one = (_isolated(partial(store.reexamine, [pair], log)) for pair in pairs)
    return [change for some in one_by_one if not isinstance(some, _Bug) for change in some]


def examine(delivery: Delivery, trust: Trust) -> Finding:
    """What the delivery tells, and whether that is believed. Never raises."""
    finding = _isolated(lambda: _blanked(_examine(delivery, trust), trust))
    return _buggy(delivery, finding) if isinstance(finding, _Bug) else finding


def _blanked(finding: Finding, trust: Trust) -> Finding:
    """The finding without the tag, which nobody is shown; the bytes stay as they came."""
    if trust.tag is None:
        return finding
    return replace(trust.tag.blanked(finding), delivery=finding.delivery)


def _record_alone(finding: Finding, store: Store, after: After | None) -> Outcome:
    outcomes = _isolated(lambda: store.record([finding], after=after))
    if isinstance(outcomes, _Bug):
        outcomes = store.record([_buggy(finding.delivery, outcomes)])
    return outcomes[0]


@dataclass(frozen=True, slots=True)
class _Bug:
    """Where an error of ours came from, without its message: that may quote the mail."""

    where: str


def _isolated(work: Callable[[], T]) -> T | _Bug:
    try:
        return work()
    except MailhookError:
        raise
    except Exception as error:  # noqa: BLE001 - our bug must cost one delivery, not the rest
        where = whereabouts(error)
        log.error("a bug of mailhook: %s", where)  # noqa: TRY400 - its message may quote the mail
        return _Bug(where)


def _buggy(delivery: Delivery, bug: _Bug) -> Finding:
    reason = f"bug: {bug.where}; please report it: its bytes are kept"
    return Finding(delivery, "quarantined", reason=reason)


def _examine(delivery: Delivery, trust: Trust) -> Finding:
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
    events = interpret_all(finding, reading)
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


def interpret_all(finding: Finding, reading: Reading) -> tuple[Event, ...]:
    """The events that the notices of one delivery tell of."""
    delivery = finding.delivery
    context = Context(
        channel=delivery.channel,
        origin=_origin(finding),
        sent_at=finding.sent_at,
        received_at=delivery.received_at,
        verified=finding.authenticity == "verified",
    )
    words = catalog.load()
    return tuple(
        interpret(notice, nth, context, words) for nth, notice in enumerate(reading.notices, 1)
    )


def _origin(finding: Finding) -> str:
    if finding.message_id:
        return f"mail:{finding.message_id}"
    return hashlib.sha256(finding.delivery.raw).hexdigest()


def _nothing_read(finding: Finding, mail: Message) -> Finding:
    if finding.authenticity == "unverified":
        return replace(finding, verdict="ignored", reason="no_notice: nothing in it is a hook")
    if message.is_bulk(mail) and not readers.suspicious(mail, catalog.load()):
        return replace(finding, verdict="ignored", reason="bulk: a newsletter, not a hook")
    raise UnknownNotice("the sender is proven, but no reader understood what the mail says")


def _quarantined(finding: Finding, reason: str) -> Finding:
    return replace(finding, verdict="quarantined", reason=reason, events=())
