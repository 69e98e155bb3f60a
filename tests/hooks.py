"""Web hooks for tests: tokens as the vendor sends them, and a store that is given them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from itertools import count

import mails

from mailhook import times, token
from mailhook.config import TrustSettings
from mailhook.examining import hook
from mailhook.model import Batch, Channel, Delivery, Finding, Outcome
from mailhook.pipeline import ingest
from mailhook.store import Store
from mailhook.trust import Trust

KEY = b"hooks-for-tests-0123456789abcdef"
OTHER_KEY = b"another-key-for-tests-0123456789"
TRUST = Trust(TrustSettings(authserv_id=(mails.SERVER,)), (KEY,))
_numbers = count(1)


def check(subject: str, at: datetime, action: str = "finished") -> dict[str, object]:
    """One event of a check, as a token carries it."""
    digest = hashlib.sha256(f"{subject} {action} {at}".encode()).hexdigest()
    return {
        "id": f"HKE{digest[:40]}",
        "event_type": "check",
        "event_action": action,
        "object": {"check_id": subject, "status": "completed"},
        "timestamp": times.short(at.replace(microsecond=0)),
        "version": "1.0",
    }


def signed(*events: dict[str, object], made_at: datetime, key: bytes = KEY) -> bytes:
    """The body of one POST."""
    claims = {"iss": "Truora", "iat": int(made_at.timestamp()), "events": list(events)}
    return token.sign(claims, key).encode()  # type: ignore[arg-type]


def posted(body: bytes, at: datetime) -> Delivery:
    return Delivery("web", f"web:{hashlib.sha256(body).hexdigest()}", at, body)


def of_check(subject: str, at: datetime, came: timedelta = timedelta()) -> Delivery:
    """A check that finished then, by web, so much later."""
    return posted(signed(check(subject, at), made_at=at), at + came)


def examined(body: bytes, at: datetime) -> Finding:
    return hook.examine(posted(body, at), TRUST)


def mailed(raw: bytes, at: datetime = mails.NOON, channel: Channel = "email") -> Delivery:
    location = f"imap://hooks@imap.example.com/INBOX;UIDVALIDITY=9/;UID={next(_numbers)}"
    return Delivery(channel, location, at, raw)


def take(store: Store, *deliveries: Delivery) -> list[Outcome]:
    """Record them in this order, each in a transaction of its own."""
    return [ingest(Batch((one,)), store, TRUST)[0] for one in deliveries]
