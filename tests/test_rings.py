"""Rings keep their time whatever becomes of the wall clock."""

from __future__ import annotations

import threading
import time

import pytest

from mailhook.worker.rings import Rings

DAY = 86_400


@pytest.mark.parametrize("jump", [-DAY, DAY, -400 * DAY])
def test_a_clock_that_jumps_neither_stops_the_rings_nor_floods_them(jump: int):
    heard = threading.Semaphore(0)
    since = [0.0]
    rings = Rings(clock=lambda: time.time() + since[0])
    rings.every(0.1, "hooks", heard.release)
    rings.start()
    try:
        assert heard.acquire(timeout=10)
        since[0] = jump
        rings.mind_the_clock()
        started = time.monotonic()
        for _ in range(3):
            assert heard.acquire(timeout=10)
        assert time.monotonic() - started > 0.15
        rings.mind_the_clock()
        assert heard.acquire(timeout=10)
    finally:
        rings.stop()
