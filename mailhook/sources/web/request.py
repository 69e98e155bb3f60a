"""One request as far as it has come, and who sent it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import TypeAlias

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

# No address is longer; what a proxy hands on may be.
_ADDRESS_CHARS = 64
# To parse an address takes as long as to check a signature.
_PEERS = 1024


@dataclass(slots=True, eq=False)
class Request:
    """Its head, names of headers in lower case, and what has come of its body.

    `path` is as it was sent, without what follows a `?`; `peer` the address of who is
    connected, empty for a unix socket.
    """

    method: bytes
    path: bytes
    headers: Headers
    peer: str
    keep_alive: bool
    awaits_100: bool = False  # whether the client sends its body once it is told to
    body_bytes: int = 0
    parts: list[bytes] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        """The whole body."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)

    @property
    def source(self) -> str:
        """Who sent it: the peer, or whom a proxy on this machine names last in X-Forwarded-For.

        `unix` where neither is known by an address.
        """
        peer = self.peer
        if peer and not _is_here(peer):
            return peer
        for name, value in reversed(self.headers):
            if name == b"x-forwarded-for":
                return _address(value) or peer or "unix"
        return peer or "unix"


def _address(forwarded: bytes) -> str:
    """The last address that is named; empty where it is none, so that nobody invents sources."""
    named = forwarded.decode("latin-1").rpartition(",")[2].strip()
    if len(named) > _ADDRESS_CHARS:
        return ""
    try:
        return str(ip_address(named.removeprefix("[").removesuffix("]")))
    except ValueError:
        return ""


@lru_cache(_PEERS)
def _is_here(peer: str) -> bool:
    try:
        return ip_address(peer.removeprefix("::ffff:")).is_loopback
    except ValueError:
        return True
