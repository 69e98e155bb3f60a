"""DNS for keys: a time-out for each question, answers kept as long as they say."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from mailhook.authenticity.keys import Unanswered

T = TypeVar("T")

Answer: TypeAlias = tuple[tuple[bytes, ...], float]
"""TXT records, and for how many seconds they hold."""

_TIMEOUT_SECONDS = 5
_ABSENT_SECONDS = 300
_FAILED_SECONDS = 60
# A record that says it holds for ever may be withdrawn all the same.
_LONGEST_SECONDS = 86_400
_KEPT = 1_000


class Resolver:
    """A `Lookup`. Safe for threads; a copy in another process starts with nothing kept.

    `ask` answers one name and raises Unanswered; `now` counts seconds.
    """

    def __init__(
        self,
        ask: Callable[[str], Answer] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask or asked
        self._now = now
        self._start()

    def _start(self) -> None:
        self._kept: OrderedDict[str, tuple[float, tuple[bytes, ...]]] = OrderedDict()
        self._silent: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, name: str) -> Sequence[bytes]:
        """The TXT records of the name.

        While a domain does not answer, only the first question of each minute waits for it:
        a folder with a thousand mails must not wait five seconds for each.
        """
        domain = name.partition("._domainkey.")[2] or name
        now = self._now()
        with self._lock:
            until, records = self._kept.get(name, (now, ()))
            if now < until:
                return records
            if now < self._silent.get(domain, now):
                raise Unanswered(name)
        try:
            records, seconds = self._ask(name)
        except Unanswered:
            with self._lock:
                _keep(self._silent, domain, self._now() + _FAILED_SECONDS)
            raise
        with self._lock:
            _keep(self._kept, name, (self._now() + min(seconds, _LONGEST_SECONDS), records))
        return records

    def __getstate__(self) -> dict[str, object]:
        return {"_ask": self._ask, "_now": self._now}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._start()


def _keep(among: OrderedDict[str, T], name: str, value: T) -> None:
    """Keep the value as the newest; the oldest gives way."""
    among[name] = value
    among.move_to_end(name)
    if len(among) > _KEPT:
        among.popitem(last=False)


def asked(name: str, server: tuple[str, int] | None = None) -> Answer:
    """What the server answers, or the system's. Raises Unanswered where it does not, or not yet."""
    import dns.exception
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver(configure=server is None)
        if server:
            resolver.nameservers, resolver.port = [server[0]], server[1]
        answer = resolver.resolve(
            f"{name}.",
            "TXT",
            lifetime=_TIMEOUT_SECONDS,
            raise_on_no_answer=False,
            search=False,
        )
    except dns.resolver.NXDOMAIN:
        return (), _ABSENT_SECONDS
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise Unanswered(type(error).__name__) from None
    if answer.rrset is None:
        return (), _ABSENT_SECONDS
    records = tuple(b"".join(record.strings) for record in answer.rrset)
    return records, float(answer.chaining_result.minimum_ttl)
