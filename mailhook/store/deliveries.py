"""Rows of `deliveries` within an open transaction: what arrived, each arrival once."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Literal

from mailhook import times
from mailhook.model import Delivery, Finding, Outcome
from mailhook.store.kept import State
from mailhook.store.packing import packed

KeepRaw = Literal["full", "headers", "none"]

_COLUMNS = (
    "channel",
    "location",
    "message_id",
    "sender",
    "subject",
    "received_at",
    "recorded_at",
    "size",
    "sha256",
    "outcome",
    "reason",
    "unread",
    "reader",
    "reader_version",
    "authenticity",
    "authenticity_detail",
    "raw",
)

_INSERT = f"""
INSERT INTO deliveries ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
ON CONFLICT (location) DO NOTHING
"""  # noqa: S608 - column names are constants

_REVISE = """
UPDATE deliveries SET message_id = coalesce(message_id, ?), sender = coalesce(sender, ?),
    subject = coalesce(subject, ?), outcome = ?, reason = ?, unread = ?, reader = ?,
    reader_version = ?, authenticity = ?, authenticity_detail = ?
WHERE id = ?
"""

# The same bytes somewhere in the same account: seen before under another UIDVALIDITY.
_TWIN = """
SELECT outcome FROM deliveries
WHERE channel = 'email' AND sha256 = ? AND message_id IS ? AND size = ?
  AND substr(location, 1, ?) = ?
"""


class Deliveries:
    """Writes deliveries on one connection; the caller owns the transaction."""

    # Those that `row` gives values for, in their order.
    COLUMNS: ClassVar = _COLUMNS

    def __init__(self, connection: sqlite3.Connection, keep_raw: KeepRaw) -> None:
        self._connection = connection
        self._keep_raw = keep_raw

    def insert(self, finding: Finding, at: datetime) -> int | Outcome:
        """The new row's id; or, where none is made, the outcome of the row that is there.

        None is made for a location that is known, and for a mail of which the same
        account has the same bytes under the same Message-ID.
        """
        delivery = finding.delivery
        digest = hashlib.sha256(delivery.raw).hexdigest()
        if twin := self._twin(delivery, digest, finding.message_id):
            return twin
        cursor = self._connection.execute(_INSERT, self.row(finding, digest, times.stored(at)))
        if cursor.rowcount and cursor.lastrowid:
            return cursor.lastrowid
        return self._outcome_at(delivery.location)

    def row(self, finding: Finding, sha256: str, at: str) -> tuple[Any, ...]:
        """What a new row holds; `at` is when it is recorded, as a column holds it."""
        delivery = finding.delivery
        return (
            delivery.channel,
            delivery.location,
            finding.message_id,
            finding.sender,
            finding.subject,
            times.stored(delivery.received_at),
            at,
            _size(delivery),
            sha256,
            presumed(finding),
            finding.reason,
            finding.unread,
            finding.reader,
            _version() if finding.reader else None,
            finding.authenticity,
            finding.authenticity_detail,
            self._kept(finding),
        )

    def settle(self, delivery_id: int, outcome: Outcome) -> None:
        """Write down what became of it, where that is not what was presumed."""
        self._connection.execute(
            "UPDATE deliveries SET outcome = ? WHERE id = ?", (outcome, delivery_id)
        )

    def revise(self, delivery_id: int, finding: Finding, believed: State) -> None:
        """Write down what was found by examining it again; what it was called then stays."""
        self._connection.execute(
            _REVISE,
            (
                finding.message_id,
                finding.sender,
                finding.subject,
                believed.outcome,
                believed.reason,
                believed.unread,
                finding.reader,
                _version() if finding.reader else None,
                believed.authenticity,
                believed.authenticity_detail,
                delivery_id,
            ),
        )

    def shorten(self, delivery_id: int, finding: Finding) -> None:
        """Keep no more of its bytes than the settings ask for, now that nobody waits for them."""
        if self._keep_raw != "full" and not finding.unread:
            self._connection.execute(
                "UPDATE deliveries SET raw = ? WHERE id = ?", (self._kept(finding), delivery_id)
            )

    def _twin(self, delivery: Delivery, digest: str, message_id: str | None) -> Outcome | None:
        if delivery.place is None or not delivery.raw:  # two without bytes may be two mails
            return None
        account = "/".join(delivery.place.source.split("/", 3)[:3]) + "/"
        row = self._connection.execute(
            _TWIN, (digest, message_id, _size(delivery), len(account), account)
        ).fetchone()
        return Outcome(row[0]) if row else None

    def _outcome_at(self, location: str) -> Outcome:
        (outcome,) = self._connection.execute(
            "SELECT outcome FROM deliveries WHERE location = ?", (location,)
        ).fetchone()
        return Outcome(outcome)

    def _kept(self, finding: Finding) -> bytes | None:
        """The bytes to keep; all of them where somebody may have to look at them again."""
        raw = finding.delivery.raw
        if self._keep_raw == "full" or finding.verdict == "quarantined" or finding.unread:
            return packed(raw)
        if self._keep_raw == "headers":
            return packed(_headers(raw))
        return None


def presumed(finding: Finding) -> Outcome:
    """What becomes of the delivery unless its events say otherwise."""
    match finding.verdict:
        case "quarantined":
            return Outcome.QUARANTINED
        case "ignored":
            return Outcome.IGNORED
    return Outcome.RECORDED


def _size(delivery: Delivery) -> int:
    return len(delivery.raw) if delivery.size is None else delivery.size


def _headers(raw: bytes) -> bytes:
    """The headers with the empty line that ends them."""
    ends = [at + len(end) for end in (b"\n\r\n", b"\n\n") if (at := raw.find(end)) >= 0]
    return raw[: min(ends, default=len(raw))]


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("mailhook")
