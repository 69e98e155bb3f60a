"""What one mail shows of its proof; of its words nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailhook import message
from mailhook.authenticity.results import Results, parse
from mailhook.errors import MalformedMessage
from mailhook.health.senders import domain_of, plain
from mailhook.model import Delivery, Finding, Message
from mailhook.pipeline import examine
from mailhook.trust import Trust

_HEADER = "authentication-results"
# Of one mail; a good server writes one to three.
_STAMPS, _STAMP_CHARS = 20, 20_000
_LIKE_HOOKS = frozenset({"untrusted", "unknown_key", "malformed_notice"})
_TOLD = ("dmarc", "dkim", "spf")
# The properties that say for whom a method passed (RFC 8601 section 2.7, RFC 7489 section 11.1).
_FOR = {"dmarc": ("header.from",), "dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One method's result, and for which domain: None where none is told, empty if not plain."""

    method: str
    result: str
    domain: str | None


@dataclass(frozen=True, slots=True)
class Stamp:
    """One Authentication-Results: whose (empty: it names no server), and what it found.

    `server` is None where it cannot be read, or is no name of a host.
    """

    server: str | None
    verdicts: tuple[Verdict, ...] = ()

    def of(self, method: str) -> tuple[Verdict, ...]:
        """What it says of the method."""
        return tuple(one for one in self.verdicts if one.method == method)


@dataclass(frozen=True, slots=True)
class Sight:
    """One mail. `domain` is From's; `stamps` stand in the order of the mail, topmost first.

    `is_signed`: whether one of our keys has signed its token; None where it has none, or where
    the keys cannot be had.
    """

    domain: str | None
    is_hook: bool
    is_forwarded: bool
    is_proven: bool
    is_signed: bool | None
    stamps: tuple[Stamp, ...]
    received_at: datetime

    def said(self) -> str:
        """What the topmost stamp says of From's domain, in a few words."""
        if not self.stamps:
            return "no Authentication-Results"
        top = self.stamps[0]
        who = (
            "an unnamed server"
            if top.server == ""
            else (top.server or "a header of no host's name")
        )
        passed = [m for m in _TOLD if any(self.is_pass(one) for one in top.of(m))]
        return f"{' and '.join(f'{m}=pass' for m in passed) or 'no pass'} by {who}"

    def passes(self) -> bool:
        """Whether the topmost stamp, whosever it is, lets it pass by DMARC or DKIM."""
        told = self.stamps[0].verdicts if self.stamps else ()
        return any(one.method != "spf" and self.is_pass(one) for one in told)

    def is_pass(self, verdict: Verdict) -> bool:
        """Whether it passes for From's domain: DMARC for that very one, else for a relative."""
        if verdict.result != "pass" or self.domain is None:
            return False
        if verdict.domain is None:
            return verdict.method == "dmarc"
        if verdict.method == "dmarc":
            return verdict.domain == self.domain
        return _related(verdict.domain, self.domain)


def look(delivery: Delivery, trust: Trust) -> Sight:
    """Examine the mail as the service would, in memory."""
    finding = examine(delivery, trust)
    reason = (finding.reason or "").partition(":")[0]
    return Sight(
        domain=domain_of(finding.sender),
        is_hook=bool(finding.notices) or reason in _LIKE_HOOKS,
        is_forwarded=bool(finding.notices) and all(one.passed_on for one in finding.notices),
        is_proven=finding.authenticity == "verified"
        or any(event.authenticity == "verified" for event in finding.events),
        is_signed=_is_signed(finding, reason, trust),
        stamps=tuple(_stamps(delivery.raw)),
        received_at=delivery.received_at,
    )


def _is_signed(finding: Finding, reason: str, trust: Trust) -> bool | None:
    if any(notice.proven for notice in finding.notices):
        return True
    is_told = reason == "unknown_key" and len(trust.keys) == len(trust.settings.signing_keys)
    return False if is_told else None


def ours(sight: Sight, names: Sequence[str]) -> list[Stamp]:
    """The stamps that a server of these names (`trust.authserv_id`) seems to have made."""
    return [
        stamp
        for nth, stamp in enumerate(sight.stamps)
        if stamp.server is not None and is_named(stamp.server, names, nth=nth)
    ]


def is_named(server: str, names: Sequence[str], *, nth: int = 0) -> bool:
    """Whether `trust.authserv_id` means that server, whose stamp is the `nth` of its mail."""
    return any(_is_named(server, name, nth) for name in names)


def _is_named(server: str, name: str, nth: int) -> bool:
    if name == "unnamed" or server in {"", "unnamed"}:
        return name == "unnamed" and nth == 0 and server in {"", "unnamed"}
    if name.startswith("*."):
        return server.endswith(f".{plain(name[2:]) or name[2:].lower()}")
    return server == (plain(name) or name.lower())


def _stamps(raw: bytes) -> Iterator[Stamp]:
    try:
        mail = message.parse(raw)
    except MalformedMessage:
        return
    for value in _values(mail):
        try:
            results = parse(value[:_STAMP_CHARS])
        except ValueError:
            yield Stamp(None)
        else:
            # A header may say anything: only the name of a host is repeated to anybody.
            named = results.authserv_id
            yield Stamp(plain(named) if named else "", tuple(_verdicts(results)))


def _values(mail: Message) -> list[str]:
    return mail.header(_HEADER)[:_STAMPS]


def _verdicts(results: Results) -> Iterator[Verdict]:
    for one in results.results:
        if one.method in _FOR:
            told = [value for name in _FOR[one.method] for value in one.values(name)]
            domains = {plain(value.rpartition("@")[2]) or "" for value in told}
            # DKIM's d= and i= may differ by a subdomain: the shorter one has signed.
            domain = min(domains, key=len, default=None)
            if one.method == "dmarc" and len(domains) > 1:
                domain = ""
            yield Verdict(one.method, "pass" if one.result == "pass" else "no", domain)


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
