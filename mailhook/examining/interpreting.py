"""From the notices of one delivery to its events, whatever road it came by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from mailhook import catalog
from mailhook.events import Context, interpret
from mailhook.model import Event, Finding, Notice


def interpret_all(finding: Finding, notices: Sequence[Notice]) -> tuple[Event, ...]:
    """The events that the notices of one mail tell of.

    Its Message-ID names it within keys, or the sha256 of its bytes.
    """
    delivery = finding.delivery
    context = Context(
        channel=delivery.channel,
        origin=_origin(finding),
        sent_at=finding.sent_at,
        received_at=delivery.received_at,
        verified=finding.authenticity == "verified",
    )
    return interpret_each(notices, context)


def interpret_each(notices: Sequence[Notice], context: Context) -> tuple[Event, ...]:
    """The events that the notices of one delivery tell of, in their order."""
    words = catalog.load()
    return tuple(interpret(notice, nth, context, words) for nth, notice in enumerate(notices, 1))


def _origin(finding: Finding) -> str:
    if finding.message_id:
        return f"mail:{finding.message_id}"
    return hashlib.sha256(finding.delivery.raw).hexdigest()
