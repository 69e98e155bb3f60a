"""The head of a request: whether it is too large, or announces what is."""

from __future__ import annotations

from mailhook.sources.web import refusals
from mailhook.sources.web.answers import Answer
from mailhook.sources.web.bounds import Bounds
from mailhook.sources.web.request import Headers

# Of a header beside its name and value: a colon, a blank, the line's end.
_BESIDE = 4
# Content-Length has no more digits; longer ones are no number of bytes anybody has.
_DIGITS = 18


def refusal(target: bytes, headers: Headers, fed: int, bounds: Bounds) -> Answer | None:
    """Why its body is not even read; None if it may be. `fed` bytes hold it, at most.

    Names are in lower case, and a Content-Length is a number: llhttp has seen to it.
    """
    if len(headers) > bounds.headers:
        return refusals.LARGE_HEAD
    if fed > bounds.head_bytes and _size(target, headers) > bounds.head_bytes:
        return refusals.LARGE_HEAD
    for name, value in headers:
        if name == b"content-length" and _is_over(value, bounds.body_bytes):
            return refusals.LARGE_BODY
    return None


def _size(target: bytes, headers: Headers) -> int:
    return len(target) + sum(len(name) + len(value) + _BESIDE for name, value in headers)


def _is_over(length: bytes, most: int) -> bool:
    return len(length) > _DIGITS or int(length) > most
