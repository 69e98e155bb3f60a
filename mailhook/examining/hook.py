"""A web hook, from the body of its POST to a finding: verify, read, interpret.

The body is a token, whatever stands around it. `authenticity` says whether one of the
signing keys made its signature: only then is it the vendor's, and only then worth a row.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from mailhook import strict_json, token
from mailhook.errors import MalformedNotice, PermanentError, UnknownNotice, Untrusted
from mailhook.events import Context
from mailhook.examining.interpreting import interpret_each
from mailhook.model import Delivery, Event, Finding, Json, Notice
from mailhook.readers import token as reader
from mailhook.token import Signed
from mailhook.trust import Trust

_BEARER = "bearer "
# How deep a token is looked for in JSON, in how many fields of a form, and how many are tried.
_DEPTH, _MOST = 3, 8
_FIELDS = 16
# What is large and holds nothing like a signature of HS256 is not taken apart: anybody may send it.
_LARGE, _SIGNATURE = 8192, re.compile(rb"\.[\w-]{43}(?![\w-])")
# Sooner than the vendor's first retry it is no news that a token was on its way.
_FRESH = timedelta(seconds=25)


def examine(delivery: Delivery, trust: Trust) -> Finding:
    """What the hook tells; unverified and quarantined where no key made its signature."""
    try:
        signed, *more = _signed(delivery.raw, trust)
    except Untrusted as error:
        return Finding(
            delivery,
            "quarantined",
            reader=reader.NAME,
            reason=error.reason,
            authenticity_detail=str(error),
        )
    return _read(delivery, signed.payload, _detail(signed, trust), len(more))


def _read(delivery: Delivery, payload: bytes, detail: str, more: int) -> Finding:
    """What was signed; `detail` says by which key, `more` how many other tokens are not read."""
    problem: str | None = None
    events: tuple[Event, ...] = ()
    notices, odd, sent_at = list[Notice](), 0, None
    try:
        claims = token.claims(payload)
        sent_at = made_at(claims)
        detail += _age(sent_at, delivery)
        notices, odd = reader.events(claims)
        events = _events(delivery, notices, odd, claims)
    except PermanentError as error:
        problem = error.reason
    return Finding(
        delivery,
        "quarantined" if problem else "read",
        reason=problem,
        events=events,
        unread=odd + more,
        reader=reader.NAME,
        authenticity="verified",
        authenticity_detail=detail,
        sent_at=sent_at,
        notices=tuple(notices),
    )


def _events(
    delivery: Delivery, notices: list[Notice], odd: int, claims: dict[str, Json]
) -> tuple[Event, ...]:
    """The events that the notices tell of. Raises PermanentError where there is none."""
    if not notices:
        raise _nothing(odd)
    origin = partial(_content, claims["events"])
    context = Context(delivery.channel, origin, None, delivery.received_at, verified=True)
    return interpret_each(notices, context)


def is_signed(delivery: Delivery, trust: Trust) -> bool:
    """Whether one of our keys has signed it, whatever it says."""
    return any(token.is_signed(one, trust.keys) for one in tokens(delivery.raw))


def tokens(body: bytes) -> tuple[str, ...]:
    """The strings of the body that may be its token, the likeliest first.

    That is the body itself, without blanks around it and without `Bearer`; where it is
    JSON or a form, each text in it that has the shape of a token. Within a token nothing
    is put right: one has one spelling.
    """
    if len(body) > _LARGE and not _SIGNATURE.search(body):
        return ()
    text = _bare(body.decode("utf-8", "replace"))
    if text[:1] in {"{", "[", '"'}:
        try:
            return _shaped(_texts(strict_json.loads(text), _DEPTH))
        except ValueError:
            return ()
    if "=" in text:
        return _shaped(_fields(text)) or (text,)
    return (text,)


def _shaped(texts: Iterable[str]) -> tuple[str, ...]:
    bare = map(_bare, texts)
    return tuple(dict.fromkeys(one for one in bare if one.count(".") == 2))[:_MOST]  # noqa: PLR2004 - of three parts


def _bare(text: str) -> str:
    text = text.strip()
    return text[len(_BEARER) :].strip() if text[: len(_BEARER)].lower() == _BEARER else text


def _fields(text: str) -> Iterator[str]:
    """The values of a form, as a proxy may send it on."""
    from urllib.parse import parse_qsl

    try:
        fields = parse_qsl(text, max_num_fields=_FIELDS)
    except ValueError:
        return
    yield from (value for _, value in fields)


def _signed(body: bytes, trust: Trust) -> list[Signed]:
    """The tokens of the body that our keys have signed, one at least. Raises Untrusted."""
    found, refused = list[Signed](), Untrusted("there is no token in the body")
    for one in tokens(body):
        try:
            found.append(token.check(one, trust.keys))
        except Untrusted as error:
            refused = error
    if not found:
        raise refused
    return found


def _texts(value: Json, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner, depth - 1)


def _detail(signed: Signed, trust: Trust) -> str:
    return f"signed with signing key {signed.key} of {len(trust.keys)}"


def _age(sent_at: datetime | None, delivery: Delivery) -> str:
    """A word on a token that was long on its way: a flag, never a reason."""
    age = delivery.received_at - sent_at if sent_at else timedelta()
    if abs(age) <= _FRESH:
        return ""
    words = _spoken(abs(age))
    return f"; {words} old when it came" if age > _FRESH else f"; from {words} in the future"


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
