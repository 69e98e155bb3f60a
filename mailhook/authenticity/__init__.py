"""Is this mail from whom it says? Only the verdict of the operator's own mail server counts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailhook.authenticity.results import Result, Results, authserv_id, parse
from mailhook.config import TrustSettings
from mailhook.model import Proof

_HEADER = "authentication-results"
# One address and nothing that could hide another: no groups, no routes, no encoded words.
_ADDRESS = re.compile(
    r"""(?: (?P<name> [^<>@,;:()"\\]* | \s*"(?:[^"\\]|\\.)*"\s* )
          <(?P<angle>[^<>@\s,;:()"\\]+@[^<>@\s,;:()"\\]+)>
        | (?P<bare>[^<>@\s,;:()"\\]+@[^<>@\s,;:()"\\]+) )""",
    re.VERBOSE,
)
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_HEADER_LIMIT = 20_000
_SHOWN = 80

Headers = Sequence[tuple[str, str]]


def judge(headers: Headers, trust: TrustSettings) -> Proof:
    """Whether the mail is proven to be from one of `trust.senders`, and why (not) in a sentence."""
    address = _sender(headers)
    if isinstance(address, Proof):
        return address
    domain = address.rpartition("@")[2]
    if not _is_listed(address, trust.senders):
        return _no(f"{_shown(domain)} is not in trust.senders")
    found = _ours(headers, trust)
    if isinstance(found, Proof):
        return found
    by = f"by {_shown(found.authserv_id or 'the receiving server')}"
    verdicts = sorted({_verdict(one, domain) for one in found.results if one.method == "dmarc"})
    if not verdicts:
        return _no(f"no dmarc result {by}")
    if verdicts != [f"dmarc=pass for {domain}"]:
        whom = f", but From is of {_shown(domain)}" if _is_for_another(verdicts, domain) else ""
        return _no(f"{' and '.join(map(_shown, verdicts))} {by}{whom}")
    return Proof(verified=True, detail=f"dmarc=pass for {domain} {by}")


def _is_for_another(verdicts: Sequence[str], domain: str) -> bool:
    return not any(verdict.endswith(f" for {domain}") for verdict in verdicts)


def _verdict(dmarc: Result, domain: str) -> str:
    """What the server found for which domain; where it names none, for the one of From."""
    claimed = {_domain(address) for address in dmarc.values("header.from")} or {domain}
    return f"dmarc={dmarc.result} for {' and '.join(sorted(claimed))}"


def _sender(headers: Headers) -> str | Proof:
    """The one address of the one From; display names, Sender and Reply-To are never looked at."""
    values = [value for name, value in headers if name == "from"]
    if len(values) != 1:
        return _no(f"there are {len(values)} From headers")
    found = _ADDRESS.fullmatch(values[0].strip()) if len(values[0]) < _HEADER_LIMIT else None
    if found is None:
        return _no("From does not hold exactly one plain address")
    address = (found["angle"] or found["bare"]).lower()
    local, _, domain = address.rpartition("@")
    if not _DOMAIN.fullmatch(domain) or not local.isascii() or "=?" in local:
        return _no("From's address is not in plain letters")
    return address


def _is_listed(address: str, senders: Sequence[str]) -> bool:
    domain = address.rpartition("@")[2]
    return any(
        address == listed if "@" in listed else domain == listed or domain.endswith(f".{listed}")
        for listed in map(_lowered, senders)
    )


def _ours(headers: Headers, trust: TrustSettings) -> Results | Proof:
    """The topmost header of our own server: one written below it may be anybody's."""
    values = [value for name, value in headers if name == _HEADER]
    if not trust.authserv_id:
        return _no("trust.authserv_id is not set, so no header counts" + _hint(values))
    for nth, value in enumerate(values):
        # One whose server cannot be told may be ours, so what is below it does not count.
        try:
            server = authserv_id(value[:_HEADER_LIMIT])
            if any(_matches(server, name, nth) for name in trust.authserv_id):
                return _read(value)
        except ValueError as error:
            return _no(f"an Authentication-Results that may be ours cannot be read: {error}")
    names = ", ".join(trust.authserv_id)
    return _no(f"no Authentication-Results of {_shown(names)}" + _hint(values))


def _read(value: str) -> Results:
    if len(value) > _HEADER_LIMIT:
        raise ValueError(f"it is longer than {_HEADER_LIMIT:,} characters")
    return parse(value)


def _matches(server: str, name: str, nth: int) -> bool:
    if name == "unnamed":
        return nth == 0 and not server
    name = _lowered(name)
    return server.endswith(name[1:]) if name.startswith("*.") else server == name


def _hint(values: Sequence[str]) -> str:
    if not values:
        return "; the mail has none"
    try:
        server = authserv_id(values[0][:_HEADER_LIMIT])
    except ValueError:
        return ""
    return f"; the topmost is of {_shown(server)}" if server else "; it names no server"


def _domain(text: str) -> str:
    return _lowered(text.rpartition("@")[2])


def _lowered(name: str) -> str:
    """Case folded and in IDNA's letters, as it stands in headers."""
    try:
        return name.strip().lower().encode("idna").decode() if not name.isascii() else name.lower()
    except UnicodeError:
        return name.lower()


def _shown(text: str) -> str:
    """What came from a mail, safe to print."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text[:_SHOWN])


def _no(detail: str) -> Proof:
    return Proof(verified=False, detail=detail)


__all__ = ["Result", "Results", "judge", "parse"]
