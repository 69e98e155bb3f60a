"""What the service manager and the person at the terminal say, heard the moment they say it."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType
from typing import Self

# More than ever come together.
_BYTES = 4096


class Signals:
    """Takes these signals for as long as it is open; only for the main thread."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self._numbers = tuple(numbers)
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def __enter__(self) -> Self:
        # The number is written by the C handler: none can slip in just before a wait begins.
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _noted) for number in self._numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._read)
        os.close(self._write)

    def wait(self, seconds: float) -> list[signal.Signals]:
        """What has come, in order, at latest after so many seconds."""
        poller = select.poll()
        poller.register(self._read, select.POLLIN)
        poller.poll(seconds * 1000)
        with suppress(BlockingIOError):
            told = os.read(self._read, _BYTES)
            return [signal.Signals(number) for number in told if number in self._numbers]
        return []


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The wake-up descriptor has it."""
