"""From the notices of one delivery to its events, whatever road it came by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from mailhook import catalog
from mailhook.events import Context, interpret
from mailhook.model import Event, Finding, Notice


def interpret_all(
    finding: Finding, notices: Sequence[Notice], origin: str = ""
) -> tuple[Event, ...]:
    """The events that the notices of one delivery tell of.

    `origin` names the delivery within keys; left out, a mail's Message-ID does, or the
    sha256 of the bytes.
    """
    delivery = finding.delivery
    context = Context(
        channel=delivery.channel,
        origin=origin or _origin(finding),
        sent_at=finding.sent_at,
        received_at=delivery.received_at,
        verified=finding.authenticity == "verified",
    )
    words = catalog.load()
    return tuple(interpret(notice, nth, context, words) for nth, notice in enumerate(notices, 1))


def _origin(finding: Finding) -> str:
    if finding.message_id:
        return f"mail:{finding.message_id}"
    return hashlib.sha256(finding.delivery.raw).hexdigest()
