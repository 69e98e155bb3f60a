"""Nobody takes more of the endpoint than his share, and nobody else waits for him."""

from __future__ import annotations

import resource
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from endpoints import (
    SECONDS,
    THANKS,
    Place,
    Running,
    hook,
    post,
    read_all,
    statuses,
    thank_after,
    within,
)

from mailhook.sources.web.answers import Reply
from mailhook.sources.web.bounds import Bounds, places


def is_closed(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def is_turned_away(place: Place) -> bool:
    """Whether who comes now is hung up on, be it before he knows that he is connected."""
    try:
        with place.connect() as connection:
            return is_closed(connection, SECONDS)
    except ConnectionError:
        return True


def test_a_thousand_idle_connections_are_in_nobodys_way(tmp_path: Path):
    bounds = Bounds(connections=64, head_seconds=60)
    with within(tmp_path, bounds) as served, ExitStack() as stack:
        assert served.place.status(post(hook())) == 200  # the first one loads what reads hooks
        idle = [stack.enter_context(served.place.connect()) for _ in range(1_000)]
        start = time.monotonic()
        assert served.place.status(post(hook())) == 200
        assert time.monotonic() - start < 20  # of 60 that each of them may be silent
        assert is_closed(idle[0], SECONDS)


def test_who_waits_longest_without_a_whole_request_gives_way():
    with Running(bounds=Bounds(connections=3)) as running, ExitStack() as stack:
        silent, begun, kept = (stack.enter_context(running.place.connect_later()) for _ in range(3))
        begun.sendall(b"POST /hooks HTTP/1.1\r\n")
        kept.sendall(post(b"a", close=False))
        assert statuses(kept.recv(65_536)) == [200]
        assert running.place.status(post(b"a")) == 200
        assert is_closed(silent, SECONDS)
        assert not is_closed(begun, 0.1)
        assert not is_closed(kept, 0.1)
        begun.settimeout(SECONDS)
        begun.sendall(b"Content-Length: 1\r\n\r\na")
        assert statuses(begun.recv(65_536)) == [200]


def test_who_is_being_answered_never_gives_way():
    begun, go_on = threading.Semaphore(0), threading.Event()

    def take(body: bytes, source: str, reply: Reply) -> None:
        begun.release()
        thank_after(go_on)(body, source, reply)

    with Running(take, Bounds(connections=2)) as running, ExitStack() as stack:
        first, second = (stack.enter_context(running.place.connect()) for _ in range(2))
        for one in (first, second):
            one.sendall(post(b"a"))
            assert begun.acquire(timeout=SECONDS)
        assert is_turned_away(running.place)
        go_on.set()
        assert [statuses(read_all(one)) for one in (first, second)] == [[200], [200]]


def test_a_client_that_never_reads_is_hung_up_on():
    large = replace(THANKS, words="thank you " * 200_000)

    def take(body: bytes, source: str, reply: Reply) -> None:  # noqa: ARG001 - as `Take` has it
        reply(large)

    with Running(take, Bounds(answer_seconds=0.5)) as running, running.place.connect() as greedy:
        greedy.sendall(post(b"a", close=False) * 10)  # of more than the kernel holds for anybody
        hung_up = select.poll()
        hung_up.register(greedy, select.POLLHUP)
        assert hung_up.poll(SECONDS * 1_000)
        with running.place.connect() as patient:
            patient.sendall(post(b"a"))
            assert statuses(read_all(patient)) == [200]


def test_a_slow_body_starves_nobody():
    with Running(bounds=Bounds(body_seconds=60)) as running, ExitStack() as stack:
        for _ in range(100):
            slow = stack.enter_context(running.place.connect())
            slow.sendall(b"POST /hooks HTTP/1.1\r\nContent-Length: 200000\r\n\r\na")
        start = time.monotonic()
        assert running.place.status(post(b"a")) == 200
        assert time.monotonic() - start < 20  # of 60 that each of them may take


def test_a_bug_is_503_and_come_again_and_quotes_nothing(caplog: pytest.LogCaptureFixture):
    def take(body: bytes, source: str, reply: Reply) -> None:  # noqa: ARG001 - as `Take` has it
        raise LookupError(body.decode())

    with Running(take) as running:
        answered = running.place.said(post(b"a secret"))
    assert statuses(answered) == [503]
    assert b"retry-after: 30" in answered
    assert "LookupError at test_web_bounds.py" in caplog.text
    assert "secret" not in caplog.text


def test_a_stop_answers_what_is_at_hand_and_what_is_on_its_way():
    begun, go_on = threading.Event(), threading.Event()

    def take(body: bytes, source: str, reply: Reply) -> None:
        begun.set()
        thank_after(go_on)(body, source, reply)

    with Running(take, Bounds(linger_seconds=2)) as running, ExitStack() as stack:
        at_hand, late, kept = (stack.enter_context(running.place.connect()) for _ in range(3))
        at_hand.sendall(post(b"a", close=False))
        assert begun.wait(SECONDS)
        stopping = threading.Thread(target=running.endpoint.stop)
        stopping.start()
        while not running.endpoint._crowd.is_closing:  # noqa: SLF001 - no client is told
            time.sleep(0.01)
        late.sendall(post(b"b", close=False))
        go_on.set()
        for one in (at_hand, late):
            answered = read_all(one)
            assert statuses(answered) == [200]
            assert b"connection: close" in answered.lower()
        assert read_all(kept) == b""
        stopping.join(SECONDS)


def test_the_words_of_others_are_friendly():
    with Running() as running:
        looked = running.place.said(b"GET /hooks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        lost = running.place.said(post(b"a", path="/"))
        asked = running.place.said(b"HEAD /hooks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert statuses(looked) == statuses(asked) == [405]
    assert b"allow: POST" in looked
    assert looked.endswith(b"there is nothing to see\n")
    assert asked.endswith(b"\r\n\r\n")
    assert statuses(lost) == [404]
    assert lost.endswith(b"nothing is here\n")


@pytest.fixture
def few_descriptors() -> Iterator[int]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
    yield 300
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_half_of_the_descriptors_stay_free(few_descriptors: int):
    assert places() == few_descriptors // 2


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        ([], "127.0.0.1"),
        (["X-Forwarded-For: 192.0.2.7"], "192.0.2.7"),
        (["X-Forwarded-For: 198.51.100.1, 192.0.2.7"], "192.0.2.7"),
        (["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 192.0.2.7"], "192.0.2.7"),
        (["X-Forwarded-For: [2001:DB8::1]"], "2001:db8::1"),
        (["X-Forwarded-For: 192.0.2.7, nobody"], "127.0.0.1"),
        (["X-Forwarded-For: "], "127.0.0.1"),
        (["X-Forwarded-For: " + "1" * 5_000], "127.0.0.1"),
    ],
)
def test_the_source_is_whom_the_proxy_names_last(lines: list[str], source: str):
    sources = []

    def take(body: bytes, source: str, reply: Reply) -> None:  # noqa: ARG001 - as `Take` has it
        sources.append(source)
        reply(THANKS)

    with Running(take) as running:
        assert running.place.status(post(b"a", *lines)) == 200
    assert sources == [source]


def test_a_trailer_names_no_source():
    sources = []

    def take(body: bytes, source: str, reply: Reply) -> None:
        sources.append((body, source))
        reply(THANKS)

    chunks = b"1\r\na\r\n0\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n"
    with Running(take) as running:
        sent = b"POST /hooks HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        assert statuses(running.place.said(sent, chunks)) == [200]
    assert sources == [(b"a", "127.0.0.1")]


def test_the_bounds_hold_on_a_unix_socket_too(tmp_path: Path):
    listen = f"unix:{tmp_path}/web.sock"
    with within(tmp_path, Bounds(connections=2), listen) as served, ExitStack() as stack:
        silent = stack.enter_context(served.place.connect())
        for _ in range(2):
            stack.enter_context(served.place.connect_later())
        assert is_closed(silent, SECONDS)
        assert served.place.status(post(hook(), "X-Forwarded-For: 192.0.2.7")) == 200
        assert served.place.status(post(b"a" * 300_000)) == 413
