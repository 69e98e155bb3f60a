"""Events as JSON anywhere in a text: one, a list, `{"events": […]}`, the vendor's API page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mailhook import strict_json
from mailhook.catalog import Catalog
from mailhook.errors import MalformedNotice
from mailhook.model import Json, Notice
from mailhook.readers import body, ids
from mailhook.readers.mending import mended
from mailhook.readers.reading import Reading, each_once, is_event, notice

NAME = "json"

# Only what could hold an event is decoded, until so much is no JSON: 100,000 brackets cost nothing.
_MARK = "event_type"
_START = re.compile(r"[\[{]\s*[\[{\"]")
_FAILURES = 50
# What stands in these belongs to the event itself: its resource, and what an export adds.
_OWN = frozenset({"object", "mailhook"})


def read(texts: Iterable[str], subject: str, catalog: Catalog) -> Reading | None:
    """The events of all JSON in the texts, each once; None where there is none."""
    notices: list[Notice] = []
    unread, problem = 0, None
    for text in texts:
        if "{" not in text:
            continue
        for found in _values(text):
            if isinstance(found, str):
                unread, problem = unread + 1, problem or f"malformed_notice: {found}"
                continue
            events, odd = _events(found)
            unread += odd
            for event in events:
                try:
                    notices.append(_filled_in(notice(event, NAME)))
                except MalformedNotice as error:
                    unread, problem = unread + 1, problem or error.reason
            if not (events or odd):
                try:
                    notices += body.notices(found, NAME, subject, catalog)
                except MalformedNotice as error:
                    unread, problem = unread + 1, problem or error.reason
    if not notices and not unread:
        return None
    return Reading(each_once(notices), unread, NAME, problem)


def _filled_in(one: Notice) -> Notice:
    """The notice, unless it shows how one looks: with `CHKXXXX` where an id would be."""
    values = [value for name, value in one.object.items() if name.endswith("_id")]
    if any(isinstance(value, str) and ids.is_placeholder(value) for value in values):
        raise MalformedNotice("a variable stands where an id should: it was not filled in")
    return one


def _values(text: str) -> list[Json]:
    """What `_blocks` finds; what cannot be read as it came is read as it was written."""
    found = list(_blocks(text))
    if found and not any(isinstance(one, str) for one in found):
        return found
    again = mended(text)
    mended_found = list(_blocks(again)) if again != text else []
    return mended_found if any(not isinstance(one, str) for one in mended_found) else found


def _blocks(text: str) -> Iterator[Json]:
    """JSON values in the text; at last a string where more of it speaks of events.

    The string says why the rest cannot be read. What is well formed inside
    something that is not, such as the good events of a list, is still yielded.
    """
    rest: list[str] = []
    problems: list[str] = []
    at = read_to = 0
    while len(problems) < _FAILURES and (start := _START.search(text, at)):
        try:
            value, at = strict_json.decode_at(text, start.start())
        except ValueError as error:
            problems.append(str(error))
            at = start.start() + 1
        else:
            rest.append(text[read_to : start.start()])
            read_to = at
            yield value
    rest.append(text[read_to:])
    if problems and any(f'"{_MARK}' in part for part in rest):
        yield f"what looks like JSON cannot be read: {problems[0]}"


def _events(value: Json) -> tuple[list[Json], int]:
    """The events that a value holds where the vendor puts them, and how many it has elsewhere."""
    if is_event(value):
        return [value], _elsewhere(value) - 1
    listed = value.get("events") if isinstance(value, dict) else value
    members = listed if isinstance(listed, list) else []
    events = [member for member in members if is_event(member)]
    odd = len(members) - len(events) if isinstance(value, dict) else 0
    return events, max(odd, _elsewhere(value) - len(events))


def _elsewhere(value: Json) -> int:
    """How many objects in the value speak of an event; those of events are not looked into."""
    if isinstance(value, list):
        return sum(map(_elsewhere, value))
    if isinstance(value, dict):
        inner = sum(_elsewhere(one) for name, one in value.items() if name not in _OWN)
        return inner + (_MARK in value)
    return int(isinstance(value, str) and f'"{_MARK}"' in value)
