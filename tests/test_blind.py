"""Mails by people who had not seen the reader: what it reads in them, and never less."""

from __future__ import annotations

import blind
import pytest

# The least that must be read of each hundred, in percent: events, and of them with all fields.
HUNDREDS = {
    "first": (100, 97),
    "second": (98, 93),
    "third": (97, 94),
    "fourth": (100, 97),
    "fifth": (100, 97),
    "sixth": (100, 95),
    "seventh": (100, 95),
    "eighth": (100, 92),
}
# Of a hook's new status, `paused`, one stranger says no more than that it has changed.
ALERTS_MISSED = {"sixth": 1}
# Two strangers' words against the mail's own: a subject that contradicts its `Event:`, where
# the body's exact field counts; that hook, which is told as disabled.
INVENTED = {"third": 1, "sixth": 1}


@pytest.fixture(scope="module", params=HUNDREDS)
def hundred(request: pytest.FixtureRequest) -> tuple[str, blind.Score]:
    return request.param, blind.judge(request.param)


def test_every_hundred_is_one(hundred: tuple[str, blind.Score]):
    assert hundred[1].mails == 100


def test_what_a_person_would_read_is_read(hundred: tuple[str, blind.Score]):
    name, score = hundred
    events, exact = HUNDREDS[name]
    assert 100 * score.read / score.events >= events, score.differences
    assert 100 * score.exact / score.events >= exact, score.differences
    assert score.alerts_read == score.alerts - ALERTS_MISSED.get(name, 0), score.differences


def test_nothing_is_invented(hundred: tuple[str, blind.Score]):
    name, score = hundred
    assert score.invented == INVENTED.get(name, 0), score.differences


def test_no_hook_is_ignored(hundred: tuple[str, blind.Score]):
    assert hundred[1].ignored == 0, hundred[1].differences
