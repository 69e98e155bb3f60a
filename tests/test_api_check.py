"""`check` and `doctor` look at the API: what they say, and that they change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Home
from fake_api import fill, key_file

from mailhook.testing.api import KEY, FakeApi


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


@pytest.fixture
def home(api: FakeApi, tmp_path: Path) -> Home:
    key = {"file": str(key_file(tmp_path))}
    return Home(tmp_path, api={"key": key, "base": api.base, "requests_per_second": 0})


def test_check_asks_for_one_page(api: FakeApi, home: Home):
    fill(api, 250)
    assert home.call("check").code == 0
    assert len(api.requests) == 1
    assert not home.store.exists()


def test_without_a_mailbox_run_still_has_the_api_to_ask(home: Home):
    for command in ("check", "doctor"):
        done = home.call(command, columns=400)
        said = done.out + done.err
        assert "nothing to read" not in said
        assert "no web: the API alone is asked, every 15 minutes" in said


@pytest.mark.parametrize(("status", "said"), [(401, "does not accept the key"), (404, "no list")])
def test_check_says_what_is_wrong_with_key_and_address(
    api: FakeApi, home: Home, status: int, said: str
):
    api.fail(status)
    done = home.call("check", columns=400)
    assert done.code == 1
    assert said in done.out + done.err
    assert KEY not in done.out + done.err


def test_check_says_of_a_key_that_is_not_there_once(api: FakeApi, home: Home):
    (home.folder / "api-key").unlink()
    done = home.call("check")
    assert (done.out + done.err).count("api.key") == 1
    assert api.requests == []


def test_doctor_says_what_the_key_may_read(api: FakeApi, home: Home):
    fill(api, 1)
    api.fail(403, path="/v1/processes")
    done = home.call("doctor", columns=400)
    assert "the key is accepted" in done.out
    assert "the key may read check, continuous_check, enrollment, validation" in done.out
    assert "the key may not read identity_process" in done.out


def test_doctor_says_of_an_empty_list_that_there_is_none_in_it(home: Home):
    assert "may read the list of hook events: it has none\n" in home.call("doctor", columns=400).out


def test_doctor_says_what_keeps_it_from_the_api(api: FakeApi, home: Home):
    api.fail(401)
    done = home.call("doctor", columns=400)
    assert done.code == 1
    assert "does not accept the key (HTTP 401)" in done.out
