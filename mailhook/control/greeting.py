"""The first frame, from the service: who it is, and how much it takes or why nothing."""

from __future__ import annotations

from typing import Final

from mailhook.control.address import Unusable
from mailhook.control.wire import Wire, within
from mailhook.errors import TemporaryError
from mailhook.model import Object

PROTOCOL: Final = 1
_SECONDS = 10


class Busy(TemporaryError):
    """As many as the service takes are talking to it; nothing was asked."""


def welcome(wire: Wire, limit_bytes: int) -> None:
    """Let the caller ask; at most so many bytes of mails may come with it."""
    wire.send({"protocol": PROTOCOL, "limit_bytes": limit_bytes}, within(_SECONDS))


def refuse(wire: Wire, reason: str) -> None:
    """Say why this caller may not ask."""
    wire.send({"protocol": PROTOCOL, "refused": reason}, within(_SECONDS))


def put_off(wire: Wire, clients: int) -> None:
    """Say that so many are being served, and no more."""
    wire.send({"protocol": PROTOCOL, "busy": clients}, within(_SECONDS))


def read(told: Object) -> int:
    """How many bytes may be sent. Raises Busy and Unusable; ValueError for no greeting."""
    match told:
        case {"protocol": int(protocol)} if protocol != PROTOCOL:
            raise Unusable("the running service is of another version; restart it")
        case {"limit_bytes": int(limit_bytes)}:
            return limit_bytes
        case {"busy": int(clients)}:
            raise Busy(f"the running service is busy with {clients} other commands; try again")
        case {"refused": str(reason)}:
            raise Unusable(reason)
    raise ValueError("this is no greeting")
