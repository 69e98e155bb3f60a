"""How long a server in trouble is left alone: rules that hold for every outage there can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhook.errors import ConfigError, FolderMissing, LoginRefused, Problem, TemporaryError
from mailhook.worker.backoff import Backoff

LOST = TemporaryError("lost")
REFUSED = LoginRefused([Problem("password", "refused")])
SECONDS = st.floats(0, 1e7)
DICE = st.floats(0, 1).map(lambda share: lambda low, high: low + (high - low) * share)


@given(dice=DICE, began=SECONDS, lasted=SECONDS)
def test_the_wait_is_a_fifth_of_the_outage_within_bounds_and_jitter(dice, began, lasted):
    backoff = Backoff(dice)
    assert backoff.failed(LOST, began) == pytest.approx(0.5, rel=0.25)
    wait = backoff.failed(LOST, began + lasted)
    share = min(max(lasted / 5, 0.5), 300)
    assert 0.5 <= wait <= 300
    assert max(0.5, share * 0.7499) <= wait <= share * 1.2501


@given(dice=DICE, times=st.integers(1, 60), seconds=SECONDS)
def test_a_refused_login_waits_a_minute_doubling_to_half_an_hour(dice, times, seconds):
    backoff = Backoff(dice)
    for nth in range(times):
        wait = backoff.failed(REFUSED, seconds)
        usual = min(60 * 2**nth, 1800)
        assert usual <= wait <= min(usual * 1.25, 1800)


@given(dice=DICE, asked=st.floats(0, 3600), lasted=SECONDS)
def test_what_the_server_asks_for_is_the_least(dice, asked, lasted):
    backoff = Backoff(dice)
    backoff.failed(LOST, 0)
    assert backoff.failed(TemporaryError("later", asked), lasted) >= asked


@given(lasted=st.floats(100, 1e6), peace=st.floats(10, 1e6))
def test_only_a_completed_sweep_ends_an_outage(lasted: float, peace: float):
    backoff = Backoff(lambda low, high: (low + high) / 2)
    backoff.failed(LOST, 0)
    assert backoff.failed(LOST, lasted) >= min(lasted / 5, 300)
    assert backoff.healed(lasted) == lasted
    assert backoff.healed(lasted + 1) is None
    assert backoff.failed(LOST, lasted + peace + 0.001) == 0.5


@given(lasted=st.floats(100, 1e6), peace=st.floats(0, 9.9))
def test_a_connection_that_breaks_right_after_its_sweep_has_not_ended_it(
    lasted: float, peace: float
):
    backoff = Backoff(lambda low, high: (low + high) / 2)
    backoff.failed(LOST, 0)
    backoff.healed(lasted)
    assert backoff.failed(LOST, lasted + peace) >= 20


def test_a_login_that_is_granted_ends_the_doubling():
    backoff = Backoff(lambda low, high: (low + high) / 2)
    for _ in range(5):
        backoff.failed(REFUSED, 0)
    backoff.healed(0)
    assert backoff.failed(REFUSED, 0) < 80


@pytest.mark.parametrize("error", [ConfigError([]), FolderMissing([]), LOST])
def test_any_other_error_waits_by_the_outage(error):
    assert Backoff(lambda low, high: (low + high) / 2).failed(error, 7) == 0.5
