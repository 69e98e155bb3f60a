"""The way of a delivery: authenticate, read, interpret, record. Read this first.

    sources ─ Delivery ─▶ examine ─ Finding ─▶ store ─ Outcome

`examine` is pure: bytes in, a finding out; nothing is raised whatever the
bytes are, and what DNS says comes through `trust.lookup`. `ingest` commits the
findings of a batch with the position they lead to. Every road (mailbox, file,
web hook, API) goes through these two functions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mailhook.errors import MailhookError, whereabouts
from mailhook.examining import answer, hook, mail
from mailhook.model import After, Batch, Channel, Delivery, Finding, Outcome
from mailhook.store import Store
from mailhook.trust import Trust

if TYPE_CHECKING:
    from mailhook.store.again import Change, Log
    from mailhook.store.kept import Kept
    from mailhook.store.writer import Also

log = logging.getLogger(__name__)
T = TypeVar("T")

# What arrives by each road: a mail, the body of a web hook, an answer of the API.
_EXAMINE: Mapping[Channel, Callable[[Delivery, Trust], Finding]] = {
    "email": mail.examine,
    "file": mail.examine,
    "web": hook.examine,
    "api": answer.examine,
}


def ingest(batch: Batch, store: Store, trust: Trust, after: After | None = None) -> list[Outcome]:
    """Examine the batch and commit it whole; each delivery's outcome, in order.

    Raises TemporaryError if it could not be made durable; nothing is written then.
    A delivery that trips a bug of ours is quarantined, and its neighbours go on.
    """
    findings = [examine(delivery, trust) for delivery in batch.deliveries]
    return commit(batch, findings, store, after)


def commit(
    batch: Batch,
    findings: Sequence[Finding],
    store: Store,
    after: After | None = None,
    also: Also | None = None,
) -> list[Outcome]:
    """Record what was found in the batch, as `ingest` does; `also` is done with it."""
    outcomes = _isolated(lambda: store.record(findings, batch.position, after, also))
    if not isinstance(outcomes, _Bug):
        return outcomes
    one_by_one = [_record_alone(finding, store, after) for finding in findings]
    store.record([], batch.position, also=also)
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
    examine_kind = _EXAMINE[delivery.channel]
    finding = _isolated(lambda: _blanked(examine_kind(delivery, trust), trust))
    if not isinstance(finding, _Bug):
        return finding
    known = Finding(delivery, "quarantined")
    if delivery.channel == "web" and _isolated(lambda: hook.is_signed(delivery, trust)) is True:
        known = replace(known, authenticity="verified", authenticity_detail="signed with our key")
    return _buggy(known, finding)


def _blanked(finding: Finding, trust: Trust) -> Finding:
    """The finding without the tag, which nobody is shown; the bytes stay as they came."""
    if trust.tag is None:
        return finding
    return replace(trust.tag.blanked(finding), delivery=finding.delivery)


def _record_alone(finding: Finding, store: Store, after: After | None) -> Outcome:
    outcomes = _isolated(lambda: store.record([finding], after=after))
    if isinstance(outcomes, _Bug):
        outcomes = store.record([_buggy(finding, outcomes)])
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


def _buggy(known: Finding, bug: _Bug) -> Finding:
    """The delivery held for our fault; who sent it is known all the same."""
    return Finding(
        known.delivery,
        "quarantined",
        reason=f"bug: {bug.where}; please report it: its bytes are kept",
        authenticity=known.authenticity,
        authenticity_detail=known.authenticity_detail,
    )
