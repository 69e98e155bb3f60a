"""What one delivery has told of before, when it is examined again: each row meets a notice."""

from __future__ import annotations

from collections.abc import Sequence

from mailhook import times
from mailhook.matching import outranks
from mailhook.model import Event, Known


class Own:
    """The rows of one delivery's sightings, and which of them nothing of today's has met yet.

    A mail that is read otherwise today must find its own rows again: else it would be
    held for a second mail, and its event stand twice.
    """

    def __init__(self, delivery_id: int, rows: Sequence[Known], events: Sequence[Event]) -> None:
        self.delivery_id = delivery_id
        self.rows = {row.id: row for row in rows}
        self._spare = dict(self.rows)
        self._events = events

    def awaits(self, event_id: int) -> bool:
        """Whether the row is one of them and has not been met."""
        return event_id in self._spare

    def meet(self, event_id: int) -> None:
        """The row has been told of once more."""
        self._spare.pop(event_id, None)

    def offers(self, event: Event) -> list[Known]:
        """The rows that were not met, the nearest in time first.

        None that agrees with another of today's events and not with this one.
        """
        rows = [
            row
            for row in self._spare.values()
            if _agrees(row, event) or not any(_agrees(row, other) for other in self._events)
        ]
        return sorted(rows, key=lambda row: abs(row.occurred_at - event.occurred_at))

    def spend(self, event: Event) -> Known | None:
        """A row nothing has met, in whose place the event seems to be read today; met by that."""
        for row in self._spare.values():
            if not outranks(event, row):
                return self._spare.pop(row.id)
        return None

    def left(self) -> list[Known]:
        """The rows nothing has met."""
        return list(self._spare.values())


def _agrees(row: Known, event: Event) -> bool:
    """Whether it is this very event, as far as one can see; else they may be two of a kind."""
    return (row.subject_id, row.event_type, row.event_action) == (
        event.subject_id,
        event.event_type,
        event.event_action,
    ) and times.same(row.occurred_at, event.occurred_at)
