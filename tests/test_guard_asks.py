"""Where deliveries begin to fail, the API is asked at once: once for each level."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from fake_api import settings_of

from mailhook import times
from mailhook.config import Settings, WebSettings
from mailhook.store import Store
from mailhook.testing.api import FakeApi
from mailhook.trust import Trust
from mailhook.worker.asking import Asking
from mailhook.worker.chore import Chore
from mailhook.worker.housekeeping import GUARD, chores
from mailhook.worker.levels import Levels
from mailhook.worker.pulse import Pulse
from mailhook.worker.turns import Turns

WEB = Settings(web=WebSettings())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "mailhook.db") as made:
        yield made


def count(store: Store, minutes_ago: int = 5, **counts: int) -> None:
    began = int((times.now() - timedelta(minutes=minutes_ago)).timestamp()) // 60 * 60
    store.count_answers({began: counts})


def test_it_rings_once_for_each_level_and_not_while_it_lasts(store: Store):
    rung: list[int] = []
    levels = Levels(WEB, store, lambda: rung.append(1))
    for answers, rings in (
        ({"ok": 20}, 0),
        ({"failed": 4}, 1),
        ({}, 1),
        ({"ok": 1}, 1),
        ({"failed": 20}, 2),
        ({}, 2),
    ):
        if answers:
            count(store, **answers)
        levels.look()
        assert len(rung) == rings, answers


def test_once_all_was_well_it_rings_anew_and_a_level_that_is_left_is_not_forgotten(store: Store):
    rung: list[int] = []
    levels = Levels(WEB, store, lambda: rung.append(1), highest=3)
    count(store, ok=20, failed=4)
    levels.look()
    assert (rung, levels.highest) == ([], 3)
    count(store, 4, ok=1000)
    levels.look()
    assert levels.highest == 0
    count(store, 3, failed=400)
    levels.look()
    assert rung == [1]


def test_what_is_refused_does_not_make_us_ask(store: Store):
    levels = Levels(WEB, store, lambda: pytest.fail("it rang"))
    count(store, ok=1, refused=9000, lookalike=9000)
    levels.look()
    assert levels.highest == 0


@contextmanager
def doing(found: list[Chore]) -> Iterator[None]:
    for chore in found:
        chore.start()
    try:
        yield
    finally:
        for chore in found:
            chore.end()
        for chore in found:
            chore.join(20)


def made(settings: Settings, store: Store) -> list[Chore]:
    trust = Trust(settings.trust)
    asking = Asking(settings, store, trust, threading.Event(), Turns())
    return [chore for _, chore in chores(settings, store, trust, pulse=Pulse(store), asking=asking)]


def test_the_service_asks_the_api_when_the_level_rises(store: Store, tmp_path: Path):
    with FakeApi() as api:
        settings = Settings(web=WebSettings(), api=settings_of(api, tmp_path))
        looks = next(chore for chore in made(settings, store) if chore.name == GUARD)
        with doing([looks]):
            begun = looks.done_at
            looks.ring()
            while looks.done_at == begun:  # it has looked once, and all was well
                time.sleep(0.01)
            count(store, failed=5)
            looks.ring()
            assert api.wait(1)


def test_without_the_api_or_without_web_hooks_nobody_looks(store: Store, tmp_path: Path):
    with FakeApi() as api:
        for settings in (WEB, Settings(api=settings_of(api, tmp_path))):
            assert GUARD not in [chore.name for chore in made(settings, store)]
