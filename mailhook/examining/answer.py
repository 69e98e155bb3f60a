"""An answer of the vendor's API, from its bytes to a finding: one listed event, or one subject.

Both are spelled as the list spells its events. Who made a subject into one says in
`completes` which event it was asked for, and how far that one is believed: that a
subject is there proves nothing of what an unproven mail said of it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from mailhook import strict_json
from mailhook.errors import MalformedNotice, PermanentError
from mailhook.events import Context
from mailhook.examining.interpreting import interpret_each
from mailhook.model import Authenticity, Delivery, Finding, Json
from mailhook.readers import reading
from mailhook.trust import Trust

NAME = "api"


def examine(delivery: Delivery, trust: Trust) -> Finding:  # noqa: ARG001 - as the other roads have it
    """What the answer tells; it is believed, for it was had from the vendor's own host."""
    host = urlsplit(delivery.location).netloc
    found = Finding(
        delivery,
        "quarantined",
        reader=NAME,
        authenticity="verified",
        authenticity_detail=f"told by the vendor's API at {host}",
    )
    try:
        event = _event(delivery.raw)
        found = replace(found, notices=(reading.notice(event, NAME),))
    except PermanentError as error:
        return replace(found, reason=error.reason)
    origin = partial(_content, event)
    context = Context(delivery.channel, origin, None, delivery.received_at, verified=True)
    events = interpret_each(found.notices, context)
    believed = tuple(replace(one, authenticity=_authenticity(event)) for one in events)
    return replace(found, verdict="read", events=believed)


def _event(raw: bytes) -> dict[str, Json]:
    try:
        event = strict_json.loads(raw)
    except ValueError as error:
        raise MalformedNotice(f"it is no strict JSON: {error}") from None
    if not isinstance(event, dict):
        raise MalformedNotice("an event is no JSON object")
    return event


def _authenticity(event: dict[str, Json]) -> Authenticity:
    completes = event.get("completes")
    unproven = isinstance(completes, dict) and completes.get("authenticity") == "unverified"
    return "unverified" if unproven else "verified"


def _content(event: dict[str, Json]) -> str:
    """What names the event within keys where it has no id: what it says, not how it was sent."""
    names = ("event_type", "event_action", "object", "timestamp")
    said = [event.get(name) for name in names]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
