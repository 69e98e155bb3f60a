"""The client of the vendor's API, against a server on a real socket."""

from __future__ import annotations

import json
import socket
import ssl
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import certificates
import pytest
import stamina
from fake_api import NOW, client_of, fill, key_file, settings_of
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mailhook import catalog
from mailhook.config import ApiSettings
from mailhook.errors import ConfigError
from mailhook.sources import api as road
from mailhook.sources.api import Client, Gone, KeyRefused, OddAnswer, Overloaded, Unanswered
from mailhook.sources.api.answers import Answer, wait_seconds
from mailhook.sources.api.pace import Pacer
from mailhook.sources.api.slices import elements, members
from mailhook.sources.api.wire import Bounds, Wire
from mailhook.testing.api import EVENTS, KEY, FakeApi

WORDS = catalog.load()
CHECK = WORDS.resources["check"]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


def keys(pages: Iterator[road.Page]) -> list[str | None]:
    return [item.text("idempotency_key") for page in pages for item in page.items]


@pytest.mark.parametrize("links", ["path", "query", "absolute"])
def test_the_list_is_read_to_its_end_however_its_links_are_written(
    api: FakeApi, tmp_path: Path, links
):
    api.links, api.page_size = links, 3
    fill(api, 10)
    with client_of(api, tmp_path) as client:
        found = keys(road.pages(client))
    assert sorted(found) == sorted(one["idempotency_key"] for one in api.events)
    assert len(api.requests) == 4
    assert all(one.has_key and "start" in one.path for one in api.requests[1:])
    assert api.requests[0].path == EVENTS


def test_a_link_to_where_the_list_does_not_lie_is_followed_beside_it(api: FakeApi, tmp_path: Path):
    api.page_size = 2
    fill(api, 3)
    api.lead("/v1/events?start=2")
    with client_of(api, tmp_path) as client:
        pages = road.pages(client)
        first = next(pages)
        api.lead(None)
        assert len(first.items) + len(next(pages).items) == 3


@pytest.mark.parametrize(
    "link",
    [
        "https://192.0.2.1/v1/hooks/events?start=2",
        "//192.0.2.1/v1/hooks/events",
        "http://127.0.0.1:1/v1/hooks/events",
        "http://127.0.0.1:99999999/",
        "ftp://127.0.0.1/",
        "http://127.0.0.1@192.0.2.1/",
        "http://[::1/",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(api: FakeApi, tmp_path: Path, link: str):
    api.add("check", "finished", {"check_id": "CHK1"})
    api.lead(link)
    with client_of(api, tmp_path) as client, pytest.raises(OddAnswer, match="next page"):
        list(road.pages(client))
    assert len(api.requests) == 1


def test_what_only_looks_like_our_host_stays_on_it(api: FakeApi, tmp_path: Path):
    api.add("check", "finished", {"check_id": "CHK1"})
    api.lead(f"{api.url}\\@192.0.2.1/x")
    with client_of(api, tmp_path) as client, pytest.raises(OddAnswer):
        list(road.pages(client))


@pytest.mark.parametrize("link", [EVENTS, f"{EVENTS}?start=0"])
def test_a_list_that_leads_to_itself_is_noticed(api: FakeApi, tmp_path: Path, link: str):
    fill(api, 2)
    api.lead(link)
    said = r"in a circle|the same page again"
    with client_of(api, tmp_path) as client, pytest.raises(OddAnswer, match=said):
        list(road.pages(client))
    assert len(api.requests) <= 2


def test_an_empty_page_in_the_middle_does_not_end_the_list(api: FakeApi, tmp_path: Path):
    api.fail(200, body=b'{"events": null, "next": "/v1/hooks/events?start=0"}')
    fill(api, 2)
    with client_of(api, tmp_path) as client:
        assert len(keys(road.pages(client))) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_said(api: FakeApi, tmp_path: Path, status: int):
    with FakeApi() as other:
        api.fail(status, headers={"Location": f"{other.url}{EVENTS}"})
        with client_of(api, tmp_path) as client, pytest.raises(OddAnswer, match="elsewhere"):
            list(road.pages(client))
        assert other.requests == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_again(api: FakeApi, tmp_path: Path, status: int):
    api.fail(status, times=3)
    fill(api, 1)
    with client_of(api, tmp_path) as client:
        assert len(keys(road.pages(client))) == 1
        assert client.requests == 4


def test_what_does_not_pass_is_given_up(api: FakeApi, tmp_path: Path):
    api.fail(503, times=9)
    with client_of(api, tmp_path) as client, pytest.raises(Overloaded, match="HTTP 503"):
        list(road.pages(client))
    assert len(api.requests) == 4


def test_once_it_is_mended_no_answer_fails(api: FakeApi, tmp_path: Path):
    fill(api, 1)
    api.fail(503, times=100)
    api.cut(times=100)
    with client_of(api, tmp_path) as client:
        with pytest.raises(Overloaded):
            keys(road.pages(client))
        api.mend()
        assert len(keys(road.pages(client))) == 1


def test_a_cut_answer_is_no_answer(api: FakeApi, tmp_path: Path):
    api.cut()
    fill(api, 1)
    with client_of(api, tmp_path) as client:
        assert len(keys(road.pages(client))) == 1
    api.cut(times=9)
    with client_of(api, tmp_path) as client, pytest.raises(Unanswered, match="was cut"):
        list(road.pages(client))


def test_retry_after_is_waited_for_by_the_pace_and_too_long_a_one_ends_the_run(
    api: FakeApi, tmp_path: Path
):
    waits: list[float] = []
    now = [0.0]

    def pause(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    api.fail(429, headers={"Retry-After": "7"})
    api.fail(429, headers={"Retry-After": "600"})
    settings = settings_of(api, tmp_path)
    client = Client(settings, clock=lambda: now[0], pause=pause)
    at_once = stamina.set_testing(testing=True, attempts=4, cap=True)
    with at_once, client, pytest.raises(Overloaded) as caught:
        list(road.pages(client))
    assert waits == [7]
    assert caught.value.wait_seconds == 600
    assert len(api.requests) == 2


def answer(**headers: str) -> Answer:
    return Answer("api.example.com", 429, headers, b"")


def test_retry_after_as_a_date_goes_by_the_apis_own_clock():
    date = format_datetime(NOW - timedelta(days=2), usegmt=True)
    until = format_datetime(NOW - timedelta(days=2) + timedelta(seconds=9), usegmt=True)
    assert wait_seconds(answer(**{"retry-after": until, "date": date})) == 9
    assert wait_seconds(answer(**{"retry-after": date, "date": until})) == 0


@settings(max_examples=40)
@given(st.text(string.printable, max_size=30) | st.integers().map(str))
def test_retry_after_is_bounded_whatever_it_says(told: str):
    assert 0 <= wait_seconds(answer(**{"retry-after": told})) <= 86_400


@settings(max_examples=40)
@given(
    st.floats(0.5, 50),
    st.lists(st.floats(0, 3), min_size=2, max_size=30),
    st.lists(st.floats(0, 2), min_size=30, max_size=30),
)
def test_requests_are_never_nearer_than_the_pace_allows(
    per_second: float, works: list[float], rests: list[float]
):
    now = [100.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    pacer, made = Pacer(per_second, lambda: now[0], pause), list[float]()
    for work, rest in zip(works, rests, strict=False):
        pacer.wait()
        made.append(now[0])
        now[0] += work
        pacer.rest(rest)
    gaps = [after - before for before, after in pairwise(made)]
    assert all(gap >= 1 / per_second - 1e-9 for gap in gaps)
    assert all(
        gap >= work + rest - 1e-9 for gap, work, rest in zip(gaps, works, rests, strict=False)
    )


def test_a_run_goes_on_at_the_pace_of_the_one_before_it():
    now = [100.0]
    first = Pacer(1, lambda: now[0])
    first.wait()
    assert Pacer(0.5, lambda: now[0], after=first).ahead_seconds == 2
    assert Pacer(0, lambda: now[0], after=first).ahead_seconds == 0
    first.rest(3600)
    assert Pacer(0, lambda: now[0], after=first).ahead_seconds == 3600


def test_a_run_makes_no_more_requests_than_it_may(api: FakeApi, tmp_path: Path):
    api.page_size = 1
    fill(api, 9)
    few = client_of(api, tmp_path, requests_per_run=4)
    with few as client, pytest.raises(road.BudgetSpent, match="4 requests were made"):
        list(road.pages(client))
    assert len(api.requests) == 4


@pytest.mark.parametrize(("status", "word"), [(401, "does not accept"), (403, "does not allow")])
def test_a_refused_key_is_the_operators_to_mend(
    api: FakeApi, tmp_path: Path, status: int, word: str
):
    said = f'{{"message": "missing access to x.read\\u0007 {KEY}"}}'.encode()
    api.fail(status, body=said)
    with client_of(api, tmp_path) as client, pytest.raises(KeyRefused, match=word) as caught:
        list(road.pages(client))
    assert len(api.requests) == 1
    assert "missing access to x.read" in str(caught.value)
    assert KEY not in str(caught.value)
    assert "\x07" not in str(caught.value)
    assert caught.value.problems[0].path == "api.key"


def test_a_wrong_key_is_refused_by_the_server(api: FakeApi, tmp_path: Path):
    wrong = {"file": str(key_file(tmp_path, "wrong-key\n"))}
    settings = ApiSettings.model_validate(
        {"key": wrong, "base": api.base, "requests_per_second": 0}
    )
    with Client(settings) as client, pytest.raises(KeyRefused, match="401"):
        list(road.pages(client))
    assert "wrong-key" not in repr(client)


@pytest.mark.parametrize("key", ["contraseña", "two\tkeys", " "])
def test_what_cannot_be_a_key_is_refused_before_it_is_sent(api: FakeApi, tmp_path: Path, key: str):
    given = {"file": str(key_file(tmp_path, key))}
    settings = ApiSettings.model_validate({"key": given, "base": api.base})
    with pytest.raises(ConfigError, match=r"api\.key|is empty"):
        Client(settings)
    assert api.requests == []


def test_a_wrong_base_is_said_by_its_setting(api: FakeApi, tmp_path: Path):
    api.fail(404)
    with (
        client_of(api, tmp_path) as client,
        pytest.raises(ConfigError, match=r"api\.base\.account"),
    ):
        list(road.pages(client))


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Sign in to the Wi-Fi</body></html>",
        b"[]",
        b'{"events": {"a": 1}}',
        b'{"message": "hello"}',
        b'{"events": [1, 2',
        b'{"events": [{"a": 1}], "events": [], "next": ""}',
        b"\xff\xfe",
        b"",
        b'{"events": ' + b"[" * 5000 + b"]" * 4999 + b"}",
    ],
)
def test_what_is_no_list_makes_an_error_in_words(api: FakeApi, tmp_path: Path, body: bytes):
    api.fail(200, body=body)
    with client_of(api, tmp_path) as client, pytest.raises(OddAnswer, match=r"127\.0\.0\.1"):
        list(road.pages(client))


def test_an_answer_that_is_too_large_is_not_read(api: FakeApi, tmp_path: Path):
    fill(api, 5)
    client = Client(settings_of(api, tmp_path), bounds=Bounds(answer_bytes=1000))
    with client, pytest.raises(OddAnswer, match="larger than"):
        list(road.pages(client))


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("start", "part"),
    [
        (HEAD, b"X"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1"),
        (HEAD + b"Content-Length: 900\r\n\r\n", b" "),
    ],
)
def test_an_answer_that_comes_byte_by_byte_is_cut_when_its_time_is_over(start: bytes, part: bytes):
    with drip(start, part) as port:
        wire = Wire("account", f"http://127.0.0.1:{port}", "key", Bounds(read=30, total=0.3))
        with pytest.raises(Unanswered, match=r"no whole answer within 0\.3 s"):
            wire.get("/")
        wire.close()


@contextmanager
def drip(start: bytes, part: bytes) -> Iterator[int]:
    """A server that sends the part again and again for as long as anybody listens; its port."""

    def serve() -> None:
        line, _ = server.accept()
        with line, suppress(OSError):
            line.sendall(start)
            while not ended.wait(0.02):
                line.sendall(part)

    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def test_only_a_bad_event_of_a_page_is_kept_as_its_bytes(api: FakeApi, tmp_path: Path):
    digits = b"9" * 400
    api.fail(
        200,
        body=b'{"events": [{"idempotency_key": "HIK1", "score": %b}, {"a": 1, "a": 2},'
        b' {"idempotency_key": "HIK2"}], "next": ""}' % digits,
    )
    with client_of(api, tmp_path) as client:
        (page,) = road.pages(client)
    assert [item.text("idempotency_key") for item in page.items] == [None, None, "HIK2"]
    assert page.items[0].raw == b'{"idempotency_key": "HIK1", "score": %b}' % digits
    assert page.items[1].raw == b'{"a": 1, "a": 2}'


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab"é{[,', max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('a"]}:', max_size=3), inner)
    ),
    max_leaves=10,
)


@settings(max_examples=40)
@given(
    st.dictionaries(st.text('ab"é{[,', max_size=5), json_values), st.sampled_from([None, 1, "\t"])
)
def test_the_parts_of_a_json_text_are_the_parts_that_json_has(value, indent):
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    assert {name: json.loads(part) for name, part in members(text).items()} == value
    text = json.dumps([*value.values()], indent=indent)
    assert [json.loads(part) for part in elements(text)] == [*value.values()]


@settings(max_examples=40)
@given(st.text(alphabet='{}[]",:1a \\', max_size=30))
def test_what_is_no_json_is_refused_in_words_or_taken_apart(text: str):
    for parts in (members, elements):
        try:
            list(parts(text))
        except ValueError:
            continue


def test_a_state_of_an_event_is_one_location_and_a_later_one_another(api: FakeApi, tmp_path: Path):
    event = api.add("check", "finished", {"check_id": "CHK1"}, idempotency_key="HIK/1")
    with client_of(api, tmp_path) as client:
        first, again = (next(road.pages(client)).items[0] for _ in range(2))
        event["delivery_attempts"] = 2
        later = next(road.pages(client)).items[0]
    assert first.location == again.location
    assert later.location != first.location
    assert first.location.startswith(f"{api.url}{EVENTS}/HIK%2F1#")
    assert later.location.partition("#")[0] == first.location.partition("#")[0]


def test_one_event_is_had_by_its_key_and_no_other(api: FakeApi, tmp_path: Path):
    fill(api, 2)
    key = api.events[1]["idempotency_key"]
    with client_of(api, tmp_path) as client:
        found = road.event(client, key)
        assert not isinstance(found, Gone)
        assert found.text("idempotency_key") == key
        assert isinstance(road.event(client, "HIK0"), Gone)
        api.ignores_ids = True
        with pytest.raises(OddAnswer, match="another event"):
            road.event(client, key)


def test_a_resource_is_what_was_asked_for(api: FakeApi, tmp_path: Path):
    content = {"check_id": "CHK1", "status": "completed", "update_date": "2026-08-03T10:00:00Z"}
    api.resources["/v1/checks/CHK1"] = {"check": content, "self": "/v1/checks/CHK1"}
    with client_of(api, tmp_path) as client:
        found = road.resource(client, CHECK, "CHK1", WORDS)
        assert not isinstance(found, Gone)
        assert (found.content, found.status) == (content, "completed")
        assert not found.resource.is_open(found.status)
        assert found.url == f"{api.url}/v1/checks/CHK1"
        assert isinstance(road.resource(client, CHECK, "CHK2", WORDS), Gone)
        api.ignores_ids = True
        with pytest.raises(OddAnswer, match="another subject"):
            road.resource(client, CHECK, "CHK2", WORDS)


def test_an_override_goes_before_the_status(api: FakeApi, tmp_path: Path):
    content = {"process_id": "IDP1", "status": "success", "override_status": "failure"}
    api.resources["/v1/processes/IDP1"] = content
    with client_of(api, tmp_path) as client:
        kind = WORDS.resource("identity_process", "IDP1")
        assert kind
        found = road.resource(client, kind, "IDP1", WORDS)
    assert not isinstance(found, Gone)
    assert found.status == "failure"


@pytest.mark.parametrize(
    ("subject_type", "subject_id", "path"),
    [
        ("check", "CHCK123", "/v1/checks/CHCK123"),
        ("continuous_check", "CCK1", "/v1/continuous-checks/CCK1"),
        ("identity_process", "IDP1", "/v1/processes/IDP1"),
        ("validation", "VLD1", "/v1/validations/VLD1?show_details=true"),
        ("validation", "ENR1", "/v1/enrollments/ENR1"),
        ("check", "a/b c?d#e", "/v1/checks/a%2Fb%20c%3Fd%23e"),
        ("check", "../../x", "/v1/checks/..%2F..%2Fx"),
        ("check", "é", "/v1/checks/%C3%A9"),
    ],
)
def test_an_id_is_one_step_of_the_path(
    api: FakeApi, tmp_path: Path, subject_type: str, subject_id: str, path: str
):
    kind = WORDS.resource(subject_type, subject_id)
    assert kind
    with client_of(api, tmp_path) as client:
        assert isinstance(road.resource(client, kind, subject_id, WORDS), Gone)
    assert [one.path for one in api.requests] == [path]


@pytest.mark.parametrize("subject_id", [".", "..", ""])
def test_an_id_that_would_leave_the_path_is_not_asked_for(
    api: FakeApi, tmp_path: Path, subject_id: str
):
    with client_of(api, tmp_path) as client, pytest.raises(OddAnswer, match="dots"):
        road.resource(client, CHECK, subject_id, WORDS)
    assert api.requests == []


def test_a_404_that_the_api_did_not_say_makes_nothing_gone(api: FakeApi, tmp_path: Path):
    api.fail(404, body=b"<html>no such page</html>")
    with client_of(api, tmp_path) as client, pytest.raises(OddAnswer, match="HTTP 404"):
        road.resource(client, CHECK, "CHK1", WORDS)


def test_a_name_that_nobody_knows_is_said(api: FakeApi, tmp_path: Path):
    base = api.base | {"account": "https://api.account.truora.invalid"}
    asked = client_of(api, tmp_path, base=base, requests_per_second=1000)
    said = r"truora\.invalid: the name cannot be resolved"
    with asked as client, pytest.raises(Unanswered, match=said):
        list(road.pages(client))


def test_http_is_refused_except_on_this_machine(api: FakeApi, tmp_path: Path):
    for url in (
        "http://api.account.truora.com",
        "http://192.0.2.1",
        "http://localhost.example.com",
    ):
        with pytest.raises(ValidationError, match="https"):
            settings_of(api, tmp_path, base=api.base | {"account": url})


def test_a_certificate_of_somebody_else_gets_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = certificates.make(tmp_path)
    with FakeApi(tls=made.context()) as api:
        api.add("check", "finished", {"check_id": "CHK1"})
        with client_of(api, tmp_path) as client, pytest.raises(ConfigError, match="certificate"):
            list(road.pages(client))
        assert api.requests == []
        monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, str(made.crt))
        with client_of(api, tmp_path) as client:
            assert len(keys(road.pages(client))) == 1


def test_what_does_not_speak_tls_gets_no_key(api: FakeApi, tmp_path: Path):
    base = api.base | {"account": api.url.replace("http:", "https:")}
    with client_of(api, tmp_path, base=base) as client, pytest.raises(Unanswered, match="TLS"):
        list(road.pages(client))
    assert api.requests == []
