"""Retention: what goes at which age, what stays, and what is said of it."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mails
import pytest
from command import Home
from sqlite_utils import Database
from stores import asked, kept

from mailhook import times
from mailhook.config import StoreSettings
from mailhook.model import Outcome
from mailhook.pipeline import Trust, examine
from mailhook.store import Reader, Store
from mailhook.store.pruning import Counts, foresee, prune
from mailhook.store.schema import migrations

QUARANTINED = mails.check_finished("CHK9", proof=None)
LETTER = mails.write("Lunch?", sender="Ana <ana@example.com>", proof=None)
RAW, EVENTS = StoreSettings(raw_days=90, event_days=None), StoreSettings(event_days=365)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mailhook.db"


@pytest.fixture
def store(path: Path, trust: Trust) -> Iterator[Store]:
    """A hook, a forgery that waits in quarantine, a letter that is no hook, an alert."""
    alert = mails.write(
        "Your webhook https://hooks.example.com/in was disabled because deliveries failed.",
        subject="Your webhook has been disabled",
    )
    raws = (mails.check_finished("CHK1"), QUARANTINED, LETTER, alert)
    with Store(path) as opened:
        findings = [examine(mails.delivered(raw, n), trust) for n, raw in enumerate(raws, 1)]
        assert opened.record(findings) == ["recorded", "quarantined", "ignored", "alert"]
        yield opened


def after(days: float) -> datetime:
    return times.now() + timedelta(days=days)


def test_bytes_go_after_raw_days_and_not_before_but_never_those_in_quarantine(
    store: Store, path: Path
):
    whole = kept(path)
    assert prune(store, RAW, after(89.9)) == Counts()
    assert kept(path) == whole
    assert prune(store, RAW, after(90.1)) == Counts(raw=3)
    assert kept(path) == [None, QUARANTINED, None, None]
    assert prune(store, RAW, after(90.1)) == Counts()


def test_a_delivery_that_was_not_wholly_understood_keeps_its_bytes(store: Store, path: Path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE deliveries SET unread = 1 WHERE id = 1")
    prune(store, EVENTS, after(4000))
    assert asked(path, "SELECT id FROM deliveries WHERE raw IS NOT NULL") == [(1,), (2,)]


def test_events_go_after_event_days_with_all_that_hung_on_them(store: Store, path: Path):
    assert prune(store, EVENTS, after(366)) == Counts(raw=3, events=2, deliveries=3)
    for table in ("events", "sightings", "aliases", "conflicts", "alerts"):
        assert asked(path, f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608
    assert asked(path, "SELECT outcome FROM deliveries") == [("quarantined",)]
    assert asked(path, "PRAGMA foreign_key_check") == []


def test_where_bytes_are_kept_for_ever_their_deliveries_are(store: Store, path: Path):
    settings = StoreSettings(raw_days=None, event_days=365)
    assert prune(store, settings, after(4000)) == Counts(events=2)
    assert None not in kept(path)
    assert len(kept(path)) == 4


def test_without_days_nothing_ever_goes(store: Store):
    assert prune(store, StoreSettings(raw_days=None), after(36_000)) == Counts()


def test_an_alert_that_goes_on_is_not_old(store: Store, path: Path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE alerts SET last_seen_at = ?", (times.stored(after(100)),))
    prune(store, EVENTS, after(366))
    assert asked(path, "SELECT product FROM events") == [("webhook",)]


def test_a_mail_that_is_met_again_after_its_row_went_is_a_duplicate(store: Store, trust: Trust):
    hook = examine(mails.delivered(mails.check_finished("CHK1"), 70), trust)
    prune(store, EVENTS, after(366))
    assert store.record([hook]) == [Outcome.DUPLICATE]


def test_a_dry_run_foresees_what_will_go_and_changes_nothing(store: Store, path: Path):
    whole = kept(path)
    for settings in (RAW, EVENTS, StoreSettings(raw_days=None, event_days=1)):
        with Reader(path) as reader:
            expected = foresee(reader, settings, after(400))
        assert kept(path) == whole
        assert expected
    assert prune(store, EVENTS, after(400)) == Counts(raw=3, events=2, deliveries=3)


def test_what_went_is_written_down_once_with_who_and_why(store: Store, path: Path):
    told: list[Counts] = []
    for _ in range(2):
        prune(store, EVENTS, after(366), told.append, "ana")
    ((who, what, detail, why),) = asked(path, "SELECT who, what, detail, why FROM audit")
    assert (who, what, why) == ("ana", "prune", "raw_days: 90, event_days: 365")
    assert json.loads(str(detail)) == {"raw": 3, "events": 2, "deliveries": 3}
    assert told[0] == Counts(raw=3)
    assert told[-1] == Counts()


def fill(store: Store, trust: Trust, count: int, first: int = 100) -> None:
    findings = [
        examine(mails.delivered(mails.check_finished(f"CHK{n:032x}"), n), trust)
        for n in range(first, first + count)
    ]
    store.record(findings)


def test_the_file_gives_its_room_back_and_holds_nothing_of_what_went(
    store: Store, path: Path, trust: Trust
):
    fill(store, trust, 450)
    store.close()
    large = path.stat().st_size
    assert b'"check_id"' in path.read_bytes()
    with Store(path) as again:
        prune(again, EVENTS, after(366))
    assert path.stat().st_size < large / 2
    assert b'"check_id"' not in path.read_bytes()
    assert asked(path, "PRAGMA freelist_count") == [(0,)]


def test_a_store_made_before_retention_gives_room_back_once_it_is_compacted(
    path: Path, trust: Trust
):
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="m003_retention")
    with Store(path) as store:
        fill(store, trust, 150)
        assert asked(path, "PRAGMA auto_vacuum") == [(0,)]
        prune(store, EVENTS, after(366))
        ((free,),) = asked(path, "PRAGMA freelist_count")
        assert int(str(free)) > 5
        store.compact()
        assert asked(path, "PRAGMA auto_vacuum") == [(2,)]
        fill(store, trust, 150, first=1000)
        prune(store, EVENTS, after(366))
    assert asked(path, "PRAGMA freelist_count") == [(0,)]
    assert asked(path, "PRAGMA integrity_check") == [("ok",)]


def longest_wait(store: Store, trust: Trust, first: int) -> float:
    """Of those who record while much is pruned, as a share of the time until all is done."""
    fill(store, trust, 800, first)
    news = [
        examine(mails.delivered(mails.check_finished(f"CHK{n}"), n), trust)
        for n in range(first + 3000, first + 3020)
    ]
    whole = threading.Thread(target=prune, args=(store, EVENTS, after(366)))
    waits = []
    started = time.monotonic()
    whole.start()
    for one in news:
        begun = time.monotonic()
        store.record([one])
        waits.append(time.monotonic() - begun)
    whole.join()
    return max(waits) / (time.monotonic() - started)


def test_who_records_while_much_is_pruned_waits_for_one_small_transaction(
    store: Store, trust: Trust
):
    # On a busy machine one may have to wait for the machine.
    assert any(longest_wait(store, trust, first) < 1 / 2 for first in (10_000, 20_000, 30_000))


def test_the_last_revision_is_known_though_its_event_went(store: Store, path: Path):
    prune(store, EVENTS, after(366))
    with Reader(path) as reader:
        assert reader.last_revision() == 2


def aged(home: Home, days: int) -> None:
    """As if all that is in the store had been recorded so many days ago."""
    then = times.stored(times.now() - timedelta(days=days))
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE deliveries SET recorded_at = ?", (then,))
        db.execute("UPDATE events SET recorded_at = ?", (then,))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path, store={"raw_days": 90, "event_days": 365})
    made.deliver(mails.check_finished("CHK1"), QUARANTINED)
    aged(made, 400)
    return made


def counts(home: Home, *options: str) -> dict[str, Any]:
    done = home.call("prune", "--json", *options)
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_the_command_foresees_prunes_and_has_then_nothing_left_to_do(home: Home):
    whole = {"raw": 1, "events": 1, "deliveries": 1}
    assert counts(home, "--dry-run") == whole
    assert counts(home) == whole
    assert counts(home, "--dry-run") == counts(home, "--compact") == dict.fromkeys(whole, 0)


def test_the_command_says_in_words_what_went(home: Home):
    told = "bytes of 1 mail, 1 event, 1 row of deliveries"
    assert home.call("prune", "--dry-run").out == f"would go, nothing was changed: {told}\n"
    assert home.call("prune").out == f"removed: {told}\n"


def test_a_dry_run_works_beside_a_writer_and_the_command_says_who_writes(home: Home):
    with Store(home.store, purpose="run"):
        assert counts(home, "--dry-run")["events"] == 1
        done = home.call("prune")
    assert (done.code, "`mailhook run`" in done.err) == (75, True)
