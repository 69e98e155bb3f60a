"""Where the guard is heard: status, advice, alarms and metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import scrapes
from command import Home

from mailhook import times
from mailhook.alarms.conditions import on_guard
from mailhook.config import GuardSettings
from mailhook.guard import Standing
from mailhook.guard.reckoning import Minute, reckon
from mailhook.metrics.exporter import Exporter
from mailhook.store import Store

WARN_AT = GuardSettings().warn_at


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return scrapes.home(tmp_path, mailboxes=[], web={})


def count(home: Home, **counts: int) -> None:
    began = int((times.now() - timedelta(minutes=5)).timestamp()) // 60 * 60
    with Store(home.store) as store:
        store.count_answers({began: counts})


def standing(**counts: int) -> Standing:
    return reckon([Minute(60, **counts)], GuardSettings())


def flat(text: str) -> str:
    return " ".join(text.split())


def test_status_has_a_line_on_web_hooks_wherever_they_are_awaited(home: Home):
    count(home, ok=40)
    done = home.call("status", columns=100)
    assert done.code == 0
    assert "web               40 attempts in the last hour, all ok" in done.out.splitlines()
    home.write({"store": {"path": str(home.store)}})
    assert "attempts" not in home.call("status").out


def test_status_says_how_near_the_end_is_and_what_to_do(home: Home):
    count(home, ok=28, failed=12)
    done = home.call("status", columns=100)
    assert done.code == 1
    assert "12 of 40 attempts in the last hour failed as far as we can see" in flat(done.out)
    advice = flat(done.out.split("what to do")[1])
    assert "look at the log of the server or proxy in front of the endpoint" in advice
    assert "token recheck" not in advice
    told = json.loads(home.call("status", "--json").out)
    assert told["guard"]["ratio"] == pytest.approx(0.3)
    assert told["guard"]["level"] == 2
    assert [one["topic"] for one in told["advice"]] == ["guard"]


def test_a_few_failures_are_said_and_nothing_is_wrong(home: Home):
    count(home, failed=1)
    done = home.call("status", columns=100)
    assert done.code == 0
    assert "1 of 1 attempt in the last hour failed as far as we can see; so few say little" in flat(
        done.out
    )


def test_what_is_refused_is_said_apart_and_nothing_is_wrong_by_it(home: Home):
    count(home, ok=4, refused=41, lookalike=41)
    done = home.call("status", columns=100)
    assert done.code == 0
    assert "4 attempts in the last hour, all ok; 41 that were refused" in flat(done.out)
    assert "if genuine, 91 % of all attempts failed" in flat(done.out)


def test_where_some_look_genuine_the_advice_leads_to_the_key_too(home: Home):
    count(home, ok=4, failed=4, refused=1, lookalike=1)
    done = home.call("status", columns=100)
    assert done.code == 1
    assert "1 that was refused in the last hour looks like the vendor's" in flat(done.out)
    assert "`mailhook token recheck`" in flat(done.out.split("what to do")[1])


def test_an_alarm_rises_with_the_level_and_names_no_address():
    for failed, level in ((6, 1), (25, 2), (70, 3), (200, 4)):
        (condition,) = on_guard(standing(ok=100, failed=failed), WARN_AT)
        assert (condition.name, condition.level, condition.begins) == ("guard", level, True)
        assert condition.words == "deliveries of web hooks fail"
        assert f"{failed} of {100 + failed} attempts" in condition.advice


@pytest.mark.parametrize(
    ("counts", "begins"),
    [
        ({"ok": 100}, []),
        ({"ok": 1, "failed": 2}, []),
        ({"ok": 100, "failed": 3}, []),
        ({"ok": 100, "failed": 4}, [False]),
        ({"ok": 100, "refused": 9000, "lookalike": 9000}, []),
    ],
)
def test_an_alarm_neither_begins_by_little_nor_ends_at_the_edge(
    counts: Mapping[str, int], begins: list[bool]
):
    assert [one.begins for one in on_guard(standing(**counts), WARN_AT)] == begins


def test_without_levels_nobody_is_alarmed():
    assert list(on_guard(reckon([], GuardSettings(warn_at=())), ())) == []


def test_metrics_tell_the_same(home: Home):
    count(home, ok=28, failed=12)
    with Exporter(scrapes.settings(home)) as exporter:
        exporter.meter.answers({"ok": 28, "failed": 12})
        told = scrapes.get(home).text
    assert scrapes.value(told, "mailhook_guard_attempts") == 40
    assert scrapes.value(told, "mailhook_guard_failed") == 12
    assert scrapes.value(told, "mailhook_guard_ratio") == pytest.approx(0.3)
    assert scrapes.value(told, "mailhook_guard_level") == 2
    assert scrapes.value(told, "mailhook_guard_disable_seconds") is not None
    assert scrapes.value(told, "mailhook_web_answers_total", kind="ok") == 28
    assert scrapes.value(told, "mailhook_web_answers_total", kind="lookalike") == 0


def test_where_no_web_hooks_are_awaited_there_is_no_guard_to_measure(tmp_path: Path):
    home = scrapes.home(tmp_path)
    Store(home.store).close()
    with Exporter(scrapes.settings(home)):
        told = scrapes.get(home).text
    assert scrapes.value(told, "mailhook_guard_ratio") is None
    assert scrapes.value(told, "mailhook_web_answers_total", kind="ok") == 0
