"""Signed tokens: in the text, in a link's query, attached. A valid signature is proof by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from mailhook import times, token
from mailhook.errors import MalformedNotice, PermanentError, UnknownKey
from mailhook.model import Json, Notice
from mailhook.readers.reading import Reading, each_once, notice

NAME = "token"


def read(texts: Iterable[str], keys: Sequence[bytes]) -> Reading | None:
    """The events of all tokens in the texts; None where no token of the vendor's shape stands.

    A token that no key verifies is told as a problem, and nothing else is read
    from its mail: what stands beside it is no better than it is.
    """
    found = dict.fromkeys(one for text in texts for one in token.find(text))
    notices: list[Notice] = []
    unread, problem = 0, None
    for one in filter(token.looks_like_vendor, found):
        try:
            told, odd = events(token.verify(one, keys))
        except PermanentError as error:
            unread, problem = unread + 1, problem or _problem(error, keys)
        else:
            notices += told
            unread += odd
    if not notices and not unread:
        return None
    return Reading(each_once(notices), unread, NAME, problem)


def events(claims: dict[str, Json]) -> tuple[list[Notice], int]:
    """What the claims of a verified token tell, and how many of their events are none."""
    listed = claims.get("events")
    notices, odd = [], 0
    for event in listed if isinstance(listed, list) else []:
        try:
            told = notice(event, NAME, proven=True)
            notices.append(told if told.timestamp else _timed(told, claims))
        except MalformedNotice:
            odd += 1
    return notices, odd


def _timed(told: Notice, claims: dict[str, Json]) -> Notice:
    """`iat` is the event's time where the event itself gives none."""
    return replace(told, timestamp=_issued_at(claims.get("iat")))


def _issued_at(seconds: Json) -> str | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return times.short(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _problem(error: PermanentError, keys: Sequence[bytes]) -> str:
    if keys or not isinstance(error, UnknownKey):
        return error.reason
    words = "a signed token stands in it, but trust.signing_keys names no key to check it"
    return UnknownKey(words).reason
