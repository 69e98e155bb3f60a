"""The vendor's rule played through: its known figures come out, and the bench's short form."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mailhook.config import GuardSettings
from mailhook.guard.simulation import Attempts, Rule, disabled, ratios, reached, tried

sys.path.append(str(Path(__file__).parents[1] / "bench"))

import guard as bench

SETTINGS = GuardSettings()
RULE = Rule.of(SETTINGS)
MINUTE = 60


def test_an_event_is_tried_six_times_and_each_failure_is_an_attempt():
    assert RULE.tries == (0, 30, 150, 630, 2550, 10230)
    assert [one.at for one in tried(RULE, 10)] == [10, 40, 160, 640, 2560, 10240]
    assert [one.count for one in tried(RULE, 0, share=0.5)] == [1, 0.5, 0.25, 0.125, 0.0625, 1 / 32]


def test_a_dead_endpoint_of_a_steady_hook_is_switched_off_after_32_minutes():
    attempts = bench.course(bench.evenly(300), RULE)
    minutes = [(reached(attempts, RULE, level) or 0) / MINUTE for level in (0.05, 0.2, 0.6)]
    assert minutes == pytest.approx([1.8, 5.5, 19], abs=0.2)
    assert (disabled(attempts, RULE) or 0) / MINUTE == pytest.approx(32, abs=0.5)


def test_the_guard_warns_of_a_steady_hook_within_a_minute_of_each_level():
    events = bench.evenly(60)
    *levels, end = bench.as_vendor(events, SETTINGS)
    warned = bench.as_guard(events, SETTINGS, 25 * MINUTE)
    for truly, said in zip(levels, warned, strict=True):
        assert truly is not None
        assert said is not None
        assert truly <= said <= truly + MINUTE
    assert end == 32 * MINUTE


def test_of_rare_events_the_first_failure_is_all_and_the_guard_warns_150_seconds_later():
    events = bench.evenly(1)
    assert bench.as_vendor(events, SETTINGS)[0] == 30 * MINUTE
    warned = bench.as_guard(events, SETTINGS, 40 * MINUTE)
    assert {said for said in warned if said} == {32.5 * MINUTE}
    assert None not in warned


def test_only_attempts_of_the_window_count():
    course = [Attempts(0, 1, 1), Attempts(1800, 1, 0), Attempts(3600, 1, 0), Attempts(3601, 1, 0)]
    assert list(ratios(course, RULE)) == [(0, 1), (1800, 1 / 2), (3600, 1 / 3), (3601, 0)]


def test_switched_off_is_above_the_limit_and_not_at_it():
    at_the_limit = [Attempts(0, 1, 0), *(Attempts(nth, 1, 1) for nth in range(1, 5))]
    assert disabled(at_the_limit, RULE) is None
    assert disabled([*at_the_limit, Attempts(5, 1, 1)], RULE) == 5
    assert disabled([Attempts(-5, 1, 1), Attempts(1, 9, 0)], RULE, after=0) is None
