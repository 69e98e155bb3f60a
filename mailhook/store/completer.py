"""An event completed by its subject, within an open transaction: delivery, row, `resources`."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from mailhook import standing, times
from mailhook.model import Event, Finding, Known, Object, Outcome
from mailhook.store import completions
from mailhook.store.completions import Note
from mailhook.store.deliveries import Deliveries, KeepRaw
from mailhook.store.ledger import Ledger
from mailhook.store.rows import to_json

Became = Literal["completed", "unchanged", "left"]

# The channel of such a sighting: nobody told of the event, we asked because of it.
ASKED = "resource"

# An answer may be older than one that came before it: the vendor has more than one machine.
_KEEP = """
INSERT INTO resources VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?)
ON CONFLICT (subject_type, subject_id) DO UPDATE SET url = excluded.url, status = excluded.status,
    raw_status = excluded.raw_status, updated_at = excluded.updated_at,
    fetched_at = excluded.fetched_at, object = excluded.object
WHERE updated_at IS NULL OR excluded.updated_at IS NULL OR excluded.updated_at >= updated_at
"""

_BACK = """
UPDATE resources SET gone_at = NULL
WHERE subject_type = ? AND subject_id = ? AND gone_at IS NOT NULL
"""

_GONE = """
INSERT INTO resources (subject_type, subject_id, url, fetched_at, gone_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (subject_type, subject_id) DO UPDATE SET gone_at = excluded.gone_at
"""


@dataclass(frozen=True, slots=True)
class Completion:
    """A subject as it was fetched for one event, spelled as that event.

    `done` is noted of it, or where the answer does not settle it `again`, with the reason.
    """

    finding: Finding
    done: Note
    again: Note
    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said of a subject, to be kept in `resources`."""

    url: str
    status: str | None
    raw_status: str | None
    updated_at: datetime | None
    content: Object


class Completer:
    """Completes events on one connection; the caller owns the transaction."""

    def __init__(
        self, connection: sqlite3.Connection, keep_raw: KeepRaw, window_seconds: float
    ) -> None:
        self._connection = connection
        self._deliveries = Deliveries(connection, keep_raw)
        self._ledger = Ledger(connection, window_seconds)

    def apply(self, completion: Completion, now: datetime) -> Became:
        """Record the answer as an arrival of its own, and let it complete the event.

        `left`: the event is gone or was proven meanwhile, or the answer cannot be read as
        that event; `unchanged`: it says nothing new, or is older than what is known.
        """
        done = completion.done
        row = self._ledger.lookup.of_id(done.event_id)
        event = next(iter(completion.finding.events), None)
        if row is None or (event and event.authenticity != row.authenticity):
            return "left"
        if event is None or not _is_of(row, event):
            note = replace(done, state="given_up", problem="its subject tells of another event")
            completions.note(self._connection, [note], now)
            return "left"
        self._keep(event, completion.url, now)
        return self._complete(row, event, completion, now)

    def _complete(self, row: Known, event: Event, completion: Completion, now: datetime) -> Became:
        told, said = standing.as_told(row), standing.answer(event)
        problem = standing.objection(said, row)
        note = replace(completion.again, problem=problem) if problem else completion.done
        completions.note(self._connection, [note], now)
        is_late = standing.is_older(said, told) or standing.is_overtaken(said, row)
        if is_late or not standing.is_thin(told):
            return "unchanged"
        updates = standing.changed(row, standing.completed(told, said))
        self._ledger.complete(row, updates)
        self._sight(row, event, completion.finding, now)
        return "completed" if updates else "unchanged"

    def _sight(self, row: Known, event: Event, finding: Finding, now: datetime) -> None:
        """Record the answer itself, unless it is there already."""
        added = self._deliveries.insert(finding, now)
        if not isinstance(added, Outcome):
            self._ledger.sight(row.id, added, ASKED, event, now)
            self._deliveries.settle(added, Outcome.DUPLICATE)

    def _keep(self, event: Event, url: str, now: datetime) -> None:
        told = Answer(url, event.status, event.raw_status, event.updated_at, event.object)
        keep(self._connection, (event.subject_type, event.subject_id), told, now)


def _is_of(row: Known, event: Event) -> bool:
    """Whether the answer, read as the event it was asked for, is that event."""
    return (row.subject_id, row.event_type, row.event_action) == (
        event.subject_id,
        event.event_type,
        event.event_action,
    )


def keep(
    connection: sqlite3.Connection,
    subject: tuple[str | None, str | None],
    answer: Answer,
    at: datetime,
) -> None:
    """Write down how the subject (type, id) stands, unless a later word of it is there.

    That it is there at all holds in any case.
    """
    connection.execute(
        _KEEP,
        (
            *subject,
            answer.url,
            answer.status,
            answer.raw_status,
            times.stored(answer.updated_at) if answer.updated_at else None,
            times.stored(at),
            to_json(dict(answer.content)),
        ),
    )
    connection.execute(_BACK, subject)


def gone(connection: sqlite3.Connection, subject: tuple[str, str], url: str, at: datetime) -> None:
    """Write down that the API knows no such subject (type, id)."""
    moment = times.stored(at)
    connection.execute(_GONE, (*subject, url, moment, moment))
