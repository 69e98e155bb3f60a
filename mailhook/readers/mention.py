"""A sentence with an id and what became of it: "El check CHK… ha finalizado"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailhook.catalog import Catalog, EventName
from mailhook.markup import View
from mailhook.model import Json, Notice
from mailhook.readers import ids
from mailhook.readers.reading import Reading, each_once
from mailhook.readers.sentences import sentences

NAME = "mention"

_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")


def read(prose: View, subject: str, catalog: Catalog) -> Reading | None:
    """The events that sentences mention, never more of them than the sentence says.

    An event that the subject or a line names, and the only id in the mail that
    suits it, are one mention too. None where nothing is mentioned.
    """
    said = [subject, *sentences(prose)]
    found = each_once(one for text in said for one in _mentions(text, catalog))
    if not found and (one := _apart(said, catalog)):
        found = (one,)
    return Reading(found, reader=NAME) if found else None


def _mentions(sentence: str, catalog: Catalog) -> Iterator[Notice]:
    """The event that the sentence states, for each id in it that suits."""
    for vendor_id in ids.found(sentence):
        event = catalog.stated_event(ids.without(sentence), vendor_id)
        if event and event.type in catalog.types_of_id(vendor_id):
            yield _notice(event, vendor_id, sentence, catalog)


def _apart(said: list[str], catalog: Catalog) -> Notice | None:
    """An event that the subject or a line is the name of, and the one id of its kind elsewhere."""
    named = ((text, catalog.find_event(text)) for text in said)
    events = {event: text for text, event in named if event and event.exact}
    if len(events) != 1:
        return None
    event, text = events.popitem()
    suiting = {
        vendor_id
        for sentence in said
        for vendor_id in ids.found(sentence)
        if event.type in catalog.types_of_id(vendor_id)
    }
    if len(suiting) != 1:
        return None
    vendor_id = suiting.pop()
    return _notice(event, vendor_id, text, catalog)


def _notice(event: EventName, vendor_id: str, sentence: str, catalog: Catalog) -> Notice:
    name = catalog.id_field(event.type, vendor_id)
    content = {name: vendor_id} | dict(_others(event, vendor_id, sentence, catalog))
    return Notice(
        NAME,
        event.type,
        event.action,
        content,
        timestamp=_timestamp(sentence),
        confidence="mentioned",
        told_in=dict.fromkeys(("event", *content), sentence),
    )


def _others(
    event: EventName, vendor_id: str, sentence: str, catalog: Catalog
) -> Iterator[tuple[str, Json]]:
    """What else the sentence names by id: the account, the flow."""
    for other in ids.found(sentence):
        if event.type not in catalog.types_of_id(other) and other != vendor_id:
            name = catalog.field_of_id(event.type, other)
            if name:
                yield name, other


def _timestamp(sentence: str) -> str | None:
    """The time that begins or ends the sentence, as in a log; elsewhere it may be another's."""
    found = _TIME.findall(sentence)
    bare = sentence.strip(" *•-–.()[]")
    return (
        found[0]
        if len(found) == 1 and (bare.startswith(found[0]) or bare.endswith(found[0]))
        else None
    )
