"""`mailhook reconcile HIK…`: just these events, whatever the list has beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fake_api import NOW, fill
from stores import asked
from test_reconcile_command import home_of, service, until

from mailhook.testing.api import EVENTS, FakeApi

ABSENT = "HIK" + "0" * 40


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi(page_size=4) as server:
        yield server


def key_of(api: FakeApi, nth: int) -> str:
    return str(api.events[nth]["idempotency_key"])


def test_just_these_are_asked_for_and_recorded(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path)
    fill(api, 9)
    first, last = key_of(api, 0), key_of(api, 8)
    done = home.call("reconcile", first, last, first)
    assert (done.code, done.out) == (0, "2 events asked for: 0 known, 2 new\n")
    assert [one.path for one in api.requests] == [f"{EVENTS}/{key}" for key in (first, last)]
    query = "SELECT idempotency_key, channel FROM events JOIN sightings ON event_id = id"
    assert asked(home.store, query) == [(first, "api"), (last, "api")]
    assert asked(home.store, "SELECT idempotency_key FROM listed ORDER BY 1") == sorted(
        [(first,), (last,)]
    )
    assert home.call("reconcile", first).out == "1 event asked for: 1 known, 0 new\n"


def test_what_the_list_tells_later_is_known_and_the_lists_position_is_its_own(
    api: FakeApi, tmp_path: Path
):
    home = home_of(api, tmp_path)
    fill(api, 9)
    home.call("reconcile", key_of(api, 8))
    assert asked(home.store, "SELECT count(*) FROM listings") == [(0,)]
    assert home.call("reconcile").out.splitlines()[1].startswith("1 known, 8 new")
    assert asked(home.store, "SELECT count(*) FROM events") == [(9,)]
    assert asked(home.store, "SELECT count(*) FROM deliveries") == [(9,)]


def test_one_that_the_api_does_not_know_is_named_and_the_rest_go_on(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path)
    fill(api, 1)
    done = home.call("reconcile", ABSENT, key_of(api, 0))
    assert done.code == 1
    assert done.out.splitlines() == [
        "2 events asked for: 0 known, 1 new",
        f"{ABSENT}: the API has no such event",
    ]
    told = json.loads(home.call("reconcile", ABSENT, "--json").out)
    assert (told["unlisted"], told["listed"]) == ([ABSENT], 0)


def test_another_event_than_was_asked_for_is_no_row(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path)
    fill(api, 2)
    api.ignores_ids = True
    done = home.call("reconcile", key_of(api, 1), key_of(api, 0))
    assert done.code == 75
    assert "another event than was asked for" in done.err
    assert asked(home.store, "SELECT idempotency_key FROM events") == [(key_of(api, 0),)]


def test_one_that_cannot_be_read_is_held_with_its_bytes(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path)
    api.add("check", "finished", {"check_id": "CHK1"}, object="{")
    done = home.call("reconcile", key_of(api, 0))
    assert done.code == 0
    assert done.out.splitlines()[1] == "1 event not understood: see `mailhook quarantine list`"


def test_no_key_leads_off_the_address_of_events(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path)
    done = home.call("reconcile", "../checks", "..", "a/b?c#d")
    assert done.code == 75
    assert "an id of dots alone" in done.err
    paths = [f"{EVENTS}/..%2Fchecks", f"{EVENTS}/a%2Fb%3Fc%23d"]
    assert [one.path for one in api.requests] == paths


def test_since_has_no_meaning_beside_them(api: FakeApi, tmp_path: Path):
    done = home_of(api, tmp_path).call("reconcile", ABSENT, "--since", "7d")
    assert done.code == 2
    assert "--since" in done.err
    assert api.requests == []


def test_the_running_service_asks_for_whoever_wants_it(api: FakeApi, tmp_path: Path):
    home = home_of(api, tmp_path, reconcile_minutes=1440)
    with service(home) as process:
        until(process, "asked the API")
        api.add("check", "finished", {"check_id": "CHK1"}, NOW - timedelta(days=1))
        done = home.call("reconcile", key_of(api, 0))
        while done.code == 75:  # the run of its start may not have ended yet
            done = home.call("reconcile", key_of(api, 0))
        assert done.out == "1 event asked for: 0 known, 1 new\n"
