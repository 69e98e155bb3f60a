"""The service asks the API: at one pace whatever starts a run, and none for what comes too late."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import mails
import pytest
from fake_api import fill, settings_of
from stores import asked
from test_reconcile_healing import disabled

from mailhook import config, pipeline
from mailhook.errors import TemporaryError
from mailhook.model import Batch
from mailhook.store import Store
from mailhook.testing.api import FakeApi
from mailhook.trust import Trust
from mailhook.worker.asking import Asking
from mailhook.worker.levels import Levels
from mailhook.worker.turns import Turns

TRUST = Trust(config.TrustSettings(authserv_id=(mails.SERVER,)))


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "mailhook.db") as opened:
        yield opened


def asking_of(api: FakeApi, store: Store, **given: Any) -> Asking:
    settings = config.Settings(
        store=config.StoreSettings(path=store.path),
        api=settings_of(api, store.path.parent, **given),
        web=config.WebSettings(),
    )
    return Asking(settings, store, TRUST, threading.Event(), Turns())


def tell(store: Store, mail: bytes, uid: int = 1) -> None:
    pipeline.ingest(Batch((mails.delivered(mail, uid),)), store, TRUST)


def test_no_run_begins_sooner_than_the_pace_of_the_one_before_allows(api: FakeApi, store: Store):
    fill(api, 2)
    api.page_size = 1
    asking = asking_of(api, store, requests_per_second=10)
    start = time.monotonic()
    for _ in range(3):
        asking.ring()
    assert len(api.requests) == 6
    assert time.monotonic() - start >= 0.5


def test_an_api_that_wants_to_be_left_alone_is_so_by_all_later_runs(api: FakeApi, store: Store):
    asking = asking_of(api, store)
    api.fail(429, headers={"Retry-After": "1800"})
    with pytest.raises(TemporaryError, match="slow down"):
        asking.ring()
    with pytest.raises(TemporaryError, match="left alone for 30 min more"):
        asking.ring()
    assert asking.now(None, (), lambda _: None).exit_code == 75
    assert len(api.requests) == 1


def test_another_address_has_asked_us_to_wait_for_nothing(api: FakeApi, store: Store):
    asking = asking_of(api, store)
    api.fail(429, headers={"Retry-After": "1800"})
    with pytest.raises(TemporaryError, match="slow down"):
        asking.ring()
    with FakeApi() as other:
        replace(asking, settings=asking_of(other, store).settings).ring()
        assert len(other.requests) == 1


def test_an_alert_that_comes_during_a_run_is_looked_into_after_it(api: FakeApi, store: Store):
    asking = asking_of(api, store)
    with asking.turns.of("reconcile"):
        tell(store, disabled())
        heeding = threading.Thread(target=asking.heed)
        heeding.start()
        assert not api.wait(1, 0.2)
    assert api.wait(1)
    heeding.join()


@pytest.mark.parametrize("became", ["healed", "lost"])
def test_an_alert_that_is_told_again_is_looked_into_again(api: FakeApi, store: Store, became: str):
    asking = asking_of(api, store)
    tell(store, disabled(timedelta(minutes=2)))
    asking.heed()
    with closing(sqlite3.connect(store.path)) as db, db:
        assert db.execute("SELECT state FROM alerts").fetchall() == [("healed",)]
        db.execute("UPDATE alerts SET state = ?", (became,))
    asking.heed()
    assert len(api.requests) == 1
    tell(store, disabled(timedelta(minutes=1)), uid=2)
    asking.heed()
    assert len(api.requests) == 2
    assert asked(store.path, "SELECT state, sightings FROM alerts") == [("healed", 2)]


def test_each_further_level_of_the_guard_starts_a_run(api: FakeApi, store: Store):
    asking, rung = asking_of(api, store), list[int]()
    levels = Levels(asking.settings, store, lambda: rung.append(1))
    minute, counted = int(time.time() // 60) * 60, []
    for failed in (0, 5, 0, 5, 60):
        store.count_answers({minute: Counter(ok=10 if not counted else 0, failed=failed)})
        levels.look()
        counted.append(len(rung))
    assert counted == [0, 1, 1, 2, 3]
