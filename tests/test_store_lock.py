"""One process writes: whoever comes second is told who does, and the dead hold nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import mails
import pytest
from stores import asked, refused

from mailhook.errors import TemporaryError
from mailhook.pipeline import Trust, examine
from mailhook.store import Filters, Reader, Store

HOLD = """
import sys
from pathlib import Path
from mailhook.store import Store

with Store(Path(sys.argv[1]), purpose="run"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mailhook.db"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the store open for writing, until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_is_told_who_writes_and_to_try_again(
    path: Path, holder: subprocess.Popen[str]
):
    error = refused(Store, path)
    assert error.exit_code == 75
    words = rf"`mailhook run` \(pid {holder.pid}, since \d{{4}}-\d\d-\d\dT[\d:.]+Z\)"
    assert re.search(words, str(error))


def test_readers_are_not_kept_out(path: Path, holder: subprocess.Popen[str]):
    assert holder.poll() is None
    with Reader(path) as reader:
        assert list(reader.events(Filters())) == []


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_writer_holds_nothing(path: Path, holder: subprocess.Popen[str], end: int):
    holder.send_signal(end)
    holder.wait()
    with Store(path, purpose="poll"):
        words = path.with_name("mailhook.db.lock").read_text()
    assert words.startswith(f"`mailhook poll` (pid {os.getpid()}, since ")


def test_a_clean_end_lets_go_and_leaves_an_empty_lock_file(
    path: Path, holder: subprocess.Popen[str]
):
    holder.communicate()
    assert path.with_name("mailhook.db.lock").read_bytes() == b""
    Store(path).close()


@pytest.mark.parametrize("damage", [Path.unlink, lambda lock: lock.write_bytes(b"\xff\0")])
def test_a_lock_file_deleted_or_overwritten_while_it_is_held_still_keeps_others_out(
    path: Path, holder: subprocess.Popen[str], damage: object
):
    assert callable(damage)
    damage(path.with_name("mailhook.db.lock"))
    for _ in range(2):
        assert refused(Store, path).exit_code == 75
    holder.communicate()
    Store(path).close()


def test_of_two_threads_that_open_the_store_one_gets_it_and_can_write(path: Path, trust: Trust):
    finding = examine(mails.delivered(mails.check_finished("CHK" + "a" * 32)), trust)
    start = threading.Barrier(2)
    opened: list[Store] = []
    errors: list[TemporaryError] = []

    def open_it() -> None:
        start.wait()
        try:
            opened.append(Store(path))
        except TemporaryError as error:
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(opened), len(errors)) == (1, 1)
    with opened[0] as store:
        assert store.record([finding]) == ["recorded"]


def test_several_threads_may_write_by_one_store(path: Path, trust: Trust):
    findings = [
        examine(mails.delivered(mails.check_finished(f"CHK{n:032x}"), n), trust) for n in range(60)
    ]
    with Store(path) as store:

        def record(nth: int) -> None:
            for finding in findings[nth::3]:
                store.record([finding])
                store.beat(f"thread {nth}")

        threads = [threading.Thread(target=record, args=(nth,)) for nth in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    counts = "SELECT count(*), count(DISTINCT revision), max(revision) FROM events"
    assert asked(path, counts) == [(60, 60, 60)]
    assert asked(path, "SELECT count(*) FROM heartbeat") == [(3,)]


def test_a_store_may_be_closed_twice(path: Path):
    store = Store(path)
    store.close()
    store.close()
    Store(path).close()


def test_what_fails_to_open_holds_nothing(path: Path):
    path.write_bytes(b"Dear reader, this is a letter.\n" * 300)
    refused(Store, path)
    path.unlink()
    Store(path).close()
