"""What the vendor's list says of its deliveries: counted as it says, and nothing of it twice."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import hooks
import mails
import pytest
import scrapes
from fake_api import NOW, key_file, settings_of
from hypothesis import given
from hypothesis import strategies as st

from mailhook import guard, times
from mailhook.config import Settings, StoreSettings, WebSettings
from mailhook.guard import Standing, listing
from mailhook.guard.evidence import placed
from mailhook.store import Reader, Store
from mailhook.testing.api import FakeApi
from mailhook.worker.asking import Asking
from mailhook.worker.turns import Turns

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
# When the vendor tries, by the defaults of `guard.retry_seconds`.
TRIES = (0, 30, 150, 630, 2550, 10230)
# Attempts are gathered by ten seconds.
AT = (NOW - 12_000 * SECOND).replace(second=NOW.second // 10 * 10)


class Scene:
    """A list that was read, a store, and how the hook stands then."""

    def __init__(self, api: FakeApi, store: Store) -> None:
        self.api, self.store = api, store
        web = WebSettings()
        self.settings = Settings(
            store=StoreSettings(path=store.path), api=settings_of(api, store.path.parent), web=web
        )

    def list(self, status: str, attempts: object, updated: float | None = None) -> str:
        """A check that has finished, tried so often; when it was tried last. Its id."""
        subject = f"CHK{len(self.api.events):032x}"
        last = TRIES[attempts - 1] if isinstance(attempts, int) and 0 < attempts <= 6 else 0
        told = times.short(AT + (last if updated is None else updated) * SECOND)
        content = {"check_id": subject, "status": "completed"}
        self.api.add(
            "check",
            "finished",
            content,
            AT,
            delivery_status=status,
            delivery_attempts=attempts,
            update_date=told,
        )
        return subject

    def take(self, subject: str, seconds: float) -> None:
        """The same by web, so long after it was."""
        hooks.take(self.store, hooks.of_check(subject, AT, seconds * SECOND))

    def answered(self, seconds: float, **counts: int) -> None:
        began = int((AT + seconds * SECOND).timestamp()) // 60 * 60
        self.store.count_answers({began: counts})

    def read(self) -> None:
        Asking(self.settings, self.store, hooks.TRUST, threading.Event(), Turns()).ring()

    def expect_checks_by_web(self) -> None:
        """They have come by web before, and all that is recorded since was when it happened."""
        then = times.stored(AT - MINUTE)
        with closing(sqlite3.connect(self.store.path)) as db, db:
            carried = "INSERT OR REPLACE INTO web_carried VALUES (?, ?, ?, ?, ?)"
            db.execute(carried, ("check", "finished", "checks", then, then))
            db.execute("UPDATE events SET recorded_at = ?", (times.stored(AT),))

    def look(self, seconds: float) -> Standing:
        with Reader(self.store.path) as reader:
            found = guard.look(self.settings, reader, AT + seconds * SECOND)
        assert found
        return found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with FakeApi() as api, Store(tmp_path / "mailhook.db") as store:
        yield Scene(api, store)


@pytest.mark.parametrize(
    ("status", "attempts", "seconds", "seen"),
    [
        ("failure", 4, 640, (4, 4)),
        ("Failure", 1, 10, (1, 1)),
        ("failure", 6, 10_300, (1, 1)),  # the others lie before the window
        ("failure", 99, 2600, (5, 5)),  # of the others nobody knows when
        ("failure", 4, 14_000, (0, 0)),
        ("pending", 2, 40, (2, 2)),
        ("pending", 0, 40, (0, 0)),
        ("success", 1, 40, (1, 0)),
        ("success", 3, 160, (3, 2)),
        ("success", None, 40, (1, 0)),
        ("failure", None, 40, (0, 0)),
        ("failure", "4", 40, (0, 0)),
        ("failure", -1, 40, (0, 0)),
        ("on its way", 4, 640, (0, 0)),
    ],
)
def test_what_is_listed_counts_though_nothing_has_ever_come_by_web(
    scene: Scene, status: str, attempts: object, seconds: float, seen: tuple[int, int]
):
    updated = 10_230 if attempts == 99 else None
    scene.list(status, attempts, updated)
    scene.read()
    found = scene.look(seconds)
    assert (found.attempts, found.failed) == seen


def test_no_attempt_is_later_than_the_last_one_that_is_told_of(scene: Scene):
    scene.list("failure", 5, updated=5)
    scene.read()
    assert scene.look(6).failed == 5
    assert scene.look(3700).failed == 0


@pytest.mark.parametrize("seconds", [-40, 0, 40])
def test_what_failed_before_it_came_is_not_counted_beside_what_its_age_tells(
    scene: Scene, seconds: float
):
    scene.take(scene.list("success", 3), 150)
    scene.answered(150, ok=1)
    scene.answered(seconds, retried=1)
    scene.answered(30 + seconds, retried=1)
    scene.read()
    found = scene.look(200)
    assert (found.attempts, found.failed) == (3, 2)


def test_what_no_age_tells_of_is_had_from_the_list(scene: Scene):
    scene.take(scene.list("success", 3), 150)
    scene.answered(150, ok=1)
    scene.read()
    found = scene.look(200)
    assert (found.attempts, found.failed) == (3, 2)


@pytest.mark.parametrize("seconds", [-40, 0, 40])
@pytest.mark.parametrize("status", ["success", "failure"])
def test_what_we_answered_ourselves_is_not_counted_twice(scene: Scene, status: str, seconds: float):
    subject = scene.list(status, 3)
    if status == "success":
        scene.take(subject, 150)
        scene.answered(150, ok=1)
    for at in TRIES[: 2 if status == "success" else 3]:
        scene.answered(at + seconds, failed=1)
    scene.read()
    found = scene.look(200)
    assert (found.attempts, found.failed) == (3, 2 if status == "success" else 3)


def test_what_was_refused_is_counted_twice_by_nobody_who_takes_it_for_genuine(scene: Scene):
    scene.list("failure", 3)
    for at in TRIES[:3]:
        scene.answered(at, refused=1, lookalike=1)
    scene.answered(0, ok=3)
    scene.read()
    found = scene.look(200)
    assert (found.ratio, found.ratio_if_genuine) == (0.5, 0.5)


@pytest.mark.parametrize(("status", "attempts"), [("success", 1), ("failure", 2), ("pending", 0)])
def test_of_what_is_listed_nothing_is_inferred_that_the_list_knows(
    scene: Scene, status: str, attempts: int
):
    subject = scene.list(status, attempts)
    mail = mails.check_finished(subject, time=times.short(AT))
    hooks.take(scene.store, hooks.mailed(mail, AT))
    scene.expect_checks_by_web()
    assert scene.look(640).failed == 4
    scene.read()
    scene.expect_checks_by_web()
    assert scene.look(640).failed == {"success": 0, "failure": 2, "pending": 4}[status]


def test_what_is_pending_is_tried_on_and_what_has_come_since_is_told_by_the_endpoint(
    scene: Scene,
):
    subject = scene.list("pending", 2)
    scene.read()
    scene.expect_checks_by_web()
    assert [scene.look(at).failed for at in (40, 149, 160, 640)] == [2, 2, 3, 4]
    scene.take(subject, 640)
    assert scene.look(640).failed == 0


def test_what_could_not_be_read_was_not_delivered_either(scene: Scene):
    scene.list("failure", 3)
    scene.api.events[0]["object"] = "{cut"
    scene.read()
    assert scene.look(200).failed == 3


def test_an_endpoint_that_nothing_has_ever_reached_is_seen(tmp_path: Path):
    with FakeApi() as api:
        given = {"key": {"file": str(key_file(tmp_path))}, "base": api.base}
        home = scrapes.home(tmp_path, mailboxes=[], web={}, api=given | {"requests_per_second": 0})
        for number in range(10):
            content = {"check_id": f"CHK{number}", "status": "completed"}
            told = {"delivery_status": "failure", "delivery_attempts": 4}
            api.add("check", "finished", content, NOW - (40 - number) * MINUTE, **told)
        assert home.call("reconcile").code == 0
    done = home.call("status", columns=200)
    assert done.code == 1
    assert "40 of 40 attempts in the last hour failed as far as we can see" in done.out
    assert json.loads(home.call("status", "--json").out)["guard"]["level"] == 4


def test_among_many_listed_only_those_of_the_window_are_looked_at(scene: Scene):
    with closing(sqlite3.connect(scene.store.path)) as db:
        plan = db.execute(f"EXPLAIN QUERY PLAN {listing.LISTED}", {"since": ""}).fetchall()
    steps = " ".join(step for *_, step in plan)
    assert "SCAN" not in steps.replace("USE TEMP B-TREE", "")
    assert "listed_updated_at (updated_at>?)" in steps


counts = st.dictionaries(st.integers(0, 5).map(lambda nth: 60 * nth), st.integers(0, 9)).map(
    Counter
)


@given(counts, counts)
def test_each_attempt_stays_one_and_lies_no_further_than_a_minute_off(
    told: Counter[int], answered: Counter[int]
):
    found = placed(told, answered)
    assert found.total() == told.total()
    for minute in range(0, 360, 60):
        near = sum(found[minute + away] for away in (-60, 0, 60))
        assert told[minute] <= near
    assert (found - answered).total() <= (told - answered).total()
