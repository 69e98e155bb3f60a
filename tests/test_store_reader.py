"""What the reader gives, what it refuses, and what it costs."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import mails
import pytest

from mailhook.config import TrustSettings
from mailhook.errors import MailhookError, UsageError
from mailhook.pipeline import Trust, examine
from mailhook.store import Filters, Reader, Store

LATE = mails.NOON + timedelta(days=1)
CHECK = "CHK" + "a" * 32
PROCESS = "IDP" + "b" * 32
HOOK = mails.check_finished(CHECK)
IDENTITY = mails.write(
    f"Event: Identity process succeeded\nIdentity process ID: {PROCESS}\n"
    "Timestamp: 2026-08-04T11:59:30Z\n",
    date=LATE,
)
FORGED = mails.check_finished("CHK" + "c" * 32, proof=None)
ALERT = mails.write("Your hook https://hooks.example.com/hooks was disabled.", subject="Alert")
NEWS = mails.write("hi", headers=(("List-Unsubscribe", "<https://example.com/>"),))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hook of noon, told again by web; one of the day after; a forgery, an alert, news."""
    raws = (HOOK, IDENTITY, FORGED, ALERT, NEWS)
    mailed = [mails.delivered(raw, uid) for uid, raw in enumerate(raws, 1)]
    mailed[1] = replace(mailed[1], received_at=LATE)
    posted = replace(mailed[0], channel="web", location="web:1", place=None)
    trust = Trust(TrustSettings(authserv_id=("mx.example.com",)))
    path = tmp_path_factory.mktemp("reader") / "mailhook.db"
    with Store(path) as store:
        findings = [examine(delivery, trust) for delivery in mailed]
        store.record([*findings, replace(findings[0], delivery=posted)])
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "mailhook.db"))


@pytest.fixture
def reader(path: Path) -> Iterator[Reader]:
    with Reader(path) as reader:
        yield reader


EVENTS = {
    "all, the newest first": (Filters(), [PROCESS, CHECK, None]),
    "a product": (Filters(product="checks"), [CHECK]),
    "a type": (Filters(type="identity_process"), [PROCESS]),
    "an action": (Filters(action="finished"), [CHECK]),
    "a subject": (Filters(subject=PROCESS), [PROCESS]),
    "since a time, that time included": (Filters(since=LATE - timedelta(seconds=30)), [PROCESS]),
    "by a channel": (Filters(channel="web"), [CHECK]),
    "by another channel": (Filters(channel="api"), []),
    "after a revision": (Filters(after=1), [PROCESS, None]),
    "at most so many": (Filters(limit=1), [PROCESS]),
    "several at once": (Filters(product="checks", action="finished", channel="email"), [CHECK]),
    "several that exclude each other": (Filters(product="checks", subject=PROCESS), []),
    "a quote is nothing but a character": (Filters(subject="' OR 1 --"), []),
}


@pytest.mark.parametrize(("filters", "subjects"), EVENTS.values(), ids=EVENTS)
def test_events_are_narrowed_to(reader: Reader, filters: Filters, subjects: list[str | None]):
    rows = list(reader.events(filters))
    told = [row["subject_id"] for row in rows]
    assert told == sorted(subjects, key=told.index)
    assert [row["occurred_at"] for row in rows] == sorted(
        (row["occurred_at"] for row in rows), reverse=True
    )


def test_events_for_export_come_by_revision_with_their_object(reader: Reader):
    rows = list(reader.events(Filters(), by_revision=True))
    assert [row["revision"] for row in rows] == [1, 2, 3]
    assert rows[0]["object"]["check_id"] == CHECK


DELIVERIES = {
    "all, the last recorded first": (Filters(), [6, 5, 4, 3, 2, 1]),
    "a channel": (Filters(channel="web"), [6]),
    "received since": (Filters(since=LATE), [2]),
    "those that told of a subject": (Filters(subject=CHECK), [6, 1]),
    "those that told of a product and came by a channel": (
        Filters(product="checks", channel="email"),
        [1],
    ),
    "those that told of an action": (Filters(action="succeeded"), [2]),
    "those that told of a type": (Filters(type="webhook"), [4]),
    "at most so many": (Filters(limit=2), [6, 5]),
}


@pytest.mark.parametrize(("filters", "ids"), DELIVERIES.values(), ids=DELIVERIES)
def test_deliveries_are_narrowed_to(reader: Reader, filters: Filters, ids: list[int]):
    rows = list(reader.deliveries(filters))
    assert [row["id"] for row in rows] == ids
    assert not any("raw" in row for row in rows)


def test_deliveries_that_need_attention_are_those_in_quarantine(reader: Reader):
    assert [row["id"] for row in reader.deliveries(Filters(), attention=True)] == [3]
    assert list(reader.deliveries(Filters(channel="web"), attention=True)) == []


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(), 1),
        (Filters(product="webhook"), 1),
        (Filters(type="check"), 0),
        (Filters(action="disabled", channel="email"), 1),
        (Filters(channel="web"), 0),
        (Filters(since=mails.NOON), 1),
        (Filters(since=LATE), 0),
    ],
)
def test_alerts_are_narrowed_like_their_events(reader: Reader, filters: Filters, count: int):
    rows = list(reader.alerts(filters))
    assert len(rows) == count
    assert all(row["detail"]["endpoint"] == "https://hooks.example.com/hooks" for row in rows)


def test_a_delivery_comes_with_its_bytes_and_what_it_told_of(reader: Reader):
    row = reader.delivery(1)
    assert row
    assert (row["raw"], row["events"]) == (HOOK, [f"{CHECK}/check.finished"])
    assert reader.raw(row["location"]) == row
    assert reader.delivery(99) is None
    assert reader.raw("imap://nobody@example.com/") is None


def test_bytes_that_are_not_kept_are_none(tmp_path: Path, trust: Trust):
    path = tmp_path / "other.db"
    with Store(path, keep_raw="none") as store:
        store.record([examine(mails.delivered(HOOK), trust)])
    with Reader(path) as reader:
        row = reader.delivery(1)
    assert row
    assert row["raw"] is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda reader: reader.delivery(2**80),
        lambda reader: list(reader.events(Filters(limit=2**80))),
        lambda reader: list(reader.events(Filters(after=2**80))),
    ],
)
def test_a_number_that_no_row_can_have_is_refused(reader: Reader, ask: Callable[[Reader], object]):
    with pytest.raises(UsageError, match="larger than any"):
        ask(reader)


def test_a_reader_sees_what_is_committed_while_it_is_open(path: Path, trust: Trust):
    finding = examine(mails.delivered(mails.check_finished("CHK" + "e" * 32), 9), trust)
    with Reader(path) as reader, Store(path) as store:
        before = len(list(reader.events(Filters())))
        store.record([finding])
        assert len(list(reader.events(Filters()))) == before + 1


def damaged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


@pytest.mark.parametrize(
    "ask",
    [
        lambda reader: list(reader.events(Filters())),
        lambda reader: list(reader.query("SELECT * FROM events")[1]),
        lambda reader: reader.rows("SELECT * FROM events"),
    ],
)
def test_damage_met_while_reading_is_said(path: Path, ask: Callable[[Reader], Any]):
    damaged(path)
    with Reader(path) as reader, pytest.raises(MailhookError, match="damaged") as caught:
        ask(reader)
    assert caught.value.exit_code == 78
