"""Every mail under fixtures/mail becomes exactly what the `.json` beside it says."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mailhook import catalog, times
from mailhook.config import TrustSettings
from mailhook.model import Batch, Delivery, Event
from mailhook.pipeline import Trust, examine, ingest
from mailhook.store import Store

MAILS = Path(__file__).parents[1] / "fixtures" / "mail"
# The hostile ones are tests of their own: they have no events to compare.
HOSTILE = MAILS / "hostile"
KEY = b"fixture-signing-key-0123456789abcdef"
TRUST = Trust(TrustSettings(authserv_id=("mx.example.com",)), (KEY,))
RECEIVED = datetime(2026, 8, 10, tzinfo=UTC)


def found(suffix: str) -> list[Path]:
    paths = sorted(MAILS.rglob(f"*{suffix}"))
    return [path.with_suffix("") for path in paths if HOSTILE not in path.parents]


# `finished.en.labels.eml`: the name without its last suffix still has dots.
every_mail = pytest.mark.parametrize(
    "name", [str(path.relative_to(MAILS)) for path in found(".eml")]
)


def delivery(name: str) -> Delivery:
    raw = (MAILS / f"{name}.eml").read_bytes()
    return Delivery("email", f"file:{sha256(raw).hexdigest()}", RECEIVED, raw)


def expected(name: str) -> dict[str, Any]:
    return json.loads((MAILS / f"{name}.json").read_text(encoding="utf-8"))


def told(event: Event) -> dict[str, Any]:
    return {
        "product": event.product,
        "event_type": event.event_type,
        "event_action": event.event_action,
        "subject_id": event.subject_id,
        "status": event.status,
        "occurred_at": times.stored(event.occurred_at),
        "time_source": event.time_source,
        "authenticity": event.authenticity,
        "confidence": event.confidence,
        "object": dict(event.object),
    }


def test_every_mail_has_its_expectation_and_every_expectation_its_mail():
    assert found(".eml") == found(".json")


def test_the_corpus_has_every_event_of_the_catalogue_and_every_language():
    names = [path.relative_to(MAILS).as_posix() for path in found(".eml")]
    told = [event for name in names for event in expected(name)["events"]]
    known = {(event.type, event.action.name) for event in catalog.load().events}
    assert known <= {(event["event_type"], event["event_action"]) for event in told}
    for language in ("en", "es", "pt"):
        assert sum(f".{language}." in name for name in names) >= 20


@every_mail
def test_a_mail_tells_exactly_the_events_that_stand_beside_it(name: str):
    finding = examine(delivery(name), TRUST)
    wanted = expected(name)
    assert [told(event) for event in finding.events] == wanted["events"], finding.reason
    assert finding.reason is None or finding.reason.partition(":")[0] == wanted["reason"]
    assert (finding.reason is None) == ("reason" not in wanted)
    assert not finding.unread or finding.verdict == "quarantined"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing in it; copying it is quicker than making it."""
    path = tmp_path_factory.mktemp("empty") / "mailhook.db"
    Store(path).close()
    return path


@every_mail
def test_a_mail_becomes_the_outcome_and_the_alerts_that_stand_beside_it(
    name: str, empty: Path, tmp_path: Path
):
    path, wanted = Path(shutil.copy(empty, tmp_path)), expected(name)
    with Store(path) as store:
        assert ingest(Batch((delivery(name),)), store, TRUST) == [wanted["outcome"]]
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        rows = db.execute("SELECT kind, endpoint, occurred_at FROM alerts ORDER BY id").fetchall()
    assert [dict(row) for row in rows] == wanted["alerts"]


def test_creators_and_owners_copies_are_one_alert(tmp_path: Path):
    copies = sorted(MAILS.glob("webhook/*.creator.eml")) + sorted(MAILS.glob("webhook/*.owner.eml"))
    names = [str(path.relative_to(MAILS).with_suffix("")) for path in copies]
    path = tmp_path / "mailhook.db"
    with Store(path) as store:
        ingest(Batch(tuple(map(delivery, names))), store, TRUST)
    with closing(sqlite3.connect(path)) as db:
        alerts = db.execute("SELECT kind, sightings FROM alerts ORDER BY kind").fetchall()
        assert db.execute("SELECT count(*) FROM events").fetchone() == (2,)
    assert alerts == [("delivery_failing", 2), ("hook_disabled", 2)]
