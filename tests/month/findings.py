"""What stands in the store at the end of the month, in the words of the books."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stores import asked

from month.books import Name
from month.forgery import MARK
from month.machine import Machine

_EVENTS = """
SELECT e.subject_id, e.event_type, e.event_action, e.occurred_at, e.object, e.status,
       e.authenticity, e.confidence, e.time_source, c.email_at IS NOT NULL AS email,
       c.web_at IS NOT NULL AS web, c.api_at IS NOT NULL AS api
FROM events e JOIN channels c ON c.event_id = e.id WHERE e.event_type <> 'webhook'
"""
_NAMES = (
    *("subject", "type", "action", "at", "object", "status"),
    *("authenticity", "confidence", "time_source", "email", "web", "api"),
)
_MISSED = """
SELECT m.subject_id, m.event_type, m.event_action, m.occurred_at, m.road FROM missed m
"""
_ALERTS = "SELECT kind, sightings, state, resolved_by FROM alerts ORDER BY id"
_MARKED = f"""
SELECT count(*) FROM events WHERE object LIKE '%{MARK}%' OR status LIKE '%{MARK}%'
   OR truora_id LIKE '%{MARK}%' OR subject_id LIKE '%{MARK}%'
"""  # noqa: S608 - a constant
_FORGED = f"""
SELECT d.outcome, count(*), sum(EXISTS (SELECT 1 FROM sightings WHERE delivery_id = d.id))
FROM deliveries d WHERE d.message_id LIKE '<{MARK}%' GROUP BY d.outcome
"""  # noqa: S608 - a constant
_WAITING = "SELECT channel, count(*) FROM quarantine GROUP BY channel"

Row = Mapping[str, Any]


def events(machine: Machine) -> dict[Name, list[Row]]:
    """The rows of each event; one each is what should be."""
    found: dict[Name, list[Row]] = {}
    for values in asked(machine.store, _EVENTS):
        row = dict(zip(_NAMES, values, strict=True))
        row["object"] = json.loads(str(row["object"]))
        found.setdefault(_name(*values[:4]), []).append(row)
    return found


def roads(row: Row) -> frozenset[str]:
    """By which roads it came."""
    return frozenset(road for road in ("email", "web", "api") if row[road])


def missed(machine: Machine) -> set[tuple[Name, str]]:
    """What `missed` says by the month's own clock."""
    rows = machine.query(_MISSED)
    return {(_name(*list(row.values())[:4]), row["road"]) for row in rows}


def alerts(machine: Machine) -> list[tuple[object, ...]]:
    return asked(machine.store, _ALERTS)


def marked(machine: Machine) -> object:
    """How many events have anything of a forger's in them."""
    return asked(machine.store, _MARKED)[0][0]


def forged(machine: Machine) -> dict[object, tuple[object, ...]]:
    """What became of forged mails: how many of each outcome, how many of these tell of events."""
    return {outcome: told for outcome, *told in asked(machine.store, _FORGED)}  # type: ignore[misc] # a tuple


def conflicts(machine: Machine) -> list[tuple[object, ...]]:
    """By field, with one example each."""
    sql = "SELECT field, count(*), had, got FROM conflicts GROUP BY field ORDER BY 2 DESC"
    return asked(machine.store, sql)


def quarantined(machine: Machine) -> dict[object, object]:
    """How many deliveries wait, by road."""
    return dict(asked(machine.store, _WAITING))  # type: ignore[arg-type] # pairs


def _name(subject: object, kind: object, action: object, at: object) -> Name:
    return (str(subject), str(kind), str(action), str(at))
