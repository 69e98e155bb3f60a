"""`kill -9` in the middle of `poll`, again and again: nothing lost, nothing doubled, all moved."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import mails
import pytest
import warm
from dovecot import Account, Dovecot, start

MAILHOOK = Path(sys.executable).with_name("mailhook")


@pytest.fixture(scope="module")
def without_move(dovecot: Dovecot) -> Iterator[Dovecot]:
    """Mails leave the inbox by COPY and UID EXPUNGE: three commands to be killed between."""
    assert dovecot
    server = start(extra="imap_capability = IMAP4rev1 UIDPLUS NAMESPACE")
    yield server
    server.stop()


@pytest.mark.parametrize("server", ["dovecot", "without_move"])
def test_two_kills_lose_and_double_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, server: str
):
    killed_and_whole(request.getfixturevalue(server), tmp_path, kills=2, first=120)


@pytest.mark.torture
@pytest.mark.timeout(900)
@pytest.mark.parametrize("server", ["dovecot", "without_move"])
def test_twenty_kills_lose_and_double_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, server: str
):
    killed_and_whole(request.getfixturevalue(server), tmp_path, kills=20, first=2000)


def killed_and_whole(server: Dovecot, home: Path, *, kills: int, first: int) -> None:
    account = Account(server, f"kill-{uuid.uuid4().hex[:12]}", home)
    config, store = account.config(after={"move": "Done"}), home / "mailhook.db"
    chance = random.Random(first)  # noqa: S311 - moments spread alike in each run
    account.append(*map(hook, range(first)))
    wanted = first
    step = 2 * first // kills
    for _ in range(kills):
        while not killed(config, steps(store) + chance.randrange(step), chance.uniform(0, 0.05)):
            account.append(*map(hook, range(wanted, wanted + step // 2)))
            wanted += step // 2
    last = warm.run([MAILHOOK, "-c", config, "poll"], stdout=subprocess.DEVNULL)
    assert last.returncode == 0
    assert_whole(account, store, wanted)


def steps(store: Path) -> int:
    """How many steps of the way have been committed: two for each mail."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        query = "SELECT 2 * (SELECT count(*) FROM deliveries) - (SELECT count(*) FROM actions)"
        return int(db.execute(query).fetchone()[0])
    return 0


def hook(number: int) -> bytes:
    return mails.check_finished(f"CHK{number:032d}")


def killed(config: Path, after_steps: int, and_seconds: float) -> bool:
    """Whether the poll was still running when its moment had come."""
    process = warm.Popen([MAILHOOK, "-c", config, "poll"], stdout=subprocess.DEVNULL)
    while process.poll() is None and steps(config.with_name("mailhook.db")) < after_steps:
        time.sleep(0.02)  # SQLite calls nobody when another process commits
    with suppress(subprocess.TimeoutExpired):
        process.wait(and_seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def assert_whole(account: Account, store: Path, wanted: int) -> None:
    with closing(sqlite3.connect(store)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        subjects = [row[0] for row in db.execute("SELECT subject_id FROM events")]
        deliveries = db.execute("SELECT count(*), count(DISTINCT message_id) FROM deliveries")
        assert deliveries.fetchone() == (wanted, wanted)
        assert db.execute("SELECT count(*) FROM actions").fetchone() == (0,)
    assert sorted(subjects) == [f"CHK{number:032d}" for number in range(wanted)]
    assert (account.count(), account.count("Done")) == (0, wanted)
