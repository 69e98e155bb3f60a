"""explain: an answer of the vendor's API is explained as what it is, not as a mail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import Home
from fake_api import NOW, key_file

from mailhook.testing.api import KEY, FakeApi

CHECK = "CHK" + "a" * 32
ENDED = f"{CHECK}/check.finished"


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


@pytest.fixture
def home(api: FakeApi, tmp_path: Path) -> Home:
    key = {"file": str(key_file(tmp_path, KEY))}
    return Home(tmp_path, api={"key": key, "base": api.base, "requests_per_second": 0})


def told(home: Home, delivery: int) -> dict[str, dict[str, Any]]:
    parts: dict[str, dict[str, Any]] = json.loads(home.call("explain", delivery, "--json").out)
    return parts


def test_a_listed_event_is_found_in_the_store_and_is_no_malformed_mail(api: FakeApi, home: Home):
    api.add("check", "finished", {"check_id": CHECK, "status": "completed"}, NOW)
    home.call("reconcile")
    parts = told(home, 1)
    assert list(parts) == "delivery answer sender reading events store verdict".split()
    assert parts["store"]["these_bytes"] == "delivery 1, by api: recorded"
    assert parts["store"][ENDED]["would_be"] == f"one more sighting of {ENDED}"
    assert (parts["answer"]["is"], parts["answer"]["asked_for"]) == ("an event of its list", None)
    assert parts["answer"]["members"]["delivery_status"] == "success"
    host = api.url.removeprefix("http://")
    why = f"told by the vendor's API at {host}"
    assert parts["sender"] == {"from": host, "proven": True, "why": why}
    assert "malformed" not in home.call("explain", 1).out


def test_a_subject_fills_what_stands_in_and_never_when_it_was_changed(api: FakeApi, home: Home):
    api.add("check", "finished", {"check_id": CHECK}, NOW)
    subject = {"check_id": CHECK, "status": "completed", "score": 0.5}
    subject["update_date"] = NOW.isoformat()
    api.resources[f"/v1/checks/{CHECK}"] = {"check": subject}
    home.call("reconcile")
    parts = told(home, 2)
    assert parts["answer"]["asked_for"] == ENDED
    assert parts["store"]["these_bytes"] == "delivery 2, by api: duplicate"
    fields = "status, raw_status, object.score, object.status, object.update_date"
    assert parts["store"][ENDED] == {"stands_in_for": fields}
    api.events.clear()
    whole = {"check_id": CHECK, "status": "completed"}
    api.add("check", "finished", whole | {"score": 0.5, "update_date": subject["update_date"]}, NOW)
    home.call("reconcile")
    said = told(home, 2)["store"][ENDED]
    assert said == {"stands_in_for": "nothing: roads have told it since"}


def test_what_the_list_spells_wrongly_is_shown_as_it_stands(api: FakeApi, home: Home):
    api.add("check", "finished", {"check_id": CHECK}, NOW, object="{", idempotency_key="HIKodd")
    home.call("reconcile")
    done = home.call("explain", 1)
    assert done.code == 1
    assert "HIKodd" in done.out
    assert "name its HIK…" in " ".join(done.out.split())
    assert "rule's mail text" not in done.out
    shown = " ".join(home.call("quarantine", "show", 1).out.split())
    assert "name its HIK…" in shown
