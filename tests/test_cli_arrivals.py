"""Lists of deliveries: what came by no mail has no sender, and is called by what it tells of."""

from __future__ import annotations

import json
from collections.abc import Iterator

import mails
import pytest
from command import Home
from fake_api import NOW, key_file

from mailhook.testing.api import FakeApi

CHECK = "CHK" + "a" * 32


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("arrivals")
    with FakeApi() as api:
        key = {"file": str(key_file(folder))}
        given = {"key": key, "base": api.base, "requests_per_second": 0}
        home = Home(folder, api=given)
        api.add("check", "finished", {"check_id": CHECK, "status": "completed"}, NOW)
        api.add("check", "finished", {}, NOW, object="{", idempotency_key="HIKodd")
        api.add("check", "created", {}, NOW, object="[", idempotency_key=None)
        assert home.call("reconcile").code == 0
    home.deliver(mails.check_finished("CHKforged", proof=None, sender="ana@example.net"))
    return home


def line_with(out: str, word: str) -> str:
    (line,) = (line for line in out.splitlines() if word in line)
    return line


def test_deliveries_of_the_api_bear_the_event_they_told_of(home: Home):
    out = home.call("deliveries", columns=160).out
    assert " api " in line_with(out, f"{CHECK}/check.finished")
    assert " api " in line_with(out, "HIKodd")
    rows = json.loads(home.call("deliveries", "--json").out)
    assert [row["event"] for row in rows].count(f"{CHECK}/check.finished") == 1


@pytest.mark.parametrize("command", [("list",), ("drop", "--all")])
def test_what_waits_bears_its_road_and_its_sender_or_its_key(home: Home, command: tuple[str, ...]):
    out = home.call("quarantine", *command).out
    assert out.splitlines()[0].split() == ["id", "received", "by", "sender", "reason"]
    assert " api " in line_with(out, "HIKodd")
    assert " email " in line_with(out, "ana@exampl")
    assert max(map(len, out.splitlines())) <= 80


def test_who_sends_to_the_inbox_is_asked_of_mails_alone(home: Home):
    rows = json.loads(home.call("query", "senders", "--json").out)
    assert [row["sender"] for row in rows] == ["ana@example.net"]
