"""A bell that threads ring and poll(2) can hear, beside a socket."""

from __future__ import annotations

import os
import select
from contextlib import suppress


class Bell:
    """Rung by any thread; stays heard until it is muted."""

    def __init__(self) -> None:
        self._file = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def fileno(self) -> int:
        """What poll(2) takes; readable while the bell is rung."""
        return self._file

    def ring(self) -> None:
        """Wake whoever waits, now or next."""
        with suppress(BlockingIOError):  # it has been rung 2^64 times
            os.eventfd_write(self._file, 1)

    def mute(self) -> None:
        """Forget that it was rung."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._file)

    def wait(self, seconds: float) -> bool:
        """Whether it was rung within so many seconds."""
        poller = select.poll()
        poller.register(self._file, select.POLLIN)
        return bool(poller.poll(max(0, seconds) * 1000))

    def __del__(self) -> None:
        with suppress(OSError):
            os.close(self._file)
