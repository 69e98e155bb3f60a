"""What stands in a web hook's token, decoded without believing it, and whether it is believed.

The place to decode by hand: nothing here may be used for anything but being looked at.
"""

from __future__ import annotations

from mailhook import times, token
from mailhook.examining import hook
from mailhook.explain.decoding import Part, decoded
from mailhook.model import Finding
from mailhook.trust import Trust

_ADVICE = (
    "if it is genuine, its signing key is not among trust.signing_keys: compare them with the"
    " vendor's dashboard, put the right one first, restart mailhook, then `mailhook token recheck`"
)
_UNVERIFIED = "no key has signed this: anybody may have written it"


def parts(finding: Finding, trust: Trust) -> dict[str, Part]:
    """The parts `token` and `signature`; what is in the token is marked where nothing proves it."""
    text = chosen(finding.delivery.raw, trust)
    header, claims = (decoded(one) for one in token.split(text))
    valid = finding.authenticity == "verified"
    told = {} if valid else {"unverified": _UNVERIFIED}
    return {
        "token": {**told, "header": header, "claims": claims},
        "signature": {
            "valid": valid,
            "why": finding.authenticity_detail,
            "keys": len(trust.keys),
            **_age(claims, finding),
        },
    }


def verdict(finding: Finding) -> Part:
    """What the endpoint answers; what it does not believe has no row."""
    if finding.authenticity == "verified":
        return {"answer": "200, once it is committed"}
    return {"verdict": "refused", "answer": "401", "advice": _ADVICE}


def chosen(body: bytes, trust: Trust) -> str:
    """The token of the body: one that a key has signed, else the first that is one; else empty."""
    found = [one for one in hook.tokens(body) if token.is_one(one)]
    signed = (one for one in found if token.is_signed(one, trust.keys))
    return next(signed, found[0] if found else "")


def _age(claims: Part, finding: Finding) -> Part:
    made_at = hook.made_at(claims)
    if made_at is None:
        return {"age": "unknown: its iat is no time"}
    seconds = round((finding.delivery.received_at - made_at).total_seconds())
    made = times.said(made_at)
    return {"made_at": made, "age": f"{seconds:,} s" if seconds >= 0 else f"{-seconds:,} s ahead"}
