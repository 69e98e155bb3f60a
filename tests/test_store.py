"""Writing to the store: a batch is one transaction, and each arrival is one row."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import mails
import pytest
from stores import asked, kept

from mailhook import catalog
from mailhook.model import After, Batch, Event, Finding, Position
from mailhook.pipeline import Trust, examine, ingest
from mailhook.store import Store

MOVE = After("move", "Done")
POSITION = Position(mails.INBOX, 9, 6)
CHECK = "CHK" + "a" * 32
HOOK = mails.check_finished(CHECK)
OTHER = mails.check_finished("CHK" + "b" * 32)
FORGED = mails.check_finished("CHK" + "c" * 32, proof=None)
ALERT = mails.write("Your hook https://hooks.example.com/hooks was disabled.", subject="Alert")
NEWS = mails.write("hi", headers=(("List-Unsubscribe", "<https://example.com/>"),))
TABLES = ("deliveries events sightings aliases conflicts alerts actions positions").split()
COUNTS = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES)  # noqa: S608
NONE = [(0,) * len(TABLES)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mailhook.db"


def told_by_id(status: str, number: int) -> bytes:
    """The check's end in JSON, with an id of the vendor's."""
    content = {"check_id": CHECK, "status": status, "score": number}
    event = {
        "id": "HKE" + "d" * 40,
        "event_type": "check",
        "event_action": "finished",
        "object": content,
        "timestamp": "2026-08-03T11:59:30Z",
        "version": "1.0",
    }
    return mails.write(json.dumps({"events": [event]}))


def batch(trust: Trust) -> list[Finding]:
    """Something for every table: two tellings that disagree, an alert, a forgery, news."""
    raws = (told_by_id("completed", 1), told_by_id("error", 2), OTHER, ALERT, FORGED, NEWS)
    return [examine(mails.delivered(raw, uid), trust) for uid, raw in enumerate(raws, 1)]


def broken(finding: Finding) -> Finding:
    """The finding with an event that no row can hold."""
    event: Event = replace(finding.events[0], product=None)  # type: ignore[arg-type]
    return replace(finding, events=(event,))


def outcomes(path: Path) -> list[tuple[object, ...]]:
    return asked(path, "SELECT outcome, coalesce(reason, '') FROM deliveries ORDER BY id")


def test_a_batch_fills_all_its_tables_together(path: Path, trust: Trust):
    with Store(path) as store:
        told = store.record(batch(trust), POSITION, MOVE)
        assert store.position(mails.INBOX) == POSITION
        assert [action.place.uid for action in store.actions(mails.INBOX)] == [1, 2, 3, 4]
    assert told == ["recorded", "duplicate", "recorded", "alert", "quarantined", "ignored"]
    assert [outcome for outcome, _ in outcomes(path)] == told
    assert all(asked(path, COUNTS)[0])


def test_an_error_in_the_middle_of_a_batch_leaves_nothing_of_it(path: Path, trust: Trust):
    findings = batch(trust)
    last = examine(mails.delivered(mails.check_finished("CHK" + "e" * 32), 7), trust)
    with Store(path) as store:
        with pytest.raises(sqlite3.IntegrityError, match=r"events\.product"):
            store.record([*findings, broken(last)], POSITION, MOVE)
        assert asked(path, COUNTS) == NONE
        assert store.record(findings, POSITION, MOVE)[0] == "recorded"


def test_words_are_known_even_if_the_first_batch_failed(path: Path, trust: Trust):
    (finding,) = [examine(mails.delivered(HOOK), trust)]
    with Store(path) as store, pytest.raises(sqlite3.IntegrityError):
        store.record([broken(finding)])
    ranks = "SELECT event_type, event_action, rank FROM vocabulary"
    known = {(info.name, action.name, action.rank) for info, action in actions()}
    assert set(asked(path, ranks)) == known


def actions() -> Iterable[tuple[catalog.TypeInfo, catalog.ActionInfo]]:
    for info in catalog.load().types.values():
        for action in info.actions.values():
            yield info, action


def test_words_of_another_catalogue_are_replaced_when_the_first_mail_comes(
    path: Path, trust: Trust
):
    Store(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE vocabulary SET rank = 99")
        db.execute("UPDATE facts SET value = 'another' WHERE name = 'catalog'")
    with Store(path) as store:
        store.record([examine(mails.delivered(HOOK), trust)])
    assert asked(path, "SELECT count(*) FROM vocabulary WHERE rank = 99") == [(0,)]


KILLED_AT_EACH_STATEMENT = """
import os, shutil, signal, sqlite3, sys
from itertools import count
from pathlib import Path
from test_store import MOVE, POSITION, batch
from mailhook.config import TrustSettings
from mailhook.pipeline import Trust
from mailhook.store import Store

folder = Path(sys.argv[1])
findings = batch(Trust(TrustSettings(authserv_id=("mx.example.com",))))
Store(folder / "empty.db").close()

def live(path, last):
    said, connect = count(1), sqlite3.connect
    def die(statement):
        if next(said) == last:
            os.kill(os.getpid(), signal.SIGKILL)
    def watched(*given, **options):
        connection = connect(*given, **options)
        opened.append(connection)
        return connection
    opened = []
    sqlite3.connect = watched
    store = Store(path)
    opened[0].set_trace_callback(die)
    store.record(findings, POSITION, MOVE)
    os._exit(0)

for last in count(1):
    path = folder / f"{last}.db"
    shutil.copy(folder / "empty.db", path)
    child = os.fork()
    if child == 0:
        live(path, last)
    if os.waitpid(child, 0)[1] != signal.SIGKILL:
        break
"""


def test_killed_at_any_statement_of_a_batch_nothing_of_it_is_there(tmp_path: Path, trust: Trust):
    kills = [sys.executable, "-c", KILLED_AT_EACH_STATEMENT, tmp_path]
    env = {"PYTHONPATH": str(Path(__file__).parent)}
    subprocess.run(kills, check=True, timeout=60, env=env)
    killed = sorted(tmp_path.glob("[0-9]*.db"), key=lambda store: int(store.stem))
    whole = asked(killed.pop(), COUNTS)
    assert len(killed) > 40
    for store in killed:
        assert asked(store, COUNTS) == NONE
    with Store(killed[-1]) as again:
        again.record(batch(trust), POSITION, MOVE)
    assert asked(killed[-1], COUNTS) == whole


@pytest.mark.parametrize("way", ["ABORT", "ROLLBACK", "FAIL"])
def test_a_row_that_cannot_be_written_fails_alone_and_keeps_its_bytes(
    path: Path, trust: Trust, way: str
):
    Store(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TRIGGER bad BEFORE INSERT ON events WHEN new.subject_id LIKE 'CHKb%'"
            f" BEGIN SELECT RAISE({way}, 'secret words of a mail'); END"
        )
    raws = (HOOK, OTHER, mails.check_finished("CHK" + "e" * 32))
    deliveries = tuple(mails.delivered(raw, uid) for uid, raw in enumerate(raws, 1))
    with Store(path) as store:
        told = ingest(Batch(deliveries, POSITION), store, trust, MOVE)
        assert store.position(mails.INBOX) == POSITION
        assert [action.place.uid for action in store.actions(mails.INBOX)] == [1, 3]
    assert told == ["recorded", "quarantined", "recorded"]
    (_, reason) = outcomes(path)[1]
    assert str(reason).startswith("bug: IntegrityError")
    assert "secret" not in str(reason)
    assert kept(path)[1] == OTHER


def test_a_position_may_go_back(path: Path):
    with Store(path) as store:
        assert store.position(mails.INBOX) is None
        for position in (POSITION, Position(mails.INBOX, 10, 1)):
            store.record([], position)
            assert store.position(mails.INBOX) == position


def test_a_heartbeat_says_since_when_there_is_none(path: Path):
    failing = "SELECT at <> '', error, failing_since IS NULL FROM heartbeat"
    with Store(path) as store:
        store.beat("INBOX", "no answer")
        assert asked(path, failing) == [(0, "no answer", 0)]
        (since,) = asked(path, "SELECT failing_since FROM heartbeat")
        store.beat("INBOX", "no route")
        assert asked(path, "SELECT failing_since FROM heartbeat") == [since]
        store.beat("INBOX")
        assert asked(path, failing) == [(1, None, 1)]


def test_somebody_else_who_writes_makes_it_wait_not_fail(path: Path, trust: Trust):
    finding = examine(mails.delivered(HOOK), trust)
    with Store(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO facts VALUES ('note', 'by hand')")
        writing = threading.Thread(target=store.record, args=([finding],))
        writing.start()
        other.execute("COMMIT")
        writing.join()
    assert len(outcomes(path)) == 1


def test_a_heartbeat_says_whom_its_error_calls_for(path: Path):
    kind = "SELECT kind FROM heartbeat"
    with Store(path) as store:
        store.beat("INBOX", "the login was refused", "refused")
        assert asked(path, kind) == [("refused",)]
        store.beat("INBOX", "no route", "unreachable")
        assert asked(path, kind) == [("unreachable",)]
        store.beat("INBOX")
        assert asked(path, kind) == [(None,)]
