"""What a program prints, bounded in time and in bytes."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence


class TooMuch(Exception):
    """The program printed more than was wanted."""


def output(command: Sequence[str], seconds: float, max_bytes: int) -> bytes:
    """All that the program prints to stdout, run without a shell, stdin or stderr.

    If it fails to end in time or prints too much, it is killed with its children.

    Raises:
        OSError: it cannot be started.
        TimeoutError: it did not end within the seconds.
        TooMuch: it printed more than the bytes.
        subprocess.CalledProcessError: it failed.
    """
    # A session of its own, so that its children can be ended with it; stderr may hold
    # the secret and is not kept.
    with subprocess.Popen(  # noqa: S603 - the operator's own command
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            printed = _printed(process, seconds, max_bytes)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "")
    return printed


def _printed(process: subprocess.Popen[bytes], seconds: float, max_bytes: int) -> bytes:
    """Read until the pipe's end, then wait for the program's."""
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    deadline = time.monotonic() + seconds
    pipe, printed = process.stdout.fileno(), b""
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        while ready.select(max(0, deadline - time.monotonic())):
            chunk = os.read(pipe, max_bytes + 1)
            if not chunk:
                return _ended(process, printed, deadline)
            printed += chunk
            if len(printed) > max_bytes:
                raise TooMuch
    raise TimeoutError


def _ended(process: subprocess.Popen[bytes], printed: bytes, deadline: float) -> bytes:
    try:
        process.wait(max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return printed
