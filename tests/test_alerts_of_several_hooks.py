"""Several hooks that post to one address: an alert of each, and none is closed for another."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import hooks
import mails
import pytest
from stores import asked
from test_alerts_close import (
    BY_MAIL,
    BY_WEB,
    HOUR,
    MINUTE,
    OPEN,
    URL,
    came_and_ceased,
    disabled,
    enabled,
    states,
    tokens,
)

from mailhook import times
from mailhook.config import StoreSettings
from mailhook.model import Delivery
from mailhook.store import Store, pruning, resumed
from mailhook.store.audit import Deed

NAMES = "SELECT detail ->> 'hook_name', sightings FROM alerts WHERE kind = 'hook_disabled'"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mailhook.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path, web_url=URL) as opened:
        yield opened


def face(nth: int, at: datetime) -> Delivery:
    """Another product than a check's, by web."""
    told = hooks.check(f"VLD{nth:032x}", at, "succeeded") | {
        "event_type": "face_recognition",
        "object": {"validation_id": f"VLD{nth:032x}", "validation_status": "success"},
    }
    return hooks.posted(hooks.signed(told, made_at=at), at)


def face_by_mail(nth: int, after: timedelta) -> Delivery:
    told = (
        f"Event: Face recognition succeeded\nValidation ID: VLD{nth:032x}\n"
        f"Validation status: success\nTimestamp: {times.short(mails.NOON + after)}\n"
    )
    return hooks.mailed(mails.write(told, subject="Face recognition succeeded"))


def faces(after: timedelta, count: int = 3) -> list[Delivery]:
    return [face(9 + nth, mails.NOON + after + nth * MINUTE) for nth in range(count)]


@pytest.mark.parametrize("endpoint", [None, URL])
def test_two_hooks_are_two_alerts_and_one_that_is_enabled_leaves_the_other(
    path: Path, store: Store, endpoint: str | None
):
    off = [disabled(endpoint, name="Checks"), disabled(endpoint, MINUTE, name="Identity")]
    hooks.take(store, *off)
    assert asked(path, NAMES) == [("Checks", 1), ("Identity", 1)]
    hooks.take(store, enabled(endpoint, name="  CHECKS "))
    assert states(path) == [BY_MAIL, OPEN]
    hooks.take(store, enabled(endpoint, name="Identity"))
    assert states(path) == [BY_MAIL, BY_MAIL]


@pytest.mark.parametrize("names", [("Checks", None), (None, "Checks"), ("Checks", "checks")])
def test_the_owners_copy_that_names_no_hook_is_of_the_same_alert(
    path: Path, store: Store, names: tuple[str | None, ...]
):
    hooks.take(store, *(disabled(name=name) for name in names))
    assert asked(path, NAMES) == [("Checks", 2)]
    hooks.take(store, disabled(after=MINUTE, name="Identity"))
    assert asked(path, NAMES) == [("Checks", 2), ("Identity", 1)]


def test_a_copy_without_a_name_joins_the_one_without_a_name_first(path: Path, store: Store):
    copies = (disabled(name="Checks"), disabled(name="Identity"), disabled(after=-MINUTE))
    hooks.take(store, copies[0], copies[1], copies[2])
    assert sum(count for _, count in asked(path, NAMES)) == 3  # type: ignore[misc]
    assert len(states(path)) == 2


def test_which_of_two_a_mail_without_a_name_means_nobody_knows(path: Path, store: Store):
    hooks.take(store, disabled(name="Checks"), disabled(name="Identity"), enabled())
    assert states(path) == [OPEN, OPEN]
    store.resolve([1], Deed("somebody", "alerts resolve", None))
    hooks.take(store, enabled(after=2 * HOUR))
    assert states(path)[1] == OPEN


def test_an_alert_without_a_name_is_not_closed_by_another_hooks_mail(path: Path, store: Store):
    failing = mails.write(
        f"The deliveries to your webhook are failing.\n\nEndpoint: {URL}\nHook name: Identity\n"
    )
    hooks.take(store, hooks.mailed(failing), disabled(), enabled(name="Checks"))
    assert states(path) == [OPEN]


def test_the_only_known_hook_is_meant_whoever_of_the_two_mails_names_it(tmp_path: Path):
    for nth, names in enumerate([(None, "Checks"), ("Checks", None)]):
        off, on = disabled(name=names[0]), enabled(name=names[1])
        for order in permutations([off, on]):
            path = tmp_path / f"{nth}{order[0] is off}.db"
            with Store(path, web_url=URL) as store:
                hooks.take(store, *order)
            assert states(path) == [BY_MAIL]


def test_hooks_of_another_subscription_that_never_ceased_close_nothing(path: Path, store: Store):
    goes_on = tokens(1, after=-HOUR) + tokens(5, after=MINUTE)[1:]
    hooks.take(store, disabled(name="Identity"), *goes_on)
    assert states(path) == [OPEN]


def test_what_is_missed_of_one_product_is_not_made_good_by_another(path: Path, store: Store):
    before = [face(1, mails.NOON - HOUR), hooks.of_check("CHK1", mails.NOON - HOUR)]
    hooks.take(store, *before, face_by_mail(2, 10 * MINUTE), disabled(name="Identity"))
    hooks.take(store, *tokens(4, after=MINUTE))
    assert states(path) == [OPEN]
    hooks.take(store, *faces(5 * HOUR))
    assert states(path) == [BY_WEB]


def test_all_that_has_ceased_must_come_again(path: Path, store: Store):
    hooks.take(store, *came_and_ceased(), face(1, mails.NOON - HOUR))
    hooks.take(store, face_by_mail(2, 10 * MINUTE), disabled(), *tokens(4))
    assert states(path) == [OPEN]
    hooks.take(store, *faces(5 * HOUR, count=1))
    assert states(path) == [BY_WEB]


def test_of_two_hooks_that_are_known_there_web_hooks_close_none(path: Path, store: Store):
    hooks.take(store, *came_and_ceased(), disabled(name="Checks"), disabled(name="Identity"))
    hooks.take(store, *tokens(5))
    assert states(path) == [OPEN, OPEN]


def test_what_the_vendor_may_still_deliver_is_not_missed_yet(path: Path, store: Store):
    now = datetime.now(UTC).replace(microsecond=0)
    raw = mails.check_finished("CHK2", time=times.short(now - 2 * HOUR), date=now - 2 * HOUR)
    off = disabled(after=now - 150 * MINUTE - mails.NOON)
    came = [hooks.of_check(f"CHK7{nth}", now - HOUR + nth * MINUTE) for nth in range(3)]
    hooks.take(store, hooks.of_check("CHK1", now - 5 * HOUR), hooks.mailed(raw), off, *came)
    assert states(path) == [OPEN]


def test_a_pruned_alert_swallows_none_of_another_hook(path: Path, store: Store):
    hooks.take(store, disabled(name="Checks"))
    later = times.now() + timedelta(days=3)
    pruning.prune(store, StoreSettings(raw_days=1, event_days=1), later, lambda _: None)
    assert states(path) == []
    hooks.take(store, disabled(after=MINUTE, name="Checks"), disabled(after=2 * MINUTE))
    assert states(path) == []
    hooks.take(store, disabled(after=3 * MINUTE, name="Identity"))
    assert asked(path, NAMES) == [("Identity", 1)]


def test_it_costs_no_more_however_much_is_missed(path: Path):
    """Asked while web hooks wait for their answer, maybe for weeks; in steps of SQLite."""
    Store(path).close()
    steps = []
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO carried VALUES ('checks', 'web', ?1, ?1)", ("2026-01-01",))
        for first in (0, 12_000, 24_000, 36_000):
            rows = ((f"2026-02-01T00:00:00.{nth:06}Z", nth) for nth in range(first, first + 12_000))
            db.executemany(_MISSED, rows)
            db.execute("UPDATE brought SET web_seconds = 1 WHERE event_id < 10")
            steps.append(steps_of(db, "2026-02-01T00:00:00.000009Z"))
    assert 0 < steps[3] < 1.1 * steps[0], steps


_MISSED = """
INSERT INTO brought (product, occurred_at, event_id, is_dated, has_subject)
VALUES ('checks', ?, ?, 1, 1)
"""


def steps_of(db: sqlite3.Connection, since: str) -> int:
    count = itertools.count()
    db.set_progress_handler(lambda: next(count) < 0, 10)
    assert resumed.deliveries(db, since, times.now(), 3, {"checks"}) == []
    db.set_progress_handler(None, 0)
    return next(count)
