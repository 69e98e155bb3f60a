"""What was answered 200 is in the table, whatever happens to the process or to its disk."""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from serving import Senders, Serving, hook, serving
from stores import asked
from test_service_store import HASTY, fill

_SECONDS = 20


def test_two_kills_under_load_lose_nothing_that_was_answered(tmp_path: Path):
    killed_and_whole(tmp_path, kills=2)


@pytest.mark.torture
@pytest.mark.timeout(300)
def test_twenty_kills_under_load_lose_nothing_that_was_answered(tmp_path: Path):
    killed_and_whole(tmp_path, kills=20)


def killed_and_whole(home: Path, *, kills: int) -> None:
    chance, first, answered = random.Random(kills), 0, list[int]()  # noqa: S311 - moments alike
    with serving(home) as server:
        for nth in range(kills):
            if nth:
                server.start()
            senders = Senders(server, first)
            senders.start()
            time.sleep(chance.uniform(0, 0.25))  # the moment of the kill is what is tried
            server.kill()
            first = senders.join()
            answered += senders.answered
            assert not missing(server.store, answered)
        server.start()
        some = range(0, first, max(1, first // 50))  # of those that were cut off, too
        assert set(server.post(*some)) == {200}
    assert not missing(server.store, {*some, *answered})
    assert asked(server.store, "SELECT key FROM events GROUP BY key HAVING count(*) > 1") == []
    assert asked(
        server.store, "SELECT (SELECT count(*) FROM events) = count(*) FROM deliveries"
    ) == [(1,)]


def missing(store: Path, numbers: Iterable[int]) -> set[str]:
    """The hooks that the table does not have, of these."""
    wanted = {f"web:{sha256(hook(number)).hexdigest()}" for number in numbers}
    with closing(sqlite3.connect(store)) as db:
        found = db.execute("SELECT location FROM deliveries WHERE outcome = 'recorded'")
        return wanted - {location for (location,) in found}


def test_a_full_disk_is_answered_503_and_heals_by_itself(tmp_path: Path, small_disk: Path):
    with serving(tmp_path, small_disk / "mailhook.db") as server:
        assert server.post(1) == [200]
        filled = fill(small_disk)
        assert set(server.post(*range(100, 140))) >= {503}
        assert server.post(2, 3) == [503, 503]
        assert missing(server.store, [2, 3]) != set()
        filled.unlink()
        assert server.post(1, 2, 3) == [200, 200, 200]
        assert not missing(server.store, [1, 2, 3])


def test_a_store_that_is_deleted_under_it_is_answered_503_and_written_back(tmp_path: Path):
    with serving(tmp_path, program=(sys.executable, "-c", HASTY)) as server:
        assert server.post(1) == [200]
        server.store.unlink()
        assert server.post(2) in ([503], [200])
        until_taken(server, 3)
        assert server.post(2) == [200]
        assert not missing(server.store, [1, 2, 3])


def until_taken(server: Serving, number: int) -> None:
    end = time.monotonic() + _SECONDS
    while server.post(number) != [200]:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_all_that_wait_at_its_end_are_answered(tmp_path: Path):
    with serving(tmp_path) as server:
        senders = Senders(server, 0)
        senders.start()
        server.process.terminate()
        senders.join()
        assert server.process.wait(_SECONDS) == 0
        assert not missing(server.store, senders.answered)
