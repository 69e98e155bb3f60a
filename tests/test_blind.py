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
}


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
    assert score.alerts_read == score.alerts, score.differences


def test_nothing_is_invented(hundred: tuple[str, blind.Score]):
    name, score = hundred
    # One stranger would hold a mail whose subject says another thing than its `Event:`;
    # here the body's exact field counts.
    assert score.invented == (1 if name == "third" else 0), score.differences


def test_no_hook_is_ignored(hundred: tuple[str, blind.Score]):
    assert hundred[1].ignored == 0, hundred[1].differences
