"""A web hook, from the body of its POST to a finding: verify, read, interpret.

The body is a token, whatever stands around it. `authenticity` says whether one of the
signing keys made its signature: only then is it the vendor's, and only then worth a row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailhook import strict_json, token
from mailhook.errors import MalformedNotice, PermanentError, UnknownNotice, Untrusted
from mailhook.examining.interpreting import interpret_all
from mailhook.model import Delivery, Finding, Json
from mailhook.readers import token as reader
from mailhook.token import Signed
from mailhook.trust import Trust

_BEARER = "bearer "
# Of a body that is JSON: how deep a token is looked for, and how many are tried.
_DEPTH, _MOST = 3, 8
# Sooner than the vendor's first retry it is no news that a token was on its way.
_FRESH = timedelta(seconds=25)


def examine(delivery: Delivery, trust: Trust) -> Finding:
    """What the hook tells; unverified and quarantined where no key made its signature."""
    found = Finding(delivery, "quarantined", reader=reader.NAME)
    try:
        signed = _signed(delivery.raw, trust)
    except Untrusted as error:
        return replace(found, reason=error.reason, authenticity_detail=str(error))
    found = replace(found, authenticity="verified", authenticity_detail=_detail(signed, trust))
    try:
        claims = token.claims(signed.payload)
        notices, odd = reader.events(claims)
    except PermanentError as error:
        return replace(found, reason=error.reason)
    found = replace(
        found,
        unread=odd,
        notices=tuple(notices),
        authenticity_detail=found.authenticity_detail + _age(claims, delivery),
    )
    if not notices:
        return replace(found, reason=_nothing(odd).reason)
    return replace(
        found,
        verdict="read",
        events=interpret_all(found, notices, _content(claims["events"])),
        sent_at=made_at(claims),
    )


def tokens(body: bytes) -> tuple[str, ...]:
    """The strings of the body that may be its token, the likeliest first.

    That is the body itself, without blanks around it and without `Bearer`; where it is
    JSON, each text in it that has the shape of a token.
    """
    text = body.decode("utf-8", "replace").strip()
    if text[: len(_BEARER)].lower() == _BEARER:
        text = text[len(_BEARER) :].strip()
    if text[:1] not in {"{", "[", '"'}:
        return (text,)
    try:
        value = strict_json.loads(text)
    except ValueError:
        return ()
    texts = (one.strip() for one in _texts(value, _DEPTH))
    return tuple(dict.fromkeys(one for one in texts if one.count(".") == 2))[:_MOST]  # noqa: PLR2004 - of three parts


def _signed(body: bytes, trust: Trust) -> Signed:
    """The first token of the body that one of our keys has signed. Raises Untrusted."""
    refused = Untrusted("there is no token in the body")
    for one in tokens(body):
        try:
            return token.check(one, trust.keys)
        except Untrusted as error:
            refused = error
    raise refused


def _texts(value: Json, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value.removeprefix("Bearer ")
    elif isinstance(value, dict | list) and depth:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner, depth - 1)


def _detail(signed: Signed, trust: Trust) -> str:
    return f"signed with signing key {signed.key} of {len(trust.keys)}"


def _age(claims: dict[str, Json], delivery: Delivery) -> str:
    """A word on a token that was long on its way: a flag, never a reason."""
    age = age_of(claims, delivery)
    if age is None or abs(age) <= _FRESH:
        return ""
    words = _spoken(abs(age))
    return f"; {words} old when it came" if age > _FRESH else f"; from {words} in the future"


def age_of(claims: dict[str, Json], delivery: Delivery) -> timedelta | None:
    """How long before it came the token was made; None where it does not say."""
    made = made_at(claims)
    return delivery.received_at - made if made else None


def made_at(claims: dict[str, Json]) -> datetime | None:
    """When the token was made; None where it does not say."""
    made = claims.get("iat")
    if isinstance(made, bool) or not isinstance(made, int | float):
        return None
    try:
        return datetime.fromtimestamp(made, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _spoken(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _nothing(odd: int) -> PermanentError:
    if odd:
        return MalformedNotice(f"none of its {odd} events could be read")
    return UnknownNotice("it is signed, but tells of no event")


def _content(events: Json) -> str:
    """What names the hook within keys: what it says, so that no retry is another one."""
    return hashlib.sha256(json.dumps(events, sort_keys=True).encode()).hexdigest()
