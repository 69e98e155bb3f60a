"""Pruning never changes whether a telling is news: not by any case, not in any order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from depth import examples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from one_event_cases import alerts, content, forgery, ids, keys, nameless, roads, windows
from one_event_cases.happenings import EDGES, Happening, finding, happenings, lied, lies
from one_event_cases.happenings import roads as any_road
from one_event_cases.notation import MEMORY, Alerts, Case, Telling, file, forged, mail, web

from mailhook import times
from mailhook.config import StoreSettings
from mailhook.model import Finding, Outcome
from mailhook.store import Store
from mailhook.store.pruning import Sweep, prune

ALL = StoreSettings(raw_days=1, event_days=1)
LATER = times.now() + timedelta(days=4000)

CASES = [
    pytest.param(case, id=case.rule)
    for theme in (keys, nameless, windows, roads, ids, content, alerts)
    for case in theme.CASES
]
FORGERIES = [pytest.param(case, id=case.rule) for case in forgery.CASES]


class Held:
    """A store of its own in a folder of its own."""

    def __init__(self, folder: str) -> None:
        path = Path(folder) / "db"
        self.store = Store(path)
        self.rows = sqlite3.connect(path)

    def close(self) -> None:
        self.rows.close()
        self.store.close()

    def record(self, finding: Finding) -> int:
        """By how many the events that are known, pruned or not, became more."""
        before = self.known()
        self.store.record([finding])
        return self.known() - before

    def outcome(self, finding: Finding) -> Outcome:
        (outcome,) = self.store.record([finding])
        return outcome

    def known(self) -> int:
        return self._count("events") + self._count("tombstones")

    def proven(self) -> int:
        where = "WHERE authenticity = 'verified'"
        return self._count(f"events {where}") + self._count(f"tombstones {where}")

    def keys(self) -> list[str]:
        return [key for (key,) in self.rows.execute("SELECT key FROM events ORDER BY id")]

    def _count(self, what: str) -> int:
        (count,) = self.rows.execute(f"SELECT count(*) FROM {what}").fetchone()  # noqa: S608 - our words
        return int(count)

    def put_alerts(self, state: str) -> None:
        with self.rows:
            self.rows.execute("UPDATE alerts SET state = ?", (state,))

    def prune(self, events: int | None = None) -> None:
        """All of it, or the oldest so many events."""
        if events is None:
            prune(self.store, ALL, LATER)
        else:
            sweep = Sweep(StoreSettings(raw_days=None, event_days=1), LATER, "test", rows=events)
            for _ in ("bytes", "events"):
                self.store.sweep(sweep)


@pytest.fixture
def held() -> Iterator[Held]:
    with TemporaryDirectory(dir=MEMORY) as folder, closing(Held(folder)) as one:
        yield one


@pytest.fixture
def other() -> Iterator[Held]:
    with TemporaryDirectory(dir=MEMORY) as folder, closing(Held(folder)) as one:
        yield one


def made(held: Held, steps: tuple[Telling | Alerts, ...], *, pruning: bool) -> list[int]:
    """How many events each telling makes, if all that was before it has been pruned or not."""
    counts = []
    for step in steps:
        if isinstance(step, Alerts):
            held.put_alerts(step.state)
            continue
        if pruning:
            held.prune()
        counts.append(held.record(step.finding()))
    return counts


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_news_to_a_row_is_none_to_its_tombstone(case: Case, held: Held, other: Held):
    assert made(held, case.tell, pruning=True) == made(other, case.tell, pruning=False)


@pytest.mark.parametrize("case", FORGERIES)
def test_no_tombstone_swallows_what_would_have_been_news(case: Case, held: Held, other: Held):
    pruned = made(held, case.tell, pruning=True)
    whole = made(other, case.tell, pruning=False)
    assert all(one >= two for one, two in zip(pruned, whole, strict=True))


MAIL = mail("check.delayed", date="10:01:00", message_id="<m1@truora.com>")
WEB = web("check.delayed", at="10:00:00", hke="HKE1")
RETELLINGS = {
    "the same mail out of a file": file(
        "check.delayed", date="10:01:00", message_id="<m1@truora.com>"
    ),
    "the id alone, hours later": web("check.delayed", at="10:00:04", hke="HKE1"),
    "another mail that tells the vendor's time": mail("check.delayed", at="10:00:05"),
    "the API five seconds off": web("check.delayed", at="09:59:55"),
}


@pytest.mark.parametrize("again", RETELLINGS.values(), ids=RETELLINGS)
def test_by_whatever_road_a_pruned_event_is_told_again_it_is_a_duplicate(
    held: Held, again: Telling
):
    for telling in (WEB, MAIL):
        held.store.record([telling.finding()])
    held.prune()
    assert held.outcome(again.finding()) is Outcome.DUPLICATE
    assert held.keys() == []


def test_a_mail_without_the_vendors_time_joins_a_pruned_event_and_only_one_does(held: Held):
    held.store.record([WEB.finding()])
    held.prune()
    first, second = (
        mail("check.delayed", date=date).finding() for date in ("10:01:00", "10:02:00")
    )
    assert held.outcome(first) is Outcome.DUPLICATE
    held.prune()
    assert held.outcome(second) is Outcome.RECORDED


def test_the_vendors_time_confirms_a_pruned_event_that_a_mail_dated(held: Held):
    held.store.record([MAIL.finding()])
    held.prune()
    assert held.outcome(WEB.finding()) is Outcome.DUPLICATE
    other = web("check.delayed", at="10:00:30", hke="HKE2")
    assert held.outcome(other.finding()) is Outcome.RECORDED


def test_a_key_is_never_given_twice(held: Held):
    ended = web("check.finished", at="10:00:00")
    held.store.record([ended.finding()])
    held.prune()
    held.store.record([web("check.finished", at="11:00:00").finding()])
    assert held.keys() == ["CHK1/check.finished@2026-08-03T11:00:00Z"]


@pytest.mark.parametrize("genuine", [MAIL, WEB])
def test_what_is_proven_is_recorded_though_a_forgery_of_it_was_pruned(held: Held, genuine: Telling):
    held.store.record([forged(WEB).finding(), forged(MAIL).finding()])
    held.prune()
    assert held.outcome(genuine.finding()) is Outcome.RECORDED
    assert held.proven() == held.known() == 1
    assert held.outcome(forged(WEB).finding()) is Outcome.DUPLICATE


def test_a_forgery_is_known_by_the_tombstone_of_what_is_proven_and_adds_nothing(held: Held):
    held.store.record([WEB.finding()])
    held.prune()
    lie = forged(web("check.delayed", at="10:00:00", hke="HKE9"))
    assert held.outcome(lie.finding()) is Outcome.DUPLICATE
    truth = web("check.delayed", at="12:00:00", hke="HKE9")
    assert held.outcome(truth.finding()) is Outcome.RECORDED


Step = tuple[Happening, str, bool, dict[str, object], int | None]


def steps(happened: list[Happening]) -> st.SearchStrategy[list[Step]]:
    lie = st.just({}) | st.just({}) | lies
    pruned = st.sampled_from([0, 0, 1, 2, None])
    one = st.tuples(st.sampled_from(happened), any_road, st.booleans(), lie, pruned)
    return st.lists(one, min_size=2, max_size=14)


@settings(
    max_examples=examples(30),
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(
    told=happenings(EDGES.map(abs), EDGES, crowded=True).filter(bool).flatmap(steps),
    all_proven=st.booleans(),
)
def test_in_any_order_of_telling_and_pruning_no_event_comes_twice_and_none_is_lost(
    told: list[Step], *, all_proven: bool
):
    with ExitStack() as opened:
        pruned, whole = (
            opened.enter_context(
                closing(Held(opened.enter_context(TemporaryDirectory(dir=MEMORY))))
            )
            for _ in range(2)
        )
        for number, (one, road, proven, lie, count) in enumerate(told):
            heard = finding(lied(one.told(road, proven=proven or all_proven), lie), number)
            before = whole.proven()
            expected, got = whole.outcome(heard), pruned.outcome(heard)
            # An unproven row is taken over by what is proven; its tombstone gives way to it.
            taken_over = expected is Outcome.DUPLICATE and whole.proven() > before
            if proven or all_proven:
                assert got is expected or taken_over
            assert pruned.proven() == whole.proven()
            if count != 0:
                pruned.prune(count)
