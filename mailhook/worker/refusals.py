"""Refused bodies that look like the vendor's: kept, in a thread of their own, as far as they may.

A flood costs no write and delays no answer: whether one is worth keeping is decided in
memory, by its shape, by how much its source has brought, and by what is held already.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from ipaddress import IPv6Address, ip_address, ip_network

from mailhook import times, token
from mailhook.errors import MailhookError, whereabouts
from mailhook.examining import hook
from mailhook.store import Store
from mailhook.store.unverified import Held, Refused
from mailhook.worker.allowance import Allowance
from mailhook.worker.seldom import Seldom

log = logging.getLogger(__name__)

# What waits to be written, at most.
_PLACES, _BYTES = 256, 8_000_000
# They are written together; nobody waits for it.
_GATHER_SECONDS = 0.2
# What others have changed in the table is seen so much later.
_FRESH_SECONDS = 60
_SAY_SECONDS = 3600


class Refusals(threading.Thread):
    """`take` what was refused, from one thread; until `end`."""

    def __init__(self, store: Store, allowance: Allowance | None = None) -> None:
        super().__init__(name="refusals", daemon=True)
        self._store, self._allowance = store, allowance or Allowance()
        self._mutex = threading.Lock()
        self._waiting: dict[bytes, Refused] = {}
        self._bytes = 0
        self._bell, self._ended = threading.Event(), threading.Event()
        self._held, self._held_at = Held(), float("-inf")
        self._troubles = Seldom(_SAY_SECONDS)

    def take(self, body: bytes, source: str) -> bool:
        """Whether the body looks like the vendor's; what does is kept if there is room."""
        if not looks_like_vendor(body):
            return False
        source = spelled(source)
        if self._allowance.take(source) and self._queue(body, source):
            self._bell.set()
        return True

    def end(self) -> None:
        """Write what waits, keep no more."""
        self._ended.set()
        self._bell.set()
        if self.is_alive():
            self.join()

    def run(self) -> None:
        """Write group after group."""
        while not self._ended.is_set():
            self._bell.wait()
            self._ended.wait(_GATHER_SECONDS)
            self._bell.clear()
            self._write(self._taken())
        self._write(self._taken())  # what came while the last group was written

    def _queue(self, body: bytes, source: str) -> bool:
        now = times.now()
        with self._mutex:
            if known := self._waiting.get(body):
                again = replace(known, last_at=now, sightings=known.sightings + 1)
                self._waiting[body] = again
                return True
            if len(self._waiting) >= _PLACES or self._bytes + len(body) > _BYTES:
                return False
            self._waiting[body] = Refused(body, source, now, now)
            self._bytes += len(body)
            return True

    def _taken(self) -> list[Refused]:
        with self._mutex:
            taken, self._waiting, self._bytes = self._waiting, {}, 0
        return list(taken.values())

    def _write(self, group: list[Refused]) -> None:
        try:
            if group and time.monotonic() - self._held_at > _FRESH_SECONDS:
                self._held, self._held_at = self._store.refused_held(), time.monotonic()
            admitted = [one for one in group if self._held.admits(one)]
            if admitted:
                self._store.keep_refused(admitted)
        except MailhookError as error:
            self._held_at = float("-inf")
            self._say(f"refused tokens are not kept: {error}", len(group))
        except Exception as bug:  # noqa: BLE001 - our bug must not end the thread for good
            self._held_at = float("-inf")
            self._say(f"a bug of mailhook: {whereabouts(bug)}", len(group))
        else:
            if dropped := len(group) - len(admitted):
                self._say("refused tokens are not kept: there is no more room for them", dropped)

    def _say(self, words: str, tokens: int) -> None:
        if self._troubles.is_due(words):
            log.warning("%s", words, extra={"tokens": tokens})


def looks_like_vendor(body: bytes) -> bool:
    """Whether a token in the body is such as the vendor sends, whoever has signed it."""
    return any(map(token.claims_vendor, hook.tokens(body)))


def spelled(source: str) -> str:
    """The source by which is counted: an address, of IPv6 its network; a proxy may say anything."""
    if source == "unix":
        return source
    try:
        address = ip_address(source.strip().strip("[]"))
    except ValueError:
        return "unnamed"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))
