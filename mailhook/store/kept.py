"""Deliveries as the store keeps them, with their bytes: to be examined again."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailhook import times
from mailhook.model import Authenticity, Delivery, Outcome

COLUMNS = """id, channel, location, received_at, recorded_at, size, sha256, outcome, reason,
    unread, authenticity, authenticity_detail, sender, raw"""
TOLD = (Outcome.RECORDED, Outcome.DUPLICATE, Outcome.ALERT)


@dataclass(frozen=True, slots=True)
class State:
    """What is thought of a delivery; the columns of `deliveries` that thinking again may change."""

    outcome: Outcome
    reason: str | None
    unread: int
    authenticity: Authenticity
    authenticity_detail: str

    @property
    def waits(self) -> bool:
        """Whether it waits for a person: held, or not wholly understood."""
        return self.outcome is Outcome.QUARANTINED or self.unread > 0

    @property
    def told(self) -> bool:
        """Whether anything was recorded of it."""
        return self.outcome in TOLD


@dataclass(frozen=True, slots=True)
class Kept:
    """One delivery with its bytes. `whole`: these are all that were fetched, unharmed."""

    id: int
    delivery: Delivery
    state: State
    recorded_at: datetime
    sender: str | None
    whole: bool


def kept(row: dict[str, Any]) -> Kept:
    """The row of `deliveries`, which has bytes, as it was examined the first time.

    Of a mail that was too large to be fetched its headers alone were examined, and
    its size tells; then the reason is still what stands in the way.
    """
    raw = _unpacked(row["raw"])
    whole = hashlib.sha256(raw).hexdigest() == row["sha256"]
    cut = whole and len(raw) != row["size"]
    moment = times.parse(row["received_at"]) or times.now()
    return Kept(
        id=row["id"],
        delivery=Delivery(
            row["channel"],
            row["location"],
            moment,
            raw,
            size=row["size"],
            problem=(row["reason"] or "too_large: it was not fetched whole") if cut else None,
        ),
        state=state(row),
        recorded_at=times.parse(row["recorded_at"]) or moment,
        sender=row["sender"],
        whole=whole,
    )


def _unpacked(raw: bytes) -> bytes:
    try:
        return zlib.decompress(raw)
    except zlib.error:
        return b""  # whose digest is another's


def state(row: dict[str, Any]) -> State:
    """What is thought of that row now."""
    return State(
        Outcome(row["outcome"]),
        row["reason"],
        row["unread"],
        row["authenticity"],
        row["authenticity_detail"],
    )


def current(connection: sqlite3.Connection, delivery_id: int) -> State | None:
    """What is thought of the delivery now; None where it or its bytes are gone."""
    cursor = connection.execute(
        "SELECT outcome, reason, unread, authenticity, authenticity_detail FROM deliveries"
        " WHERE id = ? AND raw IS NOT NULL",
        (delivery_id,),
    )
    names = [column[0] for column in cursor.description]
    return next((state(dict(zip(names, row, strict=True))) for row in cursor), None)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which deliveries: all open conditions hold. `reason` is the code before the colon."""

    quarantined: bool = False
    since: datetime | None = None
    reader_version: str | None = None
    reason: str | None = None
    ids: tuple[int, ...] | None = None

    def clauses(self) -> Iterator[tuple[str, Any]]:
        """Conditions on `deliveries`, each with its value; () where it has none."""
        yield "outcome <> ?", Outcome.DROPPED
        if self.quarantined:
            yield "(outcome = 'quarantined' OR unread > 0)", ()  # as the index has it
        if self.since:
            yield "received_at >= ?", times.stored(self.since)
        if self.reader_version:
            yield "reader_version = ?", self.reader_version
        if self.reason:
            yield "substr(reason, 1, instr(reason || ':', ':') - 1) = ?", self.reason
        if self.ids is not None:
            listed = "[" + ",".join(map(str, self.ids)) + "]"
            yield "id IN (SELECT value FROM json_each(?))", listed
