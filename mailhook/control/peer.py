"""Who is at the other end, by what the kernel says (unix(7), SO_PEERCRED)."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

_ROOT = 0
# struct ucred: pid, uid, gid.
_CREDENTIALS = struct.Struct("iII")


def uid(connected: socket.socket) -> int:
    """The user of the process that connected, or listens, at the other end."""
    return uid_in(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))


def uid_in(credentials: bytes) -> int:
    """The user that a `struct ucred` names."""
    return int(_CREDENTIALS.unpack(credentials)[1])


def may_ask(user: int) -> bool:
    """Whether commands are taken from that user: the one we run as, or root."""
    return user in {_ROOT, os.geteuid()}


def may_serve(user: int, store: Path) -> bool:
    """Whether mails are handed to that user: root, or the owner of the store if there is one."""
    if user == _ROOT:
        return True
    try:
        return store.stat().st_uid == user
    except OSError:
        return False
