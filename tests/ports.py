"""Ports of loopback for servers that are told where to listen: each is given out once.

A port that the kernel chose and that was closed again may be anybody's a moment later: another
server's, or the near end of somebody's connection, be it one to that very port. So they come
from below those that the kernel chooses from, in blocks, and a block is one process's alone for
as long as it holds the UDP port that the block begins with.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

_FIRST, _BLOCK = 10_000, 100
_leases: list[socket.socket] = []


def free_port() -> int:
    """Nobody listens there, and nobody else is given it while this process runs."""
    return next(_given)


def _ports() -> Iterator[int]:
    for first in _blocks():
        yield from filter(_is_free, range(first + 1, first + _BLOCK))


def _blocks() -> Iterator[int]:
    blocks = range(_FIRST, _chosen_by_the_kernel() - _BLOCK, _BLOCK)
    start = secrets.randbelow(len(blocks))
    for first in (*blocks[start:], *blocks[:start]):
        lease = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            lease.bind(("127.0.0.1", first))
        except OSError:
            lease.close()
        else:
            _leases.append(lease)
            yield first


def _chosen_by_the_kernel() -> int:
    """The lowest of them (ip(7))."""
    return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_given = _ports()
