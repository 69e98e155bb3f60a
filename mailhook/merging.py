"""What one more sighting changes in a recorded event. Pure.

Content comes only from sightings of the row's own authenticity: the first
verified one replaces what unverified ones said, and from then on an
unverified one changes nothing. Among equals the first word stands, later
ones fill what was missing, and a different value is a clash, never an
overwrite. `exact` goes before `mentioned`, the vendor's time before any other.
A sighting is held against what other sightings told, never against what the
subject stands in for (`standing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from mailhook import standing, times
from mailhook.model import Clash, Event, Json, Known, Object

_IDS = ("truora_id", "idempotency_key", "version")
# These say again what members of the object say; only the status is worth a conflict of its own.
_REPEATED = ("status", "raw_status", "updated_at", "process_id", "account_id", "flow_id")
_OWN = ("status", *_IDS)
_WORDS = ("product", "raw_type", "raw_action")
# A country as a mail spells it, beside its code: in another language it is no other country.
_SPELLED = frozenset({"country_name", "nationality_name"})
_TIME = ("occurred_at", "time_source", "raw_timestamp")

Asks = Literal["no more", "anew"]


@dataclass(frozen=True, slots=True)
class Merge:
    """What a sighting changes in its row.

    `fills` says whether the sighting may add anything, aliases too; `forgets`
    that the row's former aliases came from unverified sightings and go. `asks`
    says of its completion that there is nothing left to ask for, or all is anew.
    """

    updates: Mapping[str, Any]
    clashes: tuple[Clash, ...] = ()
    fills: bool = True
    forgets: bool = False
    asks: Asks | None = None


def merge(row: Known, event: Event) -> Merge:
    """What `event`, a further sighting of `row`, changes there."""
    told = standing.as_told(row)
    merged = _told_again(told, event)
    return _completed(row, told, merged) if merged.updates else merged


def _completed(row: Known, told: Known, merged: Merge) -> Merge:
    """The same with the subject in what gaps are left; a telling may leave none, or be newer."""
    now, said = _after(told, merged.updates), standing.standing_in(row)
    if not standing.is_thin(told) or (said is None and standing.is_thin(now)):
        return merged
    kept: standing.Answer | None = said
    asks: Asks | None = None
    if not standing.is_thin(now):
        kept, asks = None, "no more"
    elif said and (now.authenticity != told.authenticity or standing.is_older(said, now)):
        kept, asks = None, "anew"
    elif now.confidence != told.confidence:
        asks = "anew"  # a mention may have told what this leaves open
    content = {**merged.updates, **standing.completed(now, kept)}
    return replace(merged, updates=standing.changed(row, content), asks=asks)


def _after(told: Known, updates: Mapping[str, Any]) -> Known:
    """The row as told, with these changes."""
    fields = ("occurred_at", "time_source", "authenticity", "confidence", "object")
    changes = {name: updates[name] for name in fields if name in updates}
    return replace(told, columns={**told.columns, **updates}, **changes)


def _told_again(row: Known, event: Event) -> Merge:
    if row.authenticity == "verified" and event.authenticity == "unverified":
        return Merge({}, fills=False)
    if row.authenticity == "unverified" and event.authenticity == "verified":
        return _replaced(row, event)
    if row.confidence == "exact" and event.confidence == "mentioned":
        return _mentioned(row, event)
    if row.confidence == "mentioned" and event.confidence == "exact":
        return _exact(row, event)
    return _filled(row, event)


def _replaced(row: Known, event: Event) -> Merge:
    updates = _said(event, (*_IDS, *_REPEATED, *_WORDS, *_TIME))
    updates |= {"object": event.object, "authenticity": "verified", "confidence": event.confidence}
    clashes = [
        *_clashes(row.columns, updates, _OWN),
        *_clashes(row.object, event.object, row.object, "object."),
    ]
    if row.dated and row.occurred_at != event.occurred_at:
        clashes.append(_time_clash(row, event))
    return Merge(updates, tuple(clashes), forgets=True)


def _mentioned(row: Known, event: Event) -> Merge:
    ids, id_clashes = _missing(row, event, _IDS)
    time, time_clashes = _time(row, event)
    return Merge(ids | time, (*id_clashes, *time_clashes))


def _exact(row: Known, event: Event) -> Merge:
    updates = _said(event, (*_REPEATED, *_WORDS))
    updates |= {"object": event.object, "confidence": "exact"}
    clashes = [
        *_clashes(row.columns, updates, ("status",)),
        *_clashes(row.object, event.object, row.object, "object."),
    ]
    ids, id_clashes = _missing(row, event, _IDS)
    time, time_clashes = _time(row, event, exact=True)
    return Merge(updates | ids | time, (*clashes, *id_clashes, *time_clashes))


def _filled(row: Known, event: Event) -> Merge:
    updates, clashes = _missing(row, event, (*_IDS, *_REPEATED))
    content, content_clashes = _joined(row.object, event.object, "object.")
    if content != row.object:
        updates["object"] = content
    time, time_clashes = _time(row, event)
    return Merge(updates | time, (*clashes, *content_clashes, *time_clashes))


def _missing(row: Known, event: Event, names: Iterable[str]) -> tuple[dict[str, Any], list[Clash]]:
    """What the event says in columns where the row has nothing, and where it says otherwise."""
    said = {name: value for name, value in _said(event, names).items() if value is not None}
    filled = {name: value for name, value in said.items() if row.columns[name] is None}
    return filled, _clashes(row.columns, said, set(_OWN) & said.keys())


def _said(event: Event, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(event, name) for name in names}


def _time(
    row: Known, event: Event, *, exact: bool = False
) -> tuple[dict[str, Any], tuple[Clash, ...]]:
    """The vendor's time takes the place of an observed one; two of the vendor's may clash."""
    if event.undated:
        return {}, ()
    told = _said(event, _TIME)
    if not row.dated:
        return told, ()
    if times.same(row.occurred_at, event.occurred_at):
        return {}, ()
    return (told if exact else {}), (_time_clash(row, event),)


def _time_clash(row: Known, event: Event) -> Clash:
    return Clash("occurred_at", times.short(row.occurred_at), times.short(event.occurred_at))


def _clashes(
    had: Mapping[str, Any], got: Mapping[str, Any], names: Iterable[str], prefix: str = ""
) -> list[Clash]:
    return [
        Clash(f"{prefix}{name}", _plain(had[name]), _plain(got.get(name)))
        for name in sorted(set(names) - _SPELLED)
        if had.get(name) is not None and had[name] != got.get(name)
    ]


def _joined(had: Object, got: Object, path: str) -> tuple[dict[str, Json], list[Clash]]:
    """`had`, with what it lacked taken from `got`, member by member."""
    joined, clashes = dict(had), []
    for name, value in got.items():
        known = joined.get(name)
        if known is None:
            joined[name] = value
        elif isinstance(known, dict) and isinstance(value, dict):
            joined[name], below = _joined(known, value, f"{path}{name}.")
            clashes += below
        elif value is not None and value != known and name not in _SPELLED:
            clashes.append(Clash(f"{path}{name}", known, value))
    return joined, clashes


def _plain(value: Any) -> Json:  # noqa: ANN401 - a column's value, whatever its type
    return times.short(value) if isinstance(value, datetime) else value
