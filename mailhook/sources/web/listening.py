"""The socket the endpoint listens on: one that systemd passes, or one of our own."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

from mailhook.config import WebSettings
from mailhook.errors import ConfigError, Problem

_FIRST_PASSED = 3  # SD_LISTEN_FDS_START, sd_listen_fds(3)
_BACKLOG = 1024


def passed(environment: MutableMapping[str, str] = os.environ) -> socket.socket | None:
    """The first socket that systemd passes (sd_listen_fds(3)); taken out of the environment."""
    pid, count, _ = (environment.pop(f"LISTEN_{name}", "") for name in ("PID", "FDS", "FDNAMES"))
    if pid != str(os.getpid()) or not count.isdigit() or int(count) < 1:
        return None
    found = socket.socket(fileno=_FIRST_PASSED)
    found.set_inheritable(False)
    return found


def bound(settings: WebSettings) -> socket.socket:
    """A socket that listens where the settings say. Raises ConfigError."""
    listen = settings.listen
    try:
        if listen.startswith("unix:"):
            return _unix(Path(listen.removeprefix("unix:")))
        host, _, port = listen.rpartition(":")
        return _tcp(host.strip("[]"), int(port))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "stop what listens there, or choose another"
        raise ConfigError([Problem("web.listen", f"{listen}: {reason}", hint)]) from error


def _tcp(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _unix(path: Path) -> socket.socket:
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode) and not _answers(path):
            path.unlink()
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(path))
        path.chmod(0o660)
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _answers(path: Path) -> bool:
    """Whether somebody listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        return asked.connect_ex(str(path)) == 0
