"""What the operator's own mail server found: its topmost Authentication-Results (RFC 8601)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mailhook.authenticity.results import Result, Results, authserv_id, parse
from mailhook.authenticity.sender import Headers, domain_of, is_aligned, lowered
from mailhook.authenticity.words import Unproven, shown
from mailhook.config import TrustSettings

Method = Literal["dmarc", "dkim"]

_HEADER = "authentication-results"
_LENGTH_LIMIT = 20_000
_HEADERS_LIMIT = 100
_TOLD = 3


def passed(headers: Headers, address: str, method: Method, trust: TrustSettings) -> str:
    """The sentence that says how our server proves the address. Raises Unproven."""
    values = [value for name, value in headers if name == _HEADER]
    at, found = _ours(values, method, trust)
    by = f"by {shown(found.authserv_id or 'the receiving server')}"
    results = [one for one in found.results if one.method == method]
    if not results:
        raise Unproven(f"no {method} result {by}{_in_another(values[at + 1 :], method, trust)}")
    if method == "dmarc":
        return f"{_dmarc(results[0], domain_of(address), by)} {by}"
    return f"{_dkim(results, address, trust.senders, by)} {by}"


def _dmarc(first: Result, domain: str, by: str) -> str:
    """What it found for which domain; where it names none, for the one of From."""
    claimed = {domain_of(one) for one in first.values("header.from")} or {domain}
    verdict = f"dmarc={first.result} for {' and '.join(sorted(claimed))}"
    if verdict != f"dmarc=pass for {domain}":
        whom = "" if claimed == {domain} else f", but From is of {shown(domain)}"
        raise Unproven(f"{shown(verdict)} {by}{whom}")
    return verdict


def _dkim(results: Sequence[Result], address: str, senders: Sequence[str], by: str) -> str:
    """Any pass of a domain that speaks for From; one that names no domain speaks for none."""
    told: list[str] = []
    for one in results:
        signer = _signer(one)
        verdict = f"dkim={one.result} for {signer or 'no domain'}"
        if one.result == "pass" and signer and is_aligned(signer, address, senders):
            return shown(verdict)
        told.append(shown(verdict))
    several = " and ".join(list(dict.fromkeys(told))[:_TOLD])
    raise Unproven(f"{several} {by}, but From is of {shown(domain_of(address))}")


def _signer(result: Result) -> str:
    """The domain that signed: `header.d`, else that of `header.i` (Gmail); empty if unclear."""
    for name in ("header.d", "header.i"):
        if domains := {domain_of(value) for value in result.values(name)}:
            return domains.pop() if len(domains) == 1 else ""
    return ""


def _ours(values: Sequence[str], method: Method, trust: TrustSettings) -> tuple[int, Results]:
    """The topmost header of our own server and its place: one below it may be anybody's."""
    if not trust.authserv_id:
        raise Unproven("trust.authserv_id is not set, so no header counts" + _hint(values))
    for at, value in enumerate(values[:_HEADERS_LIMIT]):
        # One whose server cannot be told may be ours, so what is below it does not count.
        try:
            if _is_ours(value, at, trust):
                return at, _read(value, method)
        except ValueError as error:
            raise Unproven(
                f"an Authentication-Results that may be ours cannot be read: {error}"
            ) from None
    names = shown(", ".join(trust.authserv_id))
    if len(values) > _HEADERS_LIMIT:
        raise Unproven(f"none of the first {_HEADERS_LIMIT} Authentication-Results is of {names}")
    raise Unproven(f"no Authentication-Results of {names}{_hint(values)}")


def _is_ours(value: str, at: int, trust: TrustSettings) -> bool:
    server = authserv_id(value[:_LENGTH_LIMIT])
    return any(_matches(server, name, at) for name in trust.authserv_id)


def _matches(server: str, name: str, at: int) -> bool:
    if name == "unnamed":
        return at == 0 and not server
    name = lowered(name)
    return server.endswith(name[1:]) if name.startswith("*.") else server == name


def _read(value: str, method: Method) -> Results:
    if len(value) > _LENGTH_LIMIT:
        raise ValueError(f"it is longer than {_LENGTH_LIMIT:,} characters")
    return parse(value, method)


def _in_another(below: Sequence[str], method: Method, trust: TrustSettings) -> str:
    """Whether the method stands in a further header that bears our name: proof it is not."""
    for at, value in enumerate(below[:_HEADERS_LIMIT], 1):
        try:
            unnamed = "unnamed" in trust.authserv_id and not authserv_id(value[:_LENGTH_LIMIT])
            is_ours = unnamed or _is_ours(value, at, trust)
            if is_ours and any(one.method == method for one in _read(value, method).results):
                return (
                    "; it stands only in a second header, which does not count: have the server"
                    " write one header with all results, on top"
                )
        except ValueError:
            continue
    return ""


def _hint(values: Sequence[str]) -> str:
    if not values:
        return "; the mail has none"
    try:
        server = authserv_id(values[0][:_LENGTH_LIMIT])
    except ValueError:
        return ""
    return f"; the topmost is of {shown(server)}" if server else "; it names no server"
