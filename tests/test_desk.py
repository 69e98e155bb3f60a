"""The desk: all that wait are committed together, and each is answered once, never before."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import hooks
import mails
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_event_cases.notation import MEMORY, web
from stores import asked

from mailhook.errors import MailhookError, TemporaryError
from mailhook.model import Finding, Outcome
from mailhook.sources.web import Answer
from mailhook.store import Store
from mailhook.worker.desk import Became, Desk
from mailhook.worker.mirror import Mirror

_SECONDS = 20


class Answers:
    """What each hook was told, in the order of telling; `at_hand` keeps the desk from starting."""

    def __init__(self, store: Store, **bounds: int) -> None:
        self.told: list[tuple[int, Became]] = []
        self.groups: list[int] = []
        self._enough = threading.Condition()
        self.desk = Desk(store, self._hand_back, **bounds)

    def _hand_back(self, answer: Callable[[], None]) -> None:
        with self._enough:
            before = len(self.told)
            answer()
            self.groups.append(len(self.told) - before)
            self._enough.notify_all()

    def take(self, number: int, finding: Finding) -> bool:
        return self.desk.take(finding, lambda became: self.told.append((number, became)))

    def take_all(self, findings: Sequence[Finding]) -> list[bool]:
        return [self.take(number, finding) for number, finding in enumerate(findings)]

    def until(self, count: int) -> dict[int, Became]:
        with self._enough:
            assert self._enough.wait_for(lambda: len(self.told) >= count, _SECONDS)
        return dict(self.told)


def hook(number: int) -> Finding:
    return web("check.finished", f"CHK{number}").finding()


def buggy(number: int) -> Finding:
    """A row that trips a bug: no column takes a list."""
    return replace(hook(number), sender=["no", "text"])  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "mailhook.db") as opened:
        yield opened


def test_what_waits_is_committed_in_one_group_and_answered_in_its_order(store: Store):
    answers = Answers(store)
    assert answers.take_all([hook(number) for number in range(40)]) == [True] * 40
    answers.desk.start()
    assert answers.until(40) == dict.fromkeys(range(40), Outcome.RECORDED)
    answers.desk.end()
    assert [number for number, _ in answers.told] == list(range(40))
    assert answers.groups == [40]


def test_a_group_is_bounded_and_grows_by_itself(store: Store):
    answers = Answers(store)
    answers.take_all([hook(number) for number in range(300)])
    answers.desk.start()
    answers.until(300)
    answers.desk.end()
    assert answers.groups == [256, 44]


def test_what_was_answered_is_in_the_store_by_then(store: Store):
    counts = []
    seen = threading.Event()

    def count(answer: Callable[[], None]) -> None:
        counts.append(asked(store.path, "SELECT count(*) FROM deliveries"))
        answer()

    desk = Desk(store, count)
    desk.take(hook(1), lambda _: seen.set())
    desk.start()
    assert seen.wait(_SECONDS)
    desk.end()
    assert counts == [[(1,)]]


@pytest.mark.parametrize("bounds", [{"places": 3}, {"most_bytes": 3 * 100}])
def test_more_than_it_may_hold_is_sent_away_until_there_is_room(
    store: Store, bounds: dict[str, int]
):
    answers = Answers(store, **bounds)
    hooks = [
        replace(one, delivery=replace(one.delivery, raw=b"x" * 100)) for one in map(hook, range(5))
    ]
    assert answers.take_all(hooks) == [True, True, True, False, False]
    answers.desk.start()
    answers.until(3)
    assert answers.take(4, hooks[4])
    assert answers.until(4)[4] is Outcome.RECORDED
    answers.desk.end()


def test_one_that_trips_a_bug_is_quarantined_alone(store: Store):
    answers = Answers(store)
    answers.take_all([hook(0), buggy(1), hook(2)])
    answers.desk.start()
    told = answers.until(3)
    answers.desk.end()
    assert [told[n] for n in range(3)] == ["recorded", "quarantined", "recorded"]
    rows = asked(store.path, "SELECT outcome, substr(reason, 1, 4) FROM deliveries ORDER BY id")
    assert rows == [("recorded", None), ("quarantined", "bug:"), ("recorded", None)]


def test_even_what_cannot_be_quarantined_is_answered_and_the_desk_goes_on(store: Store):
    answers = Answers(store)
    hopeless = hook(0)
    hopeless = replace(hopeless, delivery=replace(hopeless.delivery, location=[]))  # type: ignore[arg-type]
    answers.take(0, hopeless)
    answers.desk.start()
    assert isinstance(answers.until(1)[0], TemporaryError)
    answers.take(1, hook(1))
    assert answers.until(2)[1] is Outcome.RECORDED
    answers.desk.end()


def test_a_store_that_is_gone_refuses_the_whole_group_and_heals(store: Store):
    answers = Answers(store)
    answers.take_all([hook(0), hook(1)])
    store.path.unlink()
    answers.desk.start()
    assert all(isinstance(one, MailhookError) for one in answers.until(2).values())
    store.heal()
    answers.take(2, hook(0))
    assert answers.until(3)[2] is Outcome.RECORDED
    answers.desk.end()


def test_a_store_that_is_held_by_another_writer_refuses_and_heals(store: Store):
    store._connection.execute("PRAGMA busy_timeout = 50")  # noqa: SLF001 - not ten seconds here
    answers = Answers(store)
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers.take(0, hook(0))
        answers.desk.start()
        assert isinstance(answers.until(1)[0], TemporaryError)
        other.rollback()
    answers.take(1, hook(0))
    assert answers.until(2)[1] is Outcome.RECORDED
    answers.desk.end()


def test_a_store_that_cannot_be_written_refuses_and_heals(store: Store):
    answers = Answers(store)
    answers.take(0, hook(0))
    store._connection.execute("PRAGMA query_only = ON")  # noqa: SLF001 - as a mount that is read-only
    answers.desk.start()
    assert "cannot be written" in str(answers.until(1)[0])
    store._connection.execute("PRAGMA query_only = OFF")  # noqa: SLF001
    answers.take(1, hook(0))
    assert answers.until(2)[1] is Outcome.RECORDED
    answers.desk.end()


def test_at_its_end_all_that_wait_are_answered_and_nobody_is_taken_any_more(store: Store):
    answers = Answers(store)
    answers.take_all([hook(number) for number in range(10)])
    answers.desk.start()
    answers.desk.end()
    assert dict(answers.told) == dict.fromkeys(range(10), Outcome.RECORDED)
    assert not answers.take(11, hook(11))


def test_the_same_bytes_again_are_a_duplicate_without_a_row(store: Store):
    answers = Answers(store)
    once = hook(0)
    answers.take_all([once, once])
    answers.desk.start()
    answers.until(2)
    answers.take(2, once)
    assert [answers.until(3)[n] for n in range(3)] == ["recorded", "duplicate", "duplicate"]
    answers.desk.end()
    assert asked(store.path, "SELECT count(*) FROM deliveries") == [(1,)]


@given(
    hooks=st.lists(st.sampled_from([hook, buggy]), max_size=30),
    numbers=st.lists(st.integers(0, 8), min_size=30, max_size=30),
    threads=st.integers(1, 3),
    places=st.integers(1, 40),
    gone_after=st.integers(0, 40),
)
@settings(max_examples=20, deadline=None, derandomize=True, database=None)
def test_whatever_happens_each_that_was_taken_is_answered_once(
    hooks: list[Callable[[int], Finding]],
    numbers: list[int],
    threads: int,
    places: int,
    gone_after: int,
):
    with TemporaryDirectory(dir=MEMORY) as folder, Store(Path(folder) / "db") as store:
        answers, taken = Answers(store, places=places), list[int]()
        answers.desk.start()

        def bring(first: int) -> None:
            for nth in range(first, len(hooks), threads):
                if nth == gone_after:
                    store.path.unlink(missing_ok=True)
                if answers.take(nth, hooks[nth](numbers[nth])):
                    taken.append(nth)

        bringing = [threading.Thread(target=bring, args=(first,)) for first in range(threads)]
        for thread in bringing:
            thread.start()
        for thread in bringing:
            thread.join()
        answers.desk.end()
    assert sorted(number for number, _ in answers.told) == sorted(taken)


def test_who_waits_too_long_is_told_to_come_again(tmp_path: Path):
    with Store(tmp_path / "mailhook.db") as store:
        mirror = Mirror(lambda: hooks.TRUST, lambda _body, _source: None, patience_seconds=0.01)
        mirror.desk = Desk(store, lambda work: work())  # which nobody has started
        body = hooks.of_check("CHK1", mails.NOON).raw

        async def ask() -> Answer:
            told = asyncio.get_running_loop().create_future()
            mirror(body, "192.0.2.1", told.set_result)
            return await asyncio.wait_for(told, _SECONDS)

        answer = asyncio.run(ask())
    assert (answer.status, answer.retry_after) == (503, 30)
