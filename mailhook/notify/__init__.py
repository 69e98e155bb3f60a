"""Sending to Apprise's targets, in a short-lived process of its own. Owner of apprise.

Apprise takes a second and 60 MB to load, and a target may hang; neither is to
be the service's trouble. A target's URL holds its secrets: it goes in by a
pipe, never as an argument, and comes out in no error.
"""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

# A child that has not ended by then is killed; Apprise itself waits 4 s for most answers.
_SECONDS = 60
# How long a call for the end may go unheard.
_STOP_SECONDS = 0.2
_SCHEME = re.compile(r"([a-z][a-z0-9+]{0,31})://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Posting:
    """One message for one target, plain text; without a body it is not sent, only looked at."""

    url: str
    title: str
    body: str


def send(
    postings: Sequence[Posting], *, seconds: float = _SECONDS, stop: threading.Event | None = None
) -> list[str | None]:
    """Send all at the same time; for each None, or why it was not delivered, without secrets.

    Returns after `seconds` at the latest, and soon after `stop` was set.
    """
    told = dict(_answers(postings, seconds, stop or threading.Event()))
    unheard = f"it did not end within {seconds:g} s"
    return [told.get(nth, unheard) or None for nth in range(len(postings))]


def understood(urls: Sequence[str], *, seconds: float = _SECONDS) -> list[bool]:
    """Whether Apprise can make something of each URL; sends nothing."""
    asked = [Posting(url, "", "") for url in urls]
    return [why is None for why in send(asked, seconds=seconds)]


def scheme(url: str) -> str:
    """What kind of target it is (`mailto`, `slack`), which may be shown; empty where unclear."""
    found = _SCHEME.match(url)
    return found[1].lower() if found else ""


def _answers(
    postings: Sequence[Posting], seconds: float, stop: threading.Event
) -> Iterator[tuple[int, str]]:
    """The number of each posting that was tried, and what went wrong; empty if nothing."""
    if not postings:
        return
    try:
        printed, ended = _printed(json.dumps([asdict(one) for one in postings]), seconds, stop)
    except OSError as error:
        why = f"no process could be started: {(error.strerror or 'system error').lower()}"
        yield from ((nth, why) for nth in range(len(postings)))
        return
    if ended:  # whatever it did not answer, Apprise has tripped over
        yield from ((nth, "Apprise failed at it") for nth in range(len(postings)))
    for line in printed.splitlines():
        nth, _, why = line.partition(" ")
        yield int(nth), why


def _printed(work: str, seconds: float, stop: threading.Event) -> tuple[str, bool]:
    """What the child has printed, in whole lines, and whether it came to its end."""
    with subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-P", "-m", f"{__name__}.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # its words may quote a URL
        start_new_session=True,  # a ^C is ours to handle
    ) as child:
        try:
            printed, ended = _read(child, work.encode(), time.monotonic() + seconds, stop)
        finally:
            child.kill()
    return printed[: printed.rfind(b"\n") + 1].decode(), ended


def _read(
    child: subprocess.Popen[bytes], work: bytes, deadline: float, stop: threading.Event
) -> tuple[bytes, bool]:
    assert child.stdin is not None  # noqa: S101 - pipes were asked for
    assert child.stdout is not None  # noqa: S101 - likewise
    try:
        child.stdin.write(work)
        child.stdin.close()
    except BrokenPipeError:
        pass  # it has ended already, which its other pipe tells
    printed = b""
    while (left := deadline - time.monotonic()) > 0 and not stop.is_set():
        if select.select([child.stdout], [], [], min(left, _STOP_SECONDS))[0]:
            part = os.read(child.stdout.fileno(), 65_536)
            if not part:
                return printed, True
            printed += part
    return printed, False
