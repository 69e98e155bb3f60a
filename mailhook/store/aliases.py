"""Under what each event is found again: its key, the vendor's ids, the names mails give it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from mailhook import times
from mailhook.events import alias
from mailhook.matching import ID_KINDS, keys
from mailhook.model import Event, Known

_IS_TAKEN = """
SELECT 1 FROM events WHERE key = :key UNION ALL SELECT 1 FROM aliases WHERE alias = :key
UNION ALL SELECT 1 FROM tombstones WHERE key = :key
UNION ALL SELECT 1 FROM tombstone_aliases WHERE alias = :key
"""

_ADD = """
INSERT INTO aliases SELECT ?1, ?2
WHERE NOT EXISTS (SELECT 1 FROM tombstone_aliases WHERE alias = ?1)
ON CONFLICT (alias) DO NOTHING
"""


class Aliases:
    """Keys and other names on one connection; the caller owns the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def free_key(self, event: Event) -> str:
        """The first of the event's keys that names nothing yet; else one with a number."""
        for key in keys(event):
            if not self._is_taken(key):
                return key
        like, end = f"{key}~", f"{key}\x7f"
        (count,) = self._connection.execute(
            "SELECT count(*) FROM events WHERE key > ? AND key < ?", (like, end)
        ).fetchone()
        number = count + 2
        while self._is_taken(f"{key}~{number}"):
            number += 1
        return f"{key}~{number}"

    def gained(self, event: Event, row: Known, *, fills: bool) -> tuple[str, ...]:
        """Under what else the row is to be found: ids, and this spelling's key if it is free.

        What may add nothing to the row leaves only the name that an unproven mail gives
        itself: the same mail once more is no second event.
        """
        if not fills:
            return mail_names(event)[:1] if event.authenticity == "unverified" else ()
        other = event.key != row.key and not self._is_taken(event.key)
        return (*names(event), event.key) if other else names(event)

    def add(self, event_id: int, aliases: Sequence[str]) -> None:
        """Let these lead to the event, but for those that lead elsewhere already."""
        self._connection.executemany(_ADD, [(name, event_id) for name in aliases])

    def claim(self, aliases: Sequence[str]) -> None:
        """Let these lead nowhere."""
        for table in ("aliases", "tombstone_aliases") if aliases else ():
            self._connection.executemany(
                f"DELETE FROM {table} WHERE alias = ?",  # noqa: S608 - our names
                [(name,) for name in aliases],
            )

    def forget(self, event_id: int) -> None:
        """What unverified sightings called it; an unproven mail's own name leads no other here."""
        self._connection.execute(
            "DELETE FROM aliases WHERE event_id = ? AND alias NOT LIKE '%?'", (event_id,)
        )

    def _is_taken(self, key: str) -> bool:
        return self._connection.execute(_IS_TAKEN, {"key": key}).fetchone() is not None


def names(event: Event) -> tuple[str, ...]:
    """Under what the event is to be found again, beside its key."""
    return (*ids(event), *mail_names(event)[:1])


def ids(event: Event) -> tuple[str, ...]:
    """The vendor's ids of the notice."""
    return tuple(alias(name) for name in (event.truora_id, event.idempotency_key) if name)


def mail_names(event: Event) -> tuple[str, ...]:
    """What the notice is called within its mail, its own name first.

    Only a notice that may repeat and tells no time of the vendor's needs one, to
    be known when the same mail comes again. A `?` marks the name that a mail
    whose sender is not proven gives itself.
    """
    if not (event.mail_key and event.repeatable and event.undated and event.subject_id):
        return ()
    date = f"@{times.short(event.occurred_at)}" if event.time_source == "mail" else ""
    proven = f"{event.mail_key}{date}"
    both = (proven, f"{proven}?")
    return both if event.authenticity == "verified" else both[::-1]


def told(event: Event) -> str | None:
    """With which kinds of the vendor's ids which time and object came; None without any id."""
    kinds = [kind for kind in ID_KINDS if getattr(event, kind)]
    telling = event.telling if kinds else None
    return f"{','.join(kinds)}:{telling}" if telling else None
