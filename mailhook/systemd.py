"""Tells the service manager how we are: sd_notify(3), one datagram a message.

What is sent never costs the service anything: a manager that is gone, or never
was, is no error.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress

_STATUS_CHARS = 200
# A manager that has not read what came before holds nobody up for longer.
_SEND_SECONDS = 1
_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Notifier:
    """The way to the service manager; without an address every method does nothing.

    `watchdog_seconds` is how often `watchdog` must be called at least: half the
    time after which the manager ends the service. None: nobody watches.
    """

    def __init__(self, address: str = "", watchdog_seconds: float | None = None) -> None:
        # An abstract name is written with @ and begins with NUL (unix(7)).
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_seconds = watchdog_seconds

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] = os.environ) -> Notifier:
        """What the manager has set, taken out so that children do not speak in our name."""
        address, microseconds, pid = (environment.pop(name, "") for name in _VARIABLES)
        is_ours = pid in {"", str(os.getpid())}
        seconds = _seconds(microseconds) / 2 if is_ours else 0
        return cls(address, seconds or None)

    def ready(self, status: str = "") -> None:
        """The service does its work; also the end of what `reloading` began."""
        self._send("READY=1", _status(status))

    def status(self, text: str) -> None:
        """One line for `systemctl status`, cut at 200 characters."""
        self._send(_status(text))

    def reloading(self) -> None:
        """New settings are being taken; `ready` ends it, whether or not they were good."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str = "") -> None:
        """The service is coming to its end."""
        self._send("STOPPING=1", _status(status))

    def watchdog(self) -> None:
        """Something got on: to be called after progress, never by a clock alone."""
        if self.watchdog_seconds:
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        message = "\n".join(filter(None, lines)).encode()
        if not self._address or not message:
            return
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
        with suppress(OSError), socket.socket(socket.AF_UNIX, kind) as sender:
            sender.settimeout(_SEND_SECONDS)
            sender.sendto(message, self._address)


def _status(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"STATUS={line[:_STATUS_CHARS]}" if line else ""


def _seconds(microseconds: str) -> float:
    return int(microseconds) / 1e6 if microseconds.isascii() and microseconds.isdigit() else 0.0
