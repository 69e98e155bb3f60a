"""A forged mail beside a genuine one, in every order: what is proven stands, and stands alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Literal

import mails
import pytest
from stores import asked

from mailhook.config import TrustSettings
from mailhook.model import Batch, Outcome
from mailhook.pipeline import ingest
from mailhook.store import Store
from mailhook.trust import Trust

Require = Literal["dmarc", "dkim", "none"]
OURS = mails.SERVER
GENUINE = f"{OURS}; dmarc=pass header.from=truora.com; dkim=pass header.d=truora.com"
FORGED = f"{OURS}; dmarc=fail header.from=truora.com; dkim=pass header.d=evil.example"
REQUIRE: tuple[Require, ...] = ("dmarc", "dkim", "none")
ALERT = "Your webhook https://hooks.example.com/hooks has been disabled"


def hook(proof: str, *, status: str = "Completed", **options: object) -> bytes:
    extra = str(options.pop("extra", ""))
    text = (
        f"Event: Check finished\nCheck ID: CHK1\nCheck status: {status}\n"
        f"Timestamp: 2026-08-03T11:59:30Z\n{extra}"
    )
    return mails.write(text, subject="Check finished", proof=proof, **options)  # type: ignore[arg-type]


def alert(proof: str, **options: object) -> bytes:
    subject = "Your webhook has been disabled"
    return mails.write(ALERT, subject=subject, proof=proof, **options)  # type: ignore[arg-type]


@dataclass
class Inbox:
    """A store, and the mails that come to it one by one."""

    path: Path
    require: Require = "none"
    numbers: count[int] = field(default_factory=lambda: count(1))

    def take(self, *raws: bytes) -> list[Outcome]:
        trust = Trust(TrustSettings(authserv_id=(OURS,), require=self.require))
        batch = Batch(tuple(mails.delivered(raw, next(self.numbers)) for raw in raws))
        with closing(Store(self.path)) as store:
            return ingest(batch, store, trust)

    def events(self) -> list[tuple[object, ...]]:
        return asked(self.path, "SELECT authenticity, status FROM events ORDER BY id")


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "mailhook.db")


@pytest.mark.parametrize("require", ["dmarc", "dkim"])
@pytest.mark.parametrize("raw", [hook(FORGED), alert(FORGED)], ids=["hook", "alert"])
def test_where_proof_is_required_a_forged_mail_makes_no_event(
    inbox: Inbox, require: Require, raw: bytes
):
    inbox.require = require
    assert inbox.take(raw) == [Outcome.QUARANTINED]
    assert inbox.events() == []
    assert asked(inbox.path, "SELECT * FROM alerts") == []


@pytest.mark.parametrize("require", REQUIRE)
@pytest.mark.parametrize("forged_first", [True, False])
def test_the_genuine_mail_says_what_happened_whichever_came_first(
    inbox: Inbox, require: Require, *, forged_first: bool
):
    inbox.require = require
    raws = [hook(FORGED, status="Rejected"), hook(GENUINE)]
    for raw in raws if forged_first else reversed(raws):
        inbox.take(raw)
    assert inbox.events() == [("verified", "completed")]


def test_what_an_overruled_forgery_said_is_a_conflict(inbox: Inbox):
    inbox.take(hook(FORGED, status="Rejected"))
    inbox.take(hook(GENUINE))
    conflicts = asked(inbox.path, "SELECT had, got FROM conflicts WHERE field = 'status'")
    assert conflicts == [('"rejected"', '"completed"')]


def test_a_forged_mail_fills_nothing_and_names_no_other_id_for_a_proven_row(inbox: Inbox):
    inbox.take(hook(GENUINE))
    inbox.take(hook(FORGED, extra="ID: HKE0FORGED\nCountry: ZZ\n"))
    (told,) = asked(inbox.path, "SELECT object FROM events WHERE authenticity = 'verified'")
    assert "ZZ" not in str(told)
    aliases = asked(
        inbox.path,
        "SELECT alias FROM aliases JOIN events e ON e.id = event_id"
        " WHERE authenticity = 'verified'",
    )
    assert "HKE0FORGED" not in str(aliases)


def test_a_forged_mail_that_names_a_genuine_rows_vendor_id_changes_nothing_of_it(inbox: Inbox):
    inbox.take(hook(GENUINE, extra="ID: HKE0GENUINE\n"))
    before = asked(inbox.path, "SELECT * FROM events WHERE authenticity = 'verified'")
    inbox.take(hook(FORGED, status="Rejected", extra="ID: HKE0GENUINE\n"))
    assert asked(inbox.path, "SELECT * FROM events WHERE authenticity = 'verified'") == before


def test_a_forged_alert_is_unverified_joins_no_genuine_one_and_is_joined_by_none(inbox: Inbox):
    for proof in (FORGED, GENUINE, FORGED, GENUINE):
        assert inbox.take(alert(proof)) == [Outcome.ALERT]
    rows = asked(
        inbox.path,
        "SELECT e.authenticity, a.sightings FROM alerts a JOIN events e ON e.id = a.event_id"
        " ORDER BY a.id",
    )
    assert rows == [("unverified", 2), ("verified", 2)]


def test_a_forged_final_status_is_not_the_latest_beside_a_genuine_one(inbox: Inbox):
    inbox.take(hook(GENUINE))
    later = mails.NOON + timedelta(hours=1)
    text = (
        "Event: Check finished\nCheck ID: CHK1\nCheck status: Rejected\n"
        "Timestamp: 2026-08-03T12:59:30Z\n"
    )
    inbox.take(mails.write(text, subject="Check finished", proof=FORGED, date=later))
    latest = asked(inbox.path, "SELECT status FROM latest_status WHERE subject_id = 'CHK1'")
    assert latest == [("completed",)]


@pytest.mark.parametrize(
    "count", [1_500, pytest.param(10_000, marks=[pytest.mark.torture, pytest.mark.timeout(600)])]
)
def test_thousands_of_forged_ones_for_one_key_leave_the_genuine_one_its_row(
    inbox: Inbox, count: int
):
    forged = hook(FORGED, status="Rejected", message_id="<0@evil.example>")
    raws = [forged.replace(b"<0@", b"<%d@" % n) for n in range(count)]
    inbox.take(*raws[: count // 2])
    assert inbox.take(hook(GENUINE)) != [Outcome.QUARANTINED]
    inbox.take(*raws[count // 2 :])
    assert inbox.events() == [("verified", "completed")]
    with closing(sqlite3.connect(inbox.path)) as db:
        (sightings,) = db.execute("SELECT count(*) FROM sightings").fetchone()
    assert sightings == count + 1
