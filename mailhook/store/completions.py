"""Which events are to be completed from the vendor's API, and what is noted of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailhook import catalog, times
from mailhook.merging import Asks
from mailhook.model import Authenticity, Confidence
from mailhook.store.reader import Reader

State = Literal["waits", "done", "gone", "given_up"]


@dataclass(frozen=True, slots=True)
class Due:
    """An event of which too little is known; `timestamp` is the vendor's, where it told one."""

    event_id: int
    key: str
    event_type: str
    event_action: str
    subject_type: str
    subject_id: str
    timestamp: str | None
    confidence: Confidence
    authenticity: Authenticity
    tries: int


# What may be asked for, of mentions and of ends; the plus keeps SQLite to the index of these.
_MAY_BE_ASKED = """
  AND +e.subject_type IN (SELECT value FROM json_each(:types))
  AND (e.authenticity = 'verified' OR :unverified)
  AND NOT EXISTS (SELECT 1 FROM completions c WHERE c.event_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM resources r WHERE r.subject_type = e.subject_type
                  AND r.subject_id = e.subject_id AND r.gone_at BETWEEN e.recorded_at AND :now)
"""
# The condition of the partial index stands there as it is written there.
_INCOMPLETE = "(e.confidence = 'mentioned' OR e.status IS NULL)"
_NEW = f"""
SELECT e.id FROM events e INDEXED BY events_incomplete
WHERE {_INCOMPLETE} AND e.confidence = 'mentioned' {_MAY_BE_ASKED}
UNION ALL
SELECT e.id FROM vocabulary v CROSS JOIN events e INDEXED BY events_incomplete
    ON v.event_type = e.event_type AND v.event_action = e.event_action
WHERE v.final AND {_INCOMPLETE} AND e.confidence = 'exact' {_MAY_BE_ASKED}
"""  # noqa: S608 - constants
# What was noted later than now was noted by a clock that was ahead.
_AGAIN = """
SELECT event_id FROM completions WHERE state = 'waits' AND (next_at <= :now OR updated_at > :now)
"""

_DUE = f"""
SELECT e.id AS event_id, e.key, e.event_type, e.event_action, e.subject_type, e.subject_id,
       iif(e.time_source = 'vendor', e.raw_timestamp, NULL) AS timestamp,
       e.confidence, e.authenticity, coalesce(c.tries, 0) AS tries
FROM events e LEFT JOIN completions c ON c.event_id = e.id
WHERE e.id IN ({_NEW} UNION ALL {_AGAIN}) AND (e.authenticity = 'verified' OR :unverified)
  AND e.subject_type IN (SELECT value FROM json_each(:types))
ORDER BY e.authenticity DESC, e.confidence = 'mentioned' DESC, tries, c.updated_at, e.id
LIMIT :most
"""  # noqa: S608 - constants

_COUNT = f"SELECT count(*) AS count FROM ({_NEW} UNION ALL {_AGAIN})"  # noqa: S608 - constants

_NOTE = """
INSERT INTO completions VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (event_id) DO UPDATE SET state = excluded.state, tries = excluded.tries,
    next_at = excluded.next_at, problem = excluded.problem, updated_at = excluded.updated_at
"""

_REVIEW = {
    "no more": """
UPDATE completions SET state = 'done', next_at = NULL, problem = NULL
WHERE event_id = ? AND state = 'waits'
""",
    "anew": "UPDATE completions SET state = 'waits', next_at = updated_at WHERE event_id = ?",
}


@dataclass(frozen=True, slots=True)
class Question:
    """For which types of subject, and whether of unproven events too."""

    types: tuple[str, ...]
    unverified: bool
    now: datetime

    @property
    def values(self) -> dict[str, object]:
        """As SQLite takes it."""
        return {
            "types": json.dumps(self.types),
            "unverified": self.unverified,
            "now": times.stored(self.now),
        }


def question(now: datetime, *, unverified: bool, refused: Collection[str] = ()) -> Question:
    """For whatever the catalogue knows an address of, but for the kinds that were refused."""
    kinds = {one.subject_type for one in catalog.load().resources.values() if one.subject_type}
    return Question(tuple(sorted(kinds.difference(refused))), unverified, now)


def due(reader: Reader, question: Question, most: int) -> list[Due]:
    """The events to be completed now: proven ones first, of these the mentioned, the oldest.

    What was asked for in vain lately comes after what was not.
    """
    rows = reader.rows(_DUE, question.values | {"most": most})
    return [Due(**row) for row in rows]


def count(reader: Reader, question: Question) -> int:
    """How many there are of them."""
    return int(reader.rows(_COUNT, question.values)[0]["count"])


@dataclass(frozen=True, slots=True)
class Note:
    """What was tried for one event; `next_at` only where it waits, `problem` where it failed."""

    event_id: int
    state: State
    tries: int
    next_at: datetime | None = None
    problem: str | None = None


def note(connection: sqlite3.Connection, notes: Iterable[Note], at: datetime) -> None:
    """Write down what was tried."""
    connection.executemany(
        _NOTE,
        [
            (
                one.event_id,
                one.state,
                one.tries,
                times.stored(one.next_at) if one.next_at else None,
                one.problem,
                times.stored(at),
            )
            for one in notes
            if connection.execute("SELECT 1 FROM events WHERE id = ?", (one.event_id,)).fetchone()
        ],
    )


def review(connection: sqlite3.Connection, event_id: int, asks: Asks) -> None:
    """A road has told of the event since: there is nothing left to ask for, or all is anew."""
    connection.execute(_REVIEW[asks], (event_id,))
