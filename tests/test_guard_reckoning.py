"""Counts in, a standing out, and what it says in words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhook.config import GuardSettings
from mailhook.guard import Standing, in_words
from mailhook.guard.reckoning import Minute, reckon
from mailhook.guard.simulation import Rule, tried

SETTINGS = GuardSettings()
MINUTE = 60


def standing(*minutes: Minute, **told: object) -> Standing:
    return reckon(minutes, SETTINGS.model_copy(update=told))


def outage(minutes: int) -> Sequence[Minute]:
    """An event a minute for two hours; since so many minutes every attempt fails."""
    rule, now, found = Rule.of(SETTINGS), minutes * MINUTE, dict[float, list[int]]()
    for nth in range(-120, minutes):
        at = (nth + 0.5) * MINUTE
        for one in tried(rule, at, float(at >= 0)):
            if one.count and now - rule.window_seconds < one.at <= now:
                counts = found.setdefault(one.at // MINUTE * MINUTE, [0, 0])
                counts[at >= 0] += 1
    return [Minute(now - at, ok=ok, inferred=bad) for at, (ok, bad) in found.items()]


def test_without_any_attempt_it_says_so():
    assert in_words(standing()) == "no attempt in the last hour"
    assert in_words(standing(window_minutes=30)) == "no attempt in the last 30 minutes"


def test_where_all_are_ok_it_says_so():
    assert in_words(standing(Minute(60, ok=1))) == "1 attempt in the last hour, ok"
    all_ok = standing(Minute(60, ok=1030), Minute(120, ok=210))
    assert in_words(all_ok) == "1,240 attempts in the last hour, all ok"
    assert (all_ok.ratio, all_ok.level, all_ok.seconds_left) == (0, 0, None)


def test_failures_are_counted_with_those_that_nobody_here_has_seen():
    found = standing(Minute(60, ok=28, failed=2), Minute(600, retried=4), Minute(700, inferred=6))
    assert (found.attempts, found.failed, found.ratio, found.level) == (40, 12, 0.3, 2)
    assert in_words(found).startswith(
        "12 of 40 attempts in the last hour failed as far as we can see, 6 of them without reaching"
        " this service; at 80 % the subscription is switched off, "
    )


def test_what_was_answered_503_and_did_not_come_otherwise_is_counted_once():
    assert standing(Minute(60, ok=10, failed=3, inferred=3)).failed == 3


@pytest.mark.parametrize("failed", [1, 2])
def test_of_fewer_than_three_failures_nothing_is_concluded(failed: int):
    found = standing(Minute(60, failed=failed))
    assert (found.level, found.says_little, found.ratio) == (0, True, 1.0)
    assert in_words(found).endswith("failed as far as we can see; so few say little")


def test_three_failures_of_three_may_be_the_end():
    found = standing(Minute(60, inferred=3))
    assert (found.level, found.seconds_left) == (4, 0)
    assert in_words(found) == (
        "3 of 3 attempts in the last hour failed as far as we can see, all without reaching this"
        " service; at 80 % the subscription is switched off: it may be already"
    )


@pytest.mark.parametrize("minutes", [5, 10, 20, 30])
def test_how_soon_it_is_switched_off_agrees_with_the_simulation(minutes: int):
    found = standing(*outage(minutes))
    assert found.seconds_left is not None
    assert minutes + found.seconds_left / MINUTE == pytest.approx(31.5, abs=1.5)
    assert f"in about {round(found.seconds_left / MINUTE)} minute" in in_words(found)


def test_a_failure_that_is_over_or_too_small_does_not_lead_to_the_end():
    over = standing(Minute(1800, failed=20), *(Minute(60 * nth, ok=1) for nth in range(1, 25)))
    small = standing(*(Minute(60 * nth, ok=9, failed=1) for nth in range(1, 60)))
    for found in (over, small):
        assert found.level
        assert found.seconds_left is None
        assert in_words(found).endswith("which it does not come to at this rate")


def test_refused_ones_that_look_genuine_are_shown_apart_and_raise_no_level():
    found = standing(Minute(60, ok=20, refused=90, lookalike=20))
    assert (found.attempts, found.failed, found.level) == (20, 0, 0)
    assert (found.ratio_if_genuine, found.level_if_genuine) == (0.5, 3)
    assert in_words(found) == (
        "20 attempts in the last hour, all ok; 20 that were refused in the last hour look like the"
        " vendor's: if genuine, 50 % of all attempts failed"
    )


def test_refused_ones_that_look_like_nothing_are_only_counted():
    found = standing(Minute(60, ok=20, refused=5000))
    assert (found.ratio_if_genuine, found.level_if_genuine) == (0, 0)
    assert in_words(found).endswith("all ok; 5,000 refused that are not the vendor's")


def test_refused_ones_that_did_not_come_otherwise_either_are_counted_once():
    found = standing(Minute(60, ok=10, refused=10, lookalike=10, inferred=10))
    assert (found.ratio, found.ratio_if_genuine) == (0.5, 0.5)


counts = st.integers(0, 1000)
minutes = st.builds(Minute, st.floats(0, 3659), counts, counts, counts, counts, counts, counts)


@settings(max_examples=30)
@given(st.lists(minutes, max_size=61), st.integers(0, 50))
def test_more_failures_never_look_better(found: list[Minute], more: int):
    before, after = standing(*found), standing(*found, Minute(0, retried=more))
    assert 0 <= before.ratio <= before.ratio_if_genuine <= 1
    assert before.ratio <= after.ratio
    assert before.level <= after.level <= len(SETTINGS.warn_at)
    assert before.level <= before.level_if_genuine
    for one in (before, after):
        assert one.seconds_left is None or one.seconds_left >= 0
        assert (one.seconds_left == 0) == (one.ratio > SETTINGS.disable_ratio)
