"""What of a group of findings is known already, asked of the store for all of them at once."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mailhook import catalog
from mailhook.model import Event, Finding, Outcome
from mailhook.store.aliases import names

_LOCATIONS = """
SELECT location, outcome FROM deliveries WHERE location IN (SELECT value FROM json_each(?))
"""
_TWINS = """
SELECT sha256 FROM deliveries
WHERE channel = 'email' AND sha256 IN (SELECT value FROM json_each(?))
"""
_NAMES = """
SELECT alias FROM aliases WHERE alias IN (SELECT value FROM json_each(?1))
UNION ALL
SELECT alias FROM tombstone_aliases WHERE alias IN (SELECT value FROM json_each(?1))
"""
# All keys that begin with it, which are more than those of its family.
_FAMILIES = """
SELECT value FROM json_each(?) AS base
WHERE EXISTS (SELECT 1 FROM events WHERE key >= base.value AND key < base.value || char(127))
   OR EXISTS (SELECT 1 FROM tombstones WHERE key >= base.value AND key < base.value || char(127))
"""


@dataclass(frozen=True, slots=True)
class Marks:
    """By what a delivery and its events could be met: its sha256, their names and base keys."""

    sha256: str
    names: frozenset[str]
    bases: frozenset[str]
    is_plain: bool


class Familiar:
    """Knows which findings of a group meet nothing, neither recorded nor within the group.

    It errs to one side only: what it calls a stranger is certainly new, and what it does
    not may turn out to be. To be asked of each finding once, in order.
    """

    def __init__(self, connection: sqlite3.Connection, findings: Sequence[Finding]) -> None:
        self._connection = connection
        self._marks = [_marks(finding) for finding in findings]
        self._by_finding = dict(zip(map(id, findings), self._marks, strict=True))
        self._outcomes = self._told(f.delivery.location for f in findings)
        mails = (self.sha256(f) for f in findings if f.delivery.place)
        self._twins = self._known(_TWINS, mails)
        self._names = self._known(_NAMES, (one for marks in self._marks for one in marks.names))
        self._bases = self._known(_FAMILIES, (one for marks in self._marks for one in marks.bases))
        self._locations = set(self._outcomes)

    def sha256(self, finding: Finding) -> str:
        """Of the delivery's bytes, hexadecimal."""
        return self._by_finding[id(finding)].sha256

    def outcome(self, finding: Finding) -> Outcome | None:
        """What became of the very delivery before, where nothing else need be asked of it."""
        known = self._outcomes.get(finding.delivery.location)
        return Outcome(known) if known and finding.delivery.place is None else None

    def is_stranger(self, finding: Finding) -> bool:
        """Whether it and all its events are new; from now on it is known itself."""
        marks, location = self._by_finding[id(finding)], finding.delivery.location
        is_new = (
            marks.is_plain
            and location not in self._locations
            and not (finding.delivery.place and marks.sha256 in self._twins)
            and self._names.isdisjoint(marks.names)
            and self._bases.isdisjoint(marks.bases)
        )
        self._locations.add(location)
        self._twins.add(marks.sha256)
        self._names |= marks.names
        self._bases |= marks.bases
        return is_new

    def _told(self, locations: Iterable[str]) -> dict[str, str]:
        """The outcomes of those that are known."""
        return dict(self._asked(_LOCATIONS, locations))

    def _known(self, question: str, values: Iterable[str]) -> set[str]:
        return {found for (found,) in self._asked(question, values)}

    def _asked(self, question: str, values: Iterable[str]) -> list[Any]:
        asked = list(values)
        return self._connection.execute(question, (json.dumps(asked),)).fetchall() if asked else []


def _marks(finding: Finding) -> Marks:
    events = finding.events if finding.verdict == "read" else ()
    called = [name for event in events for name in (*dict.fromkeys(names(event)), event.key)]
    bases = frozenset(event.base_key for event in events)
    distinct = frozenset(called)
    return Marks(
        sha256=hashlib.sha256(finding.delivery.raw).hexdigest(),
        names=distinct,
        bases=bases,
        # Neither two events of it that meet, nor one that an alert may be made of.
        is_plain=len(distinct) == len(called)
        and len(bases) == len(events)
        and (bool(events) or finding.verdict != "read")
        and not any(map(_is_alert, events)),
    )


def _is_alert(event: Event) -> bool:
    return bool(catalog.load().action(event.event_type, event.event_action).alert_kind)
