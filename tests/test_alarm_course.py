"""The course of an alarm: what is told, when, and how often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

import mails
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhook.alarms.conditions import Condition
from mailhook.alarms.course import News, step
from mailhook.store.warned import Alarm

RING = timedelta(seconds=15)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def wrong(name: str = "disk", level: int = 1, *, begins: bool = True) -> Condition:
    return Condition(name, f"{name} is wrong", "mend it", level, begins)


class Life:
    """Alarms in time; `told` is all that people were told, with the time that had gone by."""

    def __init__(self) -> None:
        self.now = mails.NOON
        self.gone = timedelta(0)
        self.alarms: dict[str, Alarm] = {}
        self.told: list[tuple[timedelta, News]] = []

    def step(self, conditions: Iterable[Condition], after: timedelta = RING) -> None:
        self.now += after
        self.gone += max(after, timedelta(0))
        self.alarms, news = step(self.alarms, conditions, self.now)
        self.told += [(self.gone, one) for one in news]

    def last(self, conditions: Iterable[Condition], long: timedelta) -> None:
        end = self.now + long
        while self.now < end:
            self.step(conditions)

    @property
    def words(self) -> list[str]:
        return [f"{one.what} {one.alarm.name}" for _, one in self.told]


def test_what_lasts_is_told_once_and_its_end_once():
    life = Life()
    life.last([wrong()], timedelta(hours=3))
    assert life.words == ["began disk"]
    assert life.told[0][0] <= MINUTE
    assert life.told[0][1].advice == "mend it"
    life.last([], timedelta(hours=3))
    assert life.words == ["began disk", "over disk"]
    life.last([], DAY)
    assert life.alarms == {}


def test_what_passes_at_once_is_not_told():
    life = Life()
    for _ in range(100):
        life.step([wrong()])
        life.step([])
    assert life.words == []


def test_what_begins_within_half_a_minute_is_told_in_one_letter():
    life = Life()
    life.step([wrong("a")])
    life.step([wrong("a"), wrong("b")])
    life.last([wrong("a"), wrong("b"), wrong("c")], timedelta(minutes=5))
    assert life.words == ["began a", "began b", "began c"]
    assert {at for at, _ in life.told} == {timedelta(seconds=75)}


def test_what_lasts_waits_no_longer_than_a_minute_for_what_begins_meanwhile():
    life = Life()
    for nth in range(20):
        life.step([wrong("a"), wrong(f"passing {nth}")])
    assert life.words == ["began a"]
    assert life.told[0][0] <= timedelta(seconds=90)


def test_what_gets_worse_is_told_again_and_what_gets_better_is_not():
    life = Life()
    for level in (1, 2, 1, 2, 1):
        life.last([wrong(level=level)], timedelta(minutes=10))
    assert life.words == ["began disk", "again disk"]


def test_what_is_not_bad_enough_to_begin_is_too_bad_to_be_over():
    life = Life()
    life.last([wrong(begins=False)], timedelta(hours=1))
    assert life.alarms == {}
    life.last([wrong()], MINUTE)
    life.last([wrong(begins=False)], timedelta(hours=1))
    assert life.words == ["began disk"]


def test_what_comes_and_goes_all_day_does_not_flood():
    life = Life()
    for _ in range(60):
        life.last([wrong()], timedelta(minutes=12))
        life.last([], timedelta(minutes=12))
    assert life.gone >= DAY
    assert life.words == ["began disk", "over disk", "began disk", "over disk", "began disk"]


def test_a_clock_set_back_a_day_delays_news_by_no_more_than_a_minute_or_two():
    life = Life()
    life.last([wrong("a")], MINUTE)
    life.step([wrong("a"), wrong("b")])
    life.step([wrong("a"), wrong("b")], -DAY)
    life.last([wrong("a"), wrong("b")], timedelta(minutes=2))
    assert life.words == ["began a", "began b"]
    life.step([], -DAY)
    life.last([], timedelta(minutes=7))
    assert life.words[2:] == ["over a", "over b"]


names = st.sampled_from("abc")
conditions = st.dictionaries(names, st.tuples(st.integers(1, 3), st.booleans()), max_size=3).map(
    lambda found: [wrong(name, level, begins=begins) for name, (level, begins) in found.items()]
)
spans = st.one_of(
    st.integers(1, 200).map(lambda n: timedelta(seconds=n)),
    st.integers(1, 2000).map(lambda n: timedelta(minutes=n)),
    st.just(-DAY),
)


@settings(deadline=None)
@given(st.lists(st.tuples(conditions, spans), max_size=60), conditions)
def test_whatever_happens_beginnings_and_ends_alternate_and_a_minute_lies_between_letters(
    happened: list[tuple[list[Condition], timedelta]], at_last: list[Condition]
):
    life = Life()
    for found, span in happened:
        life.step(found, span)
    life.last(at_last, 3 * MINUTE)
    for one in at_last:
        alarm = life.alarms.get(one.name)
        if one.begins:  # whatever lasts is told
            assert alarm
            assert alarm.told_level == alarm.level >= one.level
    for _ in range(30):
        life.step([], timedelta(minutes=10))
    life.step([], DAY)
    assert life.alarms == {}
    courses: dict[str, list[str]] = defaultdict(list)
    for _, one in life.told:
        courses[one.alarm.name].append(one.what)
    for course in courses.values():
        plain = [what for what in course if what != "again"]
        assert plain == ["began", "over"] * (len(plain) // 2)
        assert all(before != "over" for before, what in pairwise(course) if what == "again")
    letters = sorted({at for at, _ in life.told})
    assert all(later - earlier >= MINUTE for earlier, later in pairwise(letters))


def test_no_clock_is_asked():
    alarms, news = step({}, [wrong()], datetime.max.replace(tzinfo=mails.NOON.tzinfo))
    assert (len(alarms), news) == (1, [])
