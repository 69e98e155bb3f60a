"""Events as JSON anywhere in a text: one, a list, `{"events": […]}`, the vendor's API page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mailhook import strict_json
from mailhook.errors import MalformedNotice
from mailhook.model import Json, Notice
from mailhook.readers.reading import Reading, is_event, notice

NAME = "json"

# Only what could hold an event is decoded, and only so often: 100,000 brackets cost nothing.
_MARK = "event_type"
_START = re.compile(r"[\[{]\s*[\[{\"]")
_ATTEMPTS = 50


def read(texts: Iterable[str]) -> Reading | None:
    """The events of all JSON in the texts, each once; None where there is none."""
    notices: dict[str, Notice] = {}
    unread, problem = 0, None
    for text in texts:
        if _MARK not in text:
            continue
        for found in _blocks(text):
            if isinstance(found, str):
                unread, problem = unread + 1, problem or f"malformed_notice: {found}"
                continue
            for event in _events(found):
                try:
                    one = notice(event, NAME)
                except MalformedNotice as error:
                    unread, problem = unread + 1, problem or error.reason
                else:
                    notices.setdefault(repr(one), one)
    if not notices and not unread:
        return None
    return Reading(tuple(notices.values()), unread, NAME, problem)


def _blocks(text: str) -> Iterator[Json]:
    """JSON values in the text; a string says why one that speaks of events cannot be read."""
    at, attempts, failed = 0, 0, ""
    while attempts < _ATTEMPTS and (start := _START.search(text, at)):
        attempts += 1
        try:
            value, at = strict_json.decode_at(text, start.start())
        except ValueError as error:
            failed = failed or str(error)
            at = start.start() + 1
        else:
            failed = ""
            yield value
    if failed and _MARK in text[at - 1 :]:
        yield f"what looks like JSON cannot be read: {failed}"


def _events(value: Json) -> list[Json]:
    if is_event(value):
        return [value]
    if isinstance(value, dict):
        value = value.get("events")
    return [event for event in value if is_event(event)] if isinstance(value, list) else []
