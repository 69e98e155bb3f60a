"""latest_status: of all that was told of a subject, what stands."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

import pytest
from stores import asked

from mailhook import catalog
from mailhook.store import Store

INSERT = """
INSERT INTO events (key, revision, product, event_type, event_action, subject_type, subject_id,
    status, occurred_at, time_source, updated_at, recorded_at, authenticity, confidence, object,
    raw_type, raw_action)
VALUES (:key, :revision, 'p', :type, :action, :type, :subject, :status, :at, :source, :updated,
    '', :authenticity, 'exact', '{}', '', '')
"""
LATEST = "SELECT key, status FROM latest_status WHERE subject_id = 'S'"


@dataclass(frozen=True)
class Told:
    """An event as it was told; times are of one day, `hh:mm`."""

    type: str
    action: str
    at: str
    source: str = "vendor"
    updated: str | None = None
    status: str | None = None
    authenticity: str = "verified"
    subject: str | None = "S"

    @property
    def key(self) -> str:
        return f"{self.subject}/{self.type}.{self.action}@{self.at}{self.source}{self.authenticity}"

    def row(self, revision: int) -> dict[str, object]:
        updated = day(self.updated) if self.updated else None
        return vars(self) | {
            "key": self.key,
            "at": day(self.at),
            "updated": updated,
            "revision": revision,
        }


def day(clock: str) -> str:
    return f"2026-08-03T{clock}:00.000000Z"


def vendor(action: str, at: str, kind: str = "identity_process", **more: str) -> Told:
    """Told with the vendor's time."""
    return Told(kind, action, at, **more)


def mail(action: str, at: str, kind: str = "identity_process", **more: str) -> Told:
    """Told by a mail without a time; `at` is its Date."""
    return Told(kind, action, at, "mail", **more)


def forged(told: Told) -> Told:
    return replace(told, authenticity="unverified")


# The first of the events is the one that stands; in whichever order they are recorded.
STANDS = {
    "a single event": [vendor("created", "10:00")],
    "a single mail": [mail("created", "10:00")],
    "the later of two by the vendor's time": [
        vendor("succeeded", "10:05"),
        vendor("created", "10:00"),
    ],
    "the later one even if it ranks lower": [
        vendor("step_succeeded", "10:09"),
        vendor("succeeded", "10:05"),
    ],
    "a final replaced by a final that the vendor says is later": [
        vendor("failed", "10:09"),
        vendor("succeeded", "10:05"),
    ],
    "the object's update_date before the event's time": [
        vendor("succeeded", "10:01", updated="10:09"),
        vendor("failed", "10:05"),
    ],
    "the later update_date": [
        vendor("failed", "10:01", updated="10:08"),
        vendor("succeeded", "10:05", updated="10:07"),
    ],
    "a mail with an update_date is a dated one": [
        mail("succeeded", "10:01", updated="10:09"),
        vendor("failed", "10:08"),
    ],
    "a mail with an update_date, however late its Date": [
        vendor("failed", "10:08"),
        mail("succeeded", "11:00", updated="10:07"),
    ],
    "by rank where the times are equal": [
        vendor("succeeded", "10:00"),
        vendor("created", "10:00"),
        vendor("step_succeeded", "10:00"),
    ],
    "of two mails the higher rank": [mail("succeeded", "10:05"), mail("created", "10:00")],
    "of two mails the higher rank, whatever their Dates": [
        mail("succeeded", "10:00"),
        mail("created", "10:05"),
    ],
    "of two mails of one rank the later": [
        mail("delayed", "10:05", "check"),
        mail("delayed", "10:00", "check"),
    ],
    "of two ends told by mail the one told first": [
        mail("succeeded", "10:00"),
        mail("failed", "10:05"),
    ],
    "a mail-dated end replaced by what ranks higher": [
        mail("overwritten_failure", "10:00"),
        mail("succeeded", "10:05"),
    ],
    "of two overwritings told by mail the later": [
        mail("overwritten_success", "10:05"),
        mail("overwritten_failure", "10:00"),
        mail("failed", "09:00"),
    ],
    "a mail that ranks higher than a dated beginning": [
        mail("succeeded", "10:00"),
        vendor("created", "10:05"),
    ],
    "not a mail that ranks lower than a dated one": [
        vendor("step_succeeded", "10:00"),
        mail("created", "10:05"),
    ],
    "not a mail of the same rank as a dated one": [
        vendor("delayed", "10:00", "check"),
        mail("delayed", "10:05", "check"),
    ],
    "not a late mail of a beginning after a dated end": [
        vendor("succeeded", "10:00"),
        mail("created", "10:05"),
    ],
    "not a late mail of another end after a dated end": [
        vendor("succeeded", "10:00"),
        mail("failed", "10:05"),
    ],
    "not what ranks higher but may not follow an end": [
        vendor("succeeded", "10:00", "face_search"),
        mail("enrollment_deleted", "10:05", "face_search"),
    ],
    "a mail of an overwriting after a dated end": [
        mail("overwritten_failure", "10:05"),
        vendor("succeeded", "10:00"),
    ],
    "a mail of a restart after a dated end": [
        mail("restarted", "10:05", "whatsapp_session"),
        vendor("expired", "10:00", "whatsapp_session"),
    ],
    "a mail of a restart of the same minute as the dated end": [
        mail("restarted", "10:00", "whatsapp_session"),
        vendor("expired", "10:00", "whatsapp_session"),
    ],
    "not a mail of a restart before the dated end": [
        vendor("expired", "10:05", "whatsapp_session"),
        mail("restarted", "10:00", "whatsapp_session"),
    ],
    "the latest of what may follow a dated end": [
        mail("overwritten_success", "10:09"),
        mail("overwritten_failure", "10:05"),
        vendor("succeeded", "10:00"),
        mail("created", "10:10"),
    ],
    "not a mail from before the dated overwriting": [
        vendor("overwritten_failure", "10:05"),
        mail("overwritten_success", "10:01"),
        vendor("succeeded", "10:00"),
    ],
    "a mail from after the dated overwriting": [
        mail("overwritten_success", "10:09"),
        vendor("overwritten_failure", "10:05"),
        vendor("succeeded", "10:00"),
    ],
    "a dated restart stands although a mail of an end comes later": [
        vendor("restarted", "10:05", "whatsapp_session"),
        mail("expired", "10:09", "whatsapp_session"),
    ],
    "of two changes, one by mail, the later": [
        mail("changed", "10:09", "continuous_check"),
        vendor("changed", "10:05", "continuous_check"),
    ],
    "of two changes, one by mail, the later the other way": [
        vendor("changed", "10:09", "continuous_check"),
        mail("changed", "10:05", "continuous_check"),
    ],
    "a known action before one the catalogue does not know": [
        mail("created", "10:00"),
        vendor("teleported", "10:05"),
    ],
    "an action nobody knows, if the vendor says it was later": [
        vendor("teleported", "10:09"),
        vendor("succeeded", "10:05"),
    ],
    "the verified one, however late the unverified": [
        vendor("created", "10:00"),
        forged(vendor("succeeded", "11:00")),
    ],
    "a verified mail before an unverified one with a time": [
        mail("created", "10:00"),
        forged(vendor("succeeded", "11:00", updated="12:00")),
        forged(mail("overwritten_success", "12:00")),
    ],
    "the unverified one where nothing is verified": [
        forged(vendor("succeeded", "10:05")),
        forged(vendor("created", "10:00")),
    ],
    "not another subject's, nor another type's of the same id": [
        vendor("created", "10:00"),
        vendor("succeeded", "11:00", subject="T"),
        forged(vendor("failed", "11:00", subject="T")),
    ],
}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("views") / "mailhook.db"
    Store(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def latest(db: sqlite3.Connection, events: tuple[Told, ...]) -> list[tuple[str, str]]:
    db.execute("BEGIN")
    db.executemany(INSERT, [event.row(nth) for nth, event in enumerate(events, 1)])
    found = db.execute(LATEST).fetchall()
    db.execute("ROLLBACK")
    return found


@pytest.mark.parametrize("events", STANDS.values(), ids=STANDS)
def test_the_latest_status_is(db: sqlite3.Connection, events: list[Told]):
    known = {
        (info.name, action) for info in catalog.load().types.values() for action in info.actions
    }
    assert all((e.type, e.action) in known for e in events if e.action != "teleported")
    for order in permutations(events):
        assert latest(db, order) == [(events[0].key, events[0].action)]


def test_the_status_shown_is_the_event_s_own_or_else_its_action(db: sqlite3.Connection):
    events = (vendor("succeeded", "10:00", status="error"), vendor("created", "09:00"))
    assert latest(db, events) == [(events[0].key, "error")]


def test_an_id_of_two_types_is_two_subjects_and_no_id_is_none(db: sqlite3.Connection):
    check, process = vendor("created", "10:00", "check"), forged(vendor("created", "10:00"))
    nameless = vendor("created", "10:00", "truface", subject=None)  # type: ignore[arg-type]
    found = latest(db, (check, process, nameless))
    assert sorted(key for key, _ in found) == sorted([check.key, process.key])


def test_the_status_of_one_subject_is_found_by_index(db: sqlite3.Connection):
    steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {LATEST}")]
    assert not [step for step in steps if step.startswith("SCAN") and step != "SCAN s"]


MANY = """
WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 99999)
INSERT INTO events (key, revision, product, event_type, event_action, subject_type, subject_id,
    status, occurred_at, time_source, recorded_at, authenticity, confidence, object, raw_type,
    raw_action)
SELECT 'CHK' || n, n, 'checks', 'check', v.event_action, 'check', 'CHK' || (n * 7919 % 20000),
       NULL, printf('2026-08-03T%02d:%02d:00.000000Z', n % 24, n % 60),
       iif(n % 3, 'vendor', 'mail'), '', iif(n % 10, 'verified', 'unverified'), 'exact',
       json_object('note', hex(zeroblob(300))), 'check', ''
FROM n JOIN vocabulary v ON v.event_type = 'check' AND v.rank = (n / 20000 + 1) * 10
"""


@pytest.mark.torture
def test_the_status_of_every_subject_of_100_000_events_takes_a_second_or_two(
    tmp_path: Path,
):
    path = tmp_path / "mailhook.db"
    Store(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(MANY)
    start = time.process_time()
    found = asked(path, "SELECT * FROM latest_status")
    all_seconds = time.process_time() - start
    start = time.process_time()
    asked(path, "SELECT * FROM latest_status WHERE subject_id = 'CHK77'")
    one_seconds = time.process_time() - start
    assert len(found) > 10_000
    assert (all_seconds < 3, one_seconds < 0.05) == (True, True), (all_seconds, one_seconds)
