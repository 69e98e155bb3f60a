"""The examples of docs/web.md, taken from there and tried: a hook gets through, and only a hook."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import proxies
import pytest
from endpoints import THANKS, Running, Serve, hook, post, serving, settings, statuses
from ports import free_port
from stores import asked

from mailhook.sources.web.answers import Reply

GET = b"GET /hooks HTTP/1.1\r\nHost: hooks.example.com\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Served:
    proxy: proxies.Proxy
    service: Serve
    store: Path

    def got(self, *sent: bytes) -> list[int]:
        return statuses(self.proxy.said(*sent))


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, Serve]]:
    home, port = tmp_path_factory.mktemp("upstream"), free_port()
    with serving(settings(home, f"127.0.0.1:{port}")) as service:
        yield home, port, service


@pytest.fixture(scope="module", params=proxies.NAMES)
def served(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    upstream: tuple[Path, int, Serve],
) -> Iterator[Served]:
    if not proxies.found(request.param):
        pytest.skip(proxies.MISSING.format(request.param))
    home, port, service = upstream
    folder = tmp_path_factory.mktemp(request.param)
    with proxies.running(request.param, folder, port) as proxy:
        yield Served(proxy, service, home / "mailhook.db")


def test_a_hook_gets_through(served: Served):
    assert served.got(post(hook("CHKthrough"))) == [200]
    found = asked(served.store, "SELECT authenticity FROM events WHERE subject_id = 'CHKthrough'")
    assert found == [("verified",)]


def test_a_forgery_and_a_look_are_told_what_they_are(served: Served):
    assert served.got(post(hook(key=b"0" * 32))) == [401]
    assert served.got(GET) == [405]
    assert served.got(post(hook(), path="/other")) == [404]


def test_a_large_body_is_413(served: Served):
    # Announced and not sent: nobody waits for it.
    announced = b"POST /hooks HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Length: 300000\r\n"
    assert served.got(announced + b"Connection: close\r\n\r\n" + b"a" * 300_000) == [413]


def test_a_slow_body_hurts_nobody(served: Served):
    with ExitStack() as stack:
        for _ in range(30):
            slow = stack.enter_context(served.proxy.connect())
            slow.sendall(post(hook())[:-5])
        start = time.monotonic()
        assert served.got(post(hook())) == [200]
        assert time.monotonic() - start < 5


@pytest.mark.parametrize("name", proxies.NAMES)
def test_the_source_is_the_peer_of_the_proxy_whatever_he_says(tmp_path: Path, name: str):
    if not proxies.found(name):
        pytest.skip(proxies.MISSING.format(name))
    sources = []

    def take(body: bytes, source: str, reply: Reply) -> None:
        sources.append((body, source))
        reply(THANKS)

    with Running(take) as behind, proxies.running(name, tmp_path, behind.port) as proxy:
        said = proxy.said(post(b"a", "X-Forwarded-For: 192.0.2.7"), source="127.0.0.9")
    assert statuses(said) == [200]
    assert sources == [(b"a", "127.0.0.9")]
