"""What an event says for itself, and what its subject stands in for. Pure.

One rule: what a road (mail, web, the API's list) tells of an event is that event's own word.
What the API says of its subject is about the subject now, and only stands in for what no road
has told, as long as that is too little: a mention, or an end that does not say which. So a
row is what the roads told and, where they told too little, the subject in the gaps; in
whichever order the two came. What stands in is named in the row's `fetched`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from mailhook import catalog, times
from mailhook.model import Event, Json, Known, Object

# Not `updated_at`: when the subject last changed is not when this event was.
_COLUMNS = ("status", "raw_status", "process_id", "account_id", "flow_id")
_MEMBER = "object."
# The vendor's machines differ by so much, and an event is told of a moment after it was.
_GRANTED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said of a subject: columns of `events`, members of the object, and of when."""

    columns: Mapping[str, Any]
    content: Object
    updated_at: datetime | None

    @property
    def status(self) -> str | None:
        """Normalised."""
        status: str | None = self.columns.get("status")
        return status


def answer(event: Event) -> Answer:
    """The subject, read as if it were the event it was asked for."""
    columns = {name: getattr(event, name) for name in _COLUMNS}
    return Answer(columns, event.object, event.updated_at)


def standing_in(row: Known) -> Answer | None:
    """What stands in the row for what no road has told."""
    if not row.fetched:
        return None
    columns = {name: row.columns[name] for name in _COLUMNS if name in row.fetched}
    content = {name: row.object[name] for name in _members(row)}
    return Answer(columns, content, times.parse(str(content.get("update_date", ""))))


def as_told(row: Known) -> Known:
    """The row as the roads alone have told it."""
    if not row.fetched:
        return row
    confidence = "mentioned" if "confidence" in row.fetched else row.confidence
    columns = {name: None if name in row.fetched else one for name, one in row.columns.items()}
    content = {name: one for name, one in row.object.items() if name not in _members(row)}
    return replace(
        row,
        confidence=confidence,
        columns=columns | {"confidence": confidence},
        object=content,
        fetched=(),
    )


def is_thin(told: Known) -> bool:
    """Whether too little was told: it was only mentioned, or is an end that does not say which."""
    return told.confidence == "mentioned" or (told.columns["status"] is None and _is_end(told))


def completed(told: Known, said: Answer | None) -> dict[str, Any]:
    """What the row says then: the content as told, and in its gaps the subject, if it is asked."""
    content = {name: told.columns[name] for name in _COLUMNS}
    content |= {"object": told.object, "confidence": told.confidence, "fetched": None}
    if said is None:
        return content
    columns = _lacking(told.columns, said.columns)
    members = _lacking(told.object, said.content)
    fetched = ["confidence"] if told.confidence == "mentioned" else []
    fetched += [*columns, *(f"{_MEMBER}{name}" for name in members)]
    content |= {**columns, "object": {**told.object, **members}}
    return content | {"confidence": "exact", "fetched": fetched or None}


def changed(row: Known, content: Mapping[str, Any]) -> dict[str, Any]:
    """Of such a content what is otherwise than the row has it."""
    had = {**row.columns, "object": row.object, "confidence": row.confidence}
    had["fetched"] = list(row.fetched) or None
    return {name: value for name, value in content.items() if had[name] != value}


def is_older(said: Answer, told: Known) -> bool:
    """Whether the subject was asked of a machine that did not know of the event yet.

    A flip follows the end that it replaces, so there less is granted than elsewhere. What is
    no end, such as a delay, need not have changed its subject at all.
    """
    happened_at = told.occurred_at if told.dated and _is_end(told) else None
    moment = told.columns["updated_at"] or happened_at
    if not (moment and said.updated_at) or said.updated_at >= moment:
        return False
    if _action(told).follows_final:
        return not times.same(said.updated_at, moment)
    return moment - said.updated_at > _GRANTED


def is_overtaken(said: Answer, row: Known) -> bool:
    """Whether a later answer stands in already; of an end, no clock's difference makes it so."""
    former = standing_in(row)
    if not (former and former.updated_at and said.updated_at):
        return False
    granted = timedelta() if _is_open(said, row) else _GRANTED
    return former.updated_at - said.updated_at > granted


def objection(said: Answer, row: Known) -> str | None:
    """Why the subject is to be asked for again though it has answered, in a sentence."""
    told = as_told(row)
    if not is_thin(told):
        return None
    if is_older(said, told):
        return "its subject is told as it was before the event"
    if is_overtaken(said, row):
        return "its subject is told as it was before it was last asked for"
    if _is_end(told) and _is_open(said, told):
        return f"its subject is {said.status or 'without a status'}"
    return None


def _is_open(said: Answer, told: Known) -> bool:
    """Whether the subject has not come to an end, or does not say."""
    kind = catalog.load().resource(told.columns["subject_type"] or "", told.subject_id or "")
    return kind.is_open(said.status) if kind else said.status is None


def _is_end(told: Known) -> bool:
    return _action(told).final


def _action(told: Known) -> catalog.ActionInfo:
    return catalog.load().action(told.event_type, told.event_action)


def _members(row: Known) -> list[str]:
    return [name.removeprefix(_MEMBER) for name in row.fetched if name.startswith(_MEMBER)]


def _lacking(had: Mapping[str, Any], got: Mapping[str, Any]) -> dict[str, Json]:
    """What the one has and the other has not."""
    return {name: one for name, one in got.items() if one is not None and had.get(name) is None}
