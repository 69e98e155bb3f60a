"""What one client may take of the endpoint: bytes, time, and a place."""

from __future__ import annotations

import resource
from dataclasses import dataclass

_CONNECTIONS = 512


@dataclass(frozen=True, slots=True)
class Bounds:
    """Each is the most of it; seconds are counted from when it could first be had.

    `headers` is their number, `pipelined` how many requests may wait behind one that is
    being answered. `idle_seconds` is longer than the proxies' own (Caddy: 120), so that
    it is the proxy who hangs up: a hook sent into a connection that is closing is lost.
    `linger_seconds` is how long a connection is still read when it is to end: what is on
    its way is answered at a stop, and a refusal reaches who has not finished speaking.
    """

    head_bytes: int = 64 * 1024
    headers: int = 256
    head_seconds: float = 10
    body_bytes: int = 256 * 1024
    body_seconds: float = 10
    answer_seconds: float = 10
    idle_seconds: int = 130
    linger_seconds: float = 0.5
    pipelined: int = 16
    connections: int = _CONNECTIONS


def places(wanted: int = _CONNECTIONS) -> int:
    """So many connections that half of the descriptors of this process stay free."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, soft // 2)
