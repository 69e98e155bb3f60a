"""Rings keep their time whatever becomes of the wall clock."""

from __future__ import annotations

import threading
import time

import pytest

from mailhook.worker.rings import Rings

DAY = 86_400


@pytest.mark.parametrize("jump", [-DAY, DAY, -400 * DAY])
def test_a_clock_that_jumps_neither_stops_the_rings_nor_floods_them(jump: int):
    heard, times, since = threading.Semaphore(0), list[float](), [0.0]

    def ring() -> None:
        times.append(time.monotonic())
        heard.release()

    rings = Rings(clock=lambda: time.time() + since[0])
    rings.every(0.1, "hooks", ring)
    rings.start()
    try:
        assert heard.acquire(timeout=10)
        since[0] = jump
        rings.mind_the_clock()
        started = time.monotonic()
        for _ in range(3 + len(times)):
            assert heard.acquire(timeout=20)
        after = [at for at in times if at >= started]
        # One may have been late, and one due before the clock was minded.
        assert len(after) <= 2 + (after[-1] - started) / 0.1
        rings.mind_the_clock()
        assert heard.acquire(timeout=10)
    finally:
        rings.stop()
