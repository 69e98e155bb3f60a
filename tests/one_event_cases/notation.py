"""The notation of the table: what is told, and what the store must hold afterwards.

Times are of 3 August 2026 unless they name a day; `Z` and that day are left out
of rows too. A row reads `key | time source, time | authenticity | sightings`.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mailhook import catalog, times
from mailhook.examining.interpreting import interpret_all
from mailhook.model import Channel, Delivery, Finding, Json, Notice
from mailhook.store import Store

DAY = "2026-08-03T"
# What is tested here is not the disk, and thousands of commits wait long for one.
MEMORY = next((str(path) for path in [Path("/dev/shm")] if path.is_dir()), None)  # noqa: S108
_numbers = count(1)


@dataclass(frozen=True)
class Telling:
    """One delivery: how it came, whether it is believed, and the notices in it.

    `same` names tellings that are one and the same delivery, seen again.
    """

    channel: Channel
    notices: tuple[Notice, ...]
    verified: bool = True
    sent_at: str | None = None
    message_id: str | None = None
    body: bytes = b""
    same: int = field(default_factory=lambda: next(_numbers))

    def finding(self) -> Finding:
        location = f"{self.channel}:{self.same}"
        received_at = times.parse(moment("20:00:00"))
        assert received_at
        delivery = Delivery(self.channel, location, received_at, self.body or location.encode())
        finding = Finding(
            delivery,
            "read",
            authenticity="verified" if self.verified else "unverified",
            message_id=self.message_id,
            sent_at=times.parse(self.sent_at) if self.sent_at else None,
        )
        return replace(finding, events=interpret_all(finding, self.notices))


@dataclass(frozen=True)
class Alerts:
    """Not a telling: somebody puts all alerts into this state."""

    state: str


@dataclass(frozen=True)
class Case:
    """One rule: what is told, one after the other, and what must come of it.

    `says` holds columns of rows by key, `object` decoded; conflicts read
    `key: field had -> got`. `aliases`, where given, are all there are.
    """

    rule: str
    tell: tuple[Telling | Alerts, ...]
    rows: tuple[str, ...]
    outcomes: str
    conflicts: tuple[str, ...] = ()
    aliases: Mapping[str, str] | None = None
    says: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    alerts: tuple[str, ...] = ()


def moment(text: str) -> str:
    return text if "T" in text or not text[0].isdigit() else f"{DAY}{text}Z"


def _told(
    word: str,
    subject: str | None,
    *,
    at: str | None = None,
    hke: str | None = None,
    hik: str | None = None,
    mentioned: bool = False,
    **members: Json,
) -> Notice:
    type_name, _, action = word.rpartition(".")
    info = catalog.load().type(type_name)
    named = {info.id_fields[0]: subject} if info and info.id_fields and subject else {}
    return Notice(
        "table",
        type_name,
        action,
        {**named, **members},
        timestamp=moment(at) if at else None,
        truora_id=hke,
        idempotency_key=hik,
        confidence="mentioned" if mentioned else "exact",
    )


def mail(
    word: str,
    subject: str | None = "CHK1",
    *,
    date: str | None = "10:01:00",
    message_id: str | None = "",
    body: bytes = b"",
    **told: Any,
) -> Telling:
    """A proven mail, without the vendor's time unless `at` is told."""
    name = f"<m{next(_numbers)}@truora.com>" if message_id == "" else message_id
    sent_at = moment(date) if date else None
    notice = _told(word, subject, **told)
    return Telling("email", (notice,), sent_at=sent_at, message_id=name, body=body)


def file(*args: Any, **told: Any) -> Telling:
    return replace(mail(*args, **told), channel="file")


def web(
    word: str, subject: str | None = "CHK1", *, at: str | None = "10:00:00", **t: Any
) -> Telling:
    return Telling("web", (_told(word, subject, at=at, **t),))


def api(
    word: str, subject: str | None = "CHK1", *, at: str | None = "10:00:00", **t: Any
) -> Telling:
    return Telling("api", (_told(word, subject, at=at, **t),))


def alert(action: str, endpoint: Json = None, *, date: str, **told: Any) -> Telling:
    named = {} if endpoint is None else {"endpoint": endpoint}
    return mail(f"webhook.{action}", None, date=date, **named, **told)


def forged(telling: Telling) -> Telling:
    """The same telling, by somebody unproven."""
    return replace(telling, verified=False)


def copy(telling: Telling) -> Telling:
    """The same mail or body, arriving once more with other bytes around it."""
    return replace(telling, same=next(_numbers))


def together(*tellings: Telling) -> Telling:
    """One mail that holds all their notices."""
    return replace(tellings[0], notices=tuple(one for t in tellings for one in t.notices))


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@dataclass(frozen=True)
class Told:
    """What the store holds afterwards, in the notation of `Case`."""

    outcomes: str
    rows: tuple[str, ...]
    conflicts: tuple[str, ...]
    aliases: Mapping[str, str]
    columns: Mapping[str, Mapping[str, Any]]
    alerts: tuple[str, ...]


def tell(steps: tuple[Telling | Alerts, ...]) -> Told:
    """Record the tellings one by one in a new store."""
    outcomes = []
    with TemporaryDirectory(dir=MEMORY) as folder, Store(path := Path(folder) / "db") as store:
        for step in steps:
            if isinstance(step, Alerts):
                with sqlite3.connect(path) as other:
                    other.execute("UPDATE alerts SET state = ?", (step.state,))
                other.close()
            else:
                outcomes += store.record([step.finding()])
        return _held(path, " ".join(outcomes))


def _held(path: Path, outcomes: str) -> Told:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    rows = list(connection.execute(_ROWS))
    held = Told(
        outcomes=outcomes,
        rows=tuple(map(_row, rows)),
        conflicts=tuple(_short(text) for (text,) in connection.execute(_CONFLICTS)),
        aliases={_short(alias): _short(key) for alias, key in connection.execute(_ALIASES)},
        columns={_short(row["key"]): dict(_columns(row)) for row in rows},
        alerts=tuple(_short(text) for (text,) in connection.execute(_ALERTS)),
    )
    connection.close()
    return held


def _row(row: sqlite3.Row) -> str:
    time = _short(times.short(times.parse(row["occurred_at"]) or times.now()))
    parts = (_short(row["key"]), f"{row['time_source']} {time}", row["authenticity"])
    return " | ".join((*parts, str(row["sightings"])))


def _columns(row: sqlite3.Row) -> Iterator[tuple[str, Any]]:
    for name in row.keys():  # noqa: SIM118 - iterating a Row gives its values
        yield name, json.loads(row[name]) if name == "object" else row[name]


def _short(text: str) -> str:
    """Without the day and the zone that nearly all times of the table share."""
    before, *after = text.split(DAY)
    return before + "".join(part.replace("Z", "", 1) for part in after)


_ROWS = """
SELECT e.*, (SELECT count(*) FROM sightings WHERE event_id = e.id) AS sightings
FROM events e ORDER BY id
"""
_CONFLICTS = """
SELECT e.key || ': ' || field || ' ' || had || ' -> ' || got
FROM conflicts c JOIN events e ON e.id = c.event_id ORDER BY c.rowid
"""
_ALIASES = "SELECT alias, key FROM aliases JOIN events ON id = event_id"
_ALERTS = """
SELECT kind || ' ' || ifnull(endpoint, '-') || ' ' || state || ' ' || sightings
FROM alerts ORDER BY id
"""
