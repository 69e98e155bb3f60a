"""IDLE (RFC 2177) as an alarm clock: it says that it may be worth looking, and no more.

What has come is found by the sweep that follows. So nothing is lost by a
server that says too little, and nothing is gained by one that says too much.
"""

from __future__ import annotations

import time

from mailhook.sources.imap.wire import Client, Readable, Wire, readable


def wait(client: Client, bell: Readable, seconds: float) -> bool:
    """Whether new mail was told of before the bell could be read or the time was up.

    The folder has been opened before it was last swept, so that what came
    between is told at once. When this returns a round trip was completed.
    Raises what imaplib raises where the connection broke, also by BYE.
    """
    wire = client.wire
    if wire.heard_exists():
        return True  # in answer to the sweep's last command, so it is not told again
    tag = wire.idle()
    if tag is None:
        client.grants_idle = False
        return False
    told = _listen(wire, bell, seconds)
    wire.done(tag)
    return wire.heard_exists() or told  # one may have come with the end


def _listen(wire: Wire, bell: Readable, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not wire.heard_exists():
        left = deadline - time.monotonic()
        if left <= 0 or readable([bell], 0):
            return False
        if wire.has_more():
            wire.hear()
        else:
            readable([wire.sock, bell], left)
    return True
