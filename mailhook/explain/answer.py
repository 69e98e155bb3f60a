"""An answer of the vendor's API: what was asked for, and what the store makes of it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from mailhook.explain.decoding import Part, decoded
from mailhook.model import Finding
from mailhook.store import Reader

_LISTED = "an event of its list"
_SUBJECT = "a subject, which was asked for because of an event"
_FETCHED = "SELECT fetched FROM events WHERE key = ?"


def parts(finding: Finding) -> dict[str, Part]:
    """The parts `answer` and `sender`: what was told, by which host."""
    members, asked_for = decoded(finding.delivery.raw), key(finding)
    return {
        "answer": {
            "is": _SUBJECT if asked_for else _LISTED,
            "asked_for": asked_for,
            "members": members,
        },
        "sender": {
            "from": urlsplit(finding.delivery.location).netloc,
            "proven": finding.authenticity == "verified",
            "why": finding.authenticity_detail,
        },
    }


def key(finding: Finding) -> str | None:
    """The event because of which it was asked for; None where it is an event itself."""
    if finding.delivery.channel != "api":
        return None
    completes: Any = decoded(finding.delivery.raw).get("completes")
    return str(completes.get("key")) if isinstance(completes, dict) else None


def stands_in(store: Reader, asked_for: str) -> Part:
    """What of the event is the subject's word now, for no road has told it."""
    for row in store.rows(_FETCHED, (asked_for,)):
        fields = ", ".join(json.loads(row["fetched"] or "[]"))
        return {"stands_in_for": fields or "nothing: roads have told it since"}
    return {"stands_in_for": "nothing: the event is not kept any more"}
