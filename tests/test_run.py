"""The service as a process: it polls, it outlives every mailbox, and it ends when told to."""

from __future__ import annotations

import json
import logging
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mails
import pytest
import warm
import yaml
from apscheduler.events import EVENT_JOB_REMOVED
from scripted_imap import HANG, Mail, ScriptedImap
from service import MAILHOOK, Line, batch, running
from sqlite_utils import Database

from mailhook.store.schema import migrations
from mailhook.store.versions import KNOWN
from mailhook.worker import rings

HOOKS = [mails.check_finished(f"CHK{number:032d}") for number in range(4)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_polls_at_once_and_again_and_ends_when_told_to(tmp_path: Path, number: signal.Signals):
    with ScriptedImap(tmp_path, HOOKS[0]) as server:
        with running(tmp_path, server.mailbox()) as service:
            first = service.until(batch)
            server.inbox.add(Mail(HOOKS[1]), Mail(mails.write("hi", proof=None)))
            second = service.until(batch)
            code, seconds = service.stop(number)
        assert (first["mailbox"], first["count"], first["recorded"]) == ("hooks", 1, 1)
        assert (second["count"], second["recorded"], second["ignored"]) == (2, 1, 1)
        assert code == 0
        assert seconds < 5
        assert service.count("events") == 2


def test_it_ends_in_time_though_many_servers_hang(tmp_path: Path):
    reached = threading.Semaphore(0)
    with ScriptedImap(tmp_path) as server:
        server.greeting = (reached.release, HANG)
        mailboxes = [server.mailbox(name=f"n{nth}", username=f"n{nth}") for nth in range(30)]
        with running(tmp_path, *mailboxes) as service:
            for _ in mailboxes:
                assert reached.acquire(timeout=60)
            code, seconds = service.stop()
    assert code == 0
    assert seconds < 5


def test_it_ends_in_time_in_the_middle_of_a_sweep_and_loses_nothing(tmp_path: Path):
    hooks = [mails.check_finished(f"CHK{number:032d}") for number in range(600)]
    with ScriptedImap(tmp_path, *hooks) as server:
        mailbox = server.mailbox(after={"move": "Done"})
        with running(tmp_path, mailbox) as service:
            service.until(batch)
            code, seconds = service.stop()
            recorded = service.count("events")
        assert (code, recorded % 250) in ((0, 0), (0, 100))
        assert seconds < 5
        with running(tmp_path, mailbox) as service:
            while service.count("events") < len(hooks):
                service.until(batch)
            service.stop()
    assert service.count("events") == service.count("deliveries") == len(hooks)


def test_it_outlives_mailboxes_in_trouble_and_serves_the_others(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOKS[0]) as good, ScriptedImap(tmp_path) as refusing:
        refusing.on("LOGIN", b"<tag> NO who are you\r\n")
        mailboxes = (
            refusing.mailbox(name="refusing"),
            good.mailbox(name="closed", username="closed", port=1),
            good.mailbox(name="folder", username="folder", folders=["Gone"]),
            good.mailbox(name="good", username="good"),
        )
        with running(tmp_path, *mailboxes) as service:
            troubled: set[str] = set()
            while len(troubled) < 3:
                error = service.until(lambda line: line["level"] == "error")
                troubled.add(error["mailbox"])
            good.inbox.add(Mail(HOOKS[1]))
            while service.count("events") < 2:
                service.until(batch)
            code, _ = service.stop()
    assert troubled == {"refusing", "closed", "folder"}
    assert code == 0


def test_a_server_that_comes_back_is_read_again(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOKS[0]) as server:
        server.on("LOGIN", b"<tag> NO [UNAVAILABLE] later\r\n", times=1)
        with running(tmp_path, server.mailbox()) as service:
            error = service.until(lambda line: line["level"] == "error")
            assert service.until(batch)["recorded"] == 1
            service.stop()
    assert "will be tried again" in error["event"]


def test_a_bug_of_ours_does_not_leave_a_mailbox_without_its_thread(tmp_path: Path):
    with (
        ScriptedImap(tmp_path, HOOKS[0]) as server,
        running(tmp_path, server.mailbox()) as service,
    ):
        service.until(batch)
        alter(tmp_path, "ALTER TABLE positions RENAME TO lost")
        service.until(lambda line: "a bug of mailhook" in line["event"])
        alter(tmp_path, "ALTER TABLE lost RENAME TO positions")
        server.inbox.add(Mail(HOOKS[1]))
        assert service.until(batch)["recorded"] == 1
        code, _ = service.stop()
    assert code == 0


def alter(home: Path, statement: str) -> None:
    """Break the store under the service in a way nothing is prepared for."""
    with closing(sqlite3.connect(home / "mailhook.db", timeout=10)) as db, db:
        db.execute(statement)


def test_no_secret_and_no_text_of_a_mail_is_logged(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOKS[0]) as server:
        server.on("LOGIN other", b'<tag> NO LOGIN "correct-horse" refused\r\n')
        mailboxes = server.mailbox(), server.mailbox(name="other", username="other")
        with running(tmp_path, *mailboxes) as service:
            lines = [service.until(lambda _: True)]
            while not {"batch", "refused"} <= {kind(line) for line in lines}:
                lines.append(service.until(lambda _: True))
            service.stop()
    logged = json.dumps(lines)
    assert "correct-horse" not in logged
    assert "CHK0" not in logged


def kind(line: Line) -> str:
    return "refused" if "refuses the login" in line["event"] else str(line["event"])


class Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.something = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        self.something.set()


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler = Heard()
    rings.log.addHandler(handler)
    yield handler
    rings.log.removeHandler(handler)


def fails() -> None:
    raise RuntimeError


@pytest.mark.parametrize(
    ("job", "options", "said"),
    [
        (fails, {}, "a ring failed"),
        (int, {"run_date": datetime(2020, 1, 1, tzinfo=UTC), "misfire_grace_time": 1}, "missed"),
    ],
)
def test_a_ring_that_fails_or_is_missed_is_said(
    heard: Heard, job: Callable[[], object], options: dict[str, Any], said: str
):
    bells, removed = rings.scheduler(), threading.Event()
    # A job of one date is removed when it is done; a shutdown must not come between.
    bells.add_listener(lambda _: removed.set(), EVENT_JOB_REMOVED)
    bells.add_job(job, "date", id="hooks", **options)
    bells.start()
    try:
        assert heard.something.wait(10)
        assert removed.wait(10)
    finally:
        bells.shutdown()
    (record,) = heard.records
    assert record.levelno == logging.ERROR
    assert said in record.getMessage()
    assert vars(record)["job"] == "hooks"


def test_poll_says_what_is_wrong_with_the_right_exit_code(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOKS[0]) as server:
        config = {"mailboxes": [server.mailbox(folders=["INBOX", "Hoks"])]}
        server.boxes["Hooks"] = server.inbox
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
        command = [MAILHOOK, "-c", tmp_path / "config.yaml", "poll", "--json"]
        done = warm.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 78
    assert json.loads(done.stdout)["outcomes"] == {"quarantined": 1}
    assert "there is no folder 'Hoks'" in done.stderr
    assert "hint: there are: Hooks" in done.stderr


def empty(path: Path) -> None:
    """What a service that is killed in its first moment leaves."""
    path.touch()


def of_an_older_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before=KNOWN[-1])


@pytest.mark.parametrize("make", [empty, of_an_older_version])
def test_it_starts_on_a_store_that_is_yet_to_be_made_or_brought_up_to_date(
    tmp_path: Path, make: Callable[[Path], None]
):
    make(tmp_path / "mailhook.db")
    with ScriptedImap(tmp_path, HOOKS[0]) as server, running(tmp_path, server.mailbox()) as service:
        assert service.until(batch)["recorded"] == 1
