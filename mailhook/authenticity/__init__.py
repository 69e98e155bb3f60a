"""Is this mail from whom it says? By the operator's own mail server, or by its own signature."""

from __future__ import annotations

from datetime import datetime

from mailhook.authenticity import sender, verdicts
from mailhook.authenticity.keys import Lookup, Unanswered
from mailhook.authenticity.results import Result, Results, parse
from mailhook.authenticity.sender import Headers
from mailhook.authenticity.verdicts import Method
from mailhook.authenticity.words import Unproven
from mailhook.config import TrustSettings
from mailhook.model import Proof

# What proves a mail by `trust.require`; where nothing is required, either does.
_METHODS: dict[str, tuple[Method, ...]] = {
    "dmarc": ("dmarc",),
    "dkim": ("dkim",),
    "none": ("dmarc", "dkim"),
}


def judge(headers: Headers, trust: TrustSettings) -> Proof:
    """Whether our server's header proves the mail to be of `trust.senders`, and why (not)."""
    reason = ""
    for method in _METHODS[trust.require]:
        try:
            address = sender.trusted(headers, trust.senders)
            return Proof(verified=True, detail=verdicts.passed(headers, address, method, trust))
        except Unproven as error:
            reason = reason or str(error)
    return Proof(verified=False, detail=reason)


def prove(
    raw: bytes, headers: Headers, at: datetime, trust: TrustSettings, lookup: Lookup | None
) -> Proof:
    """As `judge`; what the header leaves unproven is proven by the mail's own signature.

    `at` is when the mail came: signatures expire. `lookup` asks DNS; None asks nobody.
    """
    proof = judge(headers, trust)
    if proof.verified or lookup is None:
        return proof
    from mailhook.authenticity import dkim

    try:
        address = sender.trusted(headers, trust.senders)
        return Proof(verified=True, detail=dkim.passed(raw, address, trust.senders, at, lookup))
    except Unproven as error:
        detail = proof.detail if str(error) == proof.detail else f"{proof.detail}; {error}"
        return Proof(verified=False, detail=detail, temporary=error.temporary)


__all__ = ["Lookup", "Result", "Results", "Unanswered", "judge", "parse", "prove"]
