"""What the machine itself allows in this run: syncs of its disk, signatures checked by one core."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import jwt
from posting import SIGNING_KEY, bodies

from mailhook import token

_SECONDS = 1.0
_PAGE = b"\x5a" * 4096


def told(home: Path) -> str:
    """The limits, in a line."""
    (body,) = bodies(0, 1)
    text, key = body.decode(), SIGNING_KEY.encode()
    usual = _rate(lambda: jwt.decode(text, key, ["HS256"], options={"verify_iat": False}))
    strict = _rate(lambda: token.verify(text, [key]))
    return (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; limits in this run:"
        f" {_syncs(home):,.0f} syncs/s,"
        f" of tokens of {len(body):,} bytes {usual:,.0f} verified/s by PyJWT,"
        f" {strict:,.0f} by mailhook"
    )


def _syncs(home: Path) -> float:
    with (home / "synced").open("wb", buffering=0) as file:

        def sync() -> None:
            file.write(_PAGE)
            os.fdatasync(file.fileno())

        return _rate(sync)


def _rate(work: Callable[[], object]) -> float:
    done, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < _SECONDS:
        work()
        done += 1
    return done / passed
