"""By its age alone a token tells how often it was sent in vain, unless a clock is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhook.config import GuardSettings
from mailhook.guard.ages import Ages
from mailhook.guard.simulation import Rule

RULE = Rule.of(GuardSettings())


def counts(*ages: float) -> list[int]:
    judged = Ages(RULE)
    return [len(judged.failed_before(age)) for age in ages]


@pytest.mark.parametrize(
    ("age", "failed"),
    [
        (0, 0),
        (3, 0),
        (25, 0),  # late, but sooner than any retry
        (30, 1),
        (61, 1),  # the first attempt took 30 s to fail
        (100, 0),  # late for a reason of its own
        (150, 2),
        (630, 3),
        (2550, 4),
        (2600, 4),
        (10230, 5),
        (86_400, 0),
        (-5, 0),
    ],
)
def test_an_age_that_the_waits_explain_is_so_many_failures(age: float, failed: int):
    assert counts(age) == [failed]


def test_it_says_how_long_ago_each_attempt_was():
    assert Ages(RULE).failed_before(155) == (155, 125)


@pytest.mark.parametrize("off", [3600, -3600, 100, -40])
def test_where_all_are_off_alike_it_is_the_clock(off: float):
    assert counts(*(off + age for age in (1, 0, 2, 1, 0))) == [0] * 5
    assert counts(off, off, off + 1, off + 30, off + 150, off) == [0, 0, 0, 1, 2, 0]


def test_where_all_are_as_old_as_a_retry_they_are_retries():
    assert counts(*[31.0] * 10) == [1] * 10


def test_retries_after_an_outage_are_told_from_a_clock_though_they_come_first():
    assert counts(632, 151, 31, 0, 1, 152, 0) == [3, 2, 1, 0, 0, 2, 0]


def test_a_clock_that_is_set_right_is_believed_at_once():
    assert counts(3600, 3600, 3600, 0, 30, 1) == [0, 0, 0, 0, 1, 0]


@given(st.lists(st.floats(-1e9, 1e9), max_size=80))
def test_whatever_the_ages_attempts_lie_between_then_and_now(ages: list[float]):
    judged = Ages(RULE)
    for age in ages:
        before = judged.failed_before(age)
        assert len(before) < len(RULE.tries)
        assert list(before) == sorted(before, reverse=True)
        assert all(seconds > 0 for seconds in before)
