"""How long a test waits for what only a hang would keep from coming."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SECONDS = 60


@contextmanager
def bounded(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Kill it after a minute, so that whoever reads its log meets the end of it.

    Around one wait: a process that serves many tests lives as long as they take.
    """
    watchdog = threading.Timer(_SECONDS, process.kill)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
