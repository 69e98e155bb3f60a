"""One event as the vendor tells it, and the token that carries it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailhook import times, token
from mailhook.model import Json, Object


@dataclass(frozen=True, slots=True)
class Happening:
    """An event in the vendor's words; `at` is aware, and told in whole seconds."""

    type: str
    action: str
    object: Object = field(hash=False)
    at: datetime
    id: str
    version: str = "1.0"

    @property
    def timestamp(self) -> str:
        """Its time as the vendor writes it."""
        return times.short(self.at.replace(microsecond=0))

    def told(self) -> dict[str, Json]:
        """The event as it stands in `events` of a token."""
        return {
            "id": self.id,
            "event_type": self.type,
            "event_action": self.action,
            "object": dict(self.object),
            "timestamp": self.timestamp,
            "version": self.version,
        }


def sign(events: Sequence[Happening], key: bytes) -> str:
    """The token that carries the events; `iat` is a second after the last one's time."""
    last = max((one.at for one in events), default=None)
    claims: dict[str, Json] = {"events": [one.told() for one in events], "iss": "Truora"}
    if last:
        claims["iat"] = int((last + timedelta(seconds=1)).timestamp())
    return token.sign(claims, key)
