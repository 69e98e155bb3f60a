"""The server of figures, and those who come to it with bad manners."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import scrapes
from command import Home
from ports import free_port
from scrapes import get, knock, port, settings

from mailhook.errors import ConfigError
from mailhook.metrics import server
from mailhook.metrics.exporter import Exporter


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Without a store, which is no matter of the server's."""
    return scrapes.home(tmp_path)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = scrapes.home(tmp_path_factory.mktemp("served"))
    with Exporter(settings(home)):
        yield home


def answer(connection: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/metrics?name=x", "/none"])
def test_head_is_get_without_the_body(served: Home, path: str):
    full, head = get(served, path), get(served, path, method="HEAD")
    assert head.status == full.status
    assert head.text == ""
    assert head.headers.keys() == full.headers.keys()


@pytest.mark.parametrize("path", ["/", "/metrics/", "/../etc/passwd", "/Metrics", "/%2e"])
def test_other_paths_are_404_and_say_which_there_are(served: Home, path: str):
    got = get(served, path)
    assert got.status == 404
    assert got.text == "nothing is here; there are /metrics and /healthz\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_other_methods_are_405(served: Home, method: str):
    got = get(served, method=method)
    assert got.status == 405
    assert got.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"GET  /metrics x y\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 120 + b"\r\n",
        b"GET /" + b"a" * 20_000,
        b"GET / HTTP/1.1\r\nA: " + b"a" * 20_000,
    ],
)
def test_what_is_no_request_is_answered_shortly_or_not_at_all(served: Home, sent: bytes):
    with closing(knock(served, sent)) as connection:
        said = answer(connection)
    assert len(said) < 500
    assert b"<" not in said
    assert b"200" not in said.partition(b"\r\n")[0]
    assert get(served).status == 200


def test_many_who_say_nothing_do_not_starve_who_asks(served: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "_REQUEST_SECONDS", 60)  # nobody's place is free by itself
    with ExitStack() as opened:
        for sent in (b"", b"GET /metrics", b"GET /metrics HTTP/1.1\r\nA:") * 40:
            opened.enter_context(closing(knock(served, sent)))
        began = time.monotonic()
        assert get(served).status == 200
        while sum("process_request" in thread.name for thread in threading.enumerate()) > 32:
            assert time.monotonic() - began < 20  # those hung up on end in a moment
            time.sleep(0.01)


def test_who_drips_is_hung_up_on_in_seconds(served: Home):
    began = time.monotonic()
    with closing(knock(served, b"GET /metrics HTTP/1.1\r\nA: ")) as dripping:
        dripping.settimeout(0.3)
        while time.monotonic() - began < 10:
            try:
                dripping.sendall(b"a")
                if not dripping.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert 2 < time.monotonic() - began < 6


def test_who_asks_and_does_not_read_holds_nobody_up(served: Home):
    with ExitStack() as opened:
        for _ in range(40):
            opened.enter_context(closing(knock(served, b"GET /metrics HTTP/1.1\r\n\r\n")))
        assert get(served).status == 200


def test_lines_may_end_in_lf_alone(served: Home):
    with closing(knock(served, b"GET /healthz HTTP/1.0\n\n")) as connection:
        assert answer(connection).startswith(b"HTTP/1.0 503 ")


@pytest.mark.parametrize("busy", [False, True])
def test_it_stops_within_half_a_second_whoever_is_connected(home: Home, *, busy: bool):
    took = []
    for _ in range(3):  # of which a busy machine may take two
        exporter = Exporter(settings(home))
        with ExitStack() as opened:
            held = [
                opened.enter_context(closing(knock(home, b"GET /metrics"))) for _ in range(5 * busy)
            ]
            assert get(home).status == 200
            began = time.monotonic()
            exporter.close()
            took.append(time.monotonic() - began)
            for connection in held:
                assert answer(connection) == b""
        exporter.close()
    assert min(took) < 0.5
    with pytest.raises(OSError, match="refused"):
        knock(home)
    with Exporter(settings(home)):
        assert get(home).status == 200


def test_a_port_in_use_is_a_setting_to_mend(home: Home):
    taken = closing(socket.create_server(("127.0.0.1", port(home))))
    with taken, pytest.raises(ConfigError) as caught:
        Exporter(settings(home))
    (problem,) = caught.value.problems
    assert problem.path == "metrics.listen"
    assert problem.message == f"127.0.0.1:{port(home)} is in use by another program"


def test_an_address_this_machine_does_not_have_is_a_setting_to_mend(tmp_path: Path):
    home = scrapes.home(tmp_path, listen="127.0.0.1:9")
    told = settings(home)
    assert told.metrics
    away = told.model_copy(
        update={"metrics": told.metrics.model_copy(update={"listen": "192.0.2.1:9464"})}
    )
    with pytest.raises(ConfigError, match="cannot be listened on"):
        Exporter(away)


def test_a_reload_to_a_port_in_use_leaves_the_old_one_served(home: Home, tmp_path: Path):
    with Exporter(settings(home)) as exporter:
        (tmp_path / "other").mkdir()
        other = scrapes.home(tmp_path / "other")
        taken = closing(socket.create_server(("127.0.0.1", port(other))))
        with taken, pytest.raises(ConfigError):
            exporter.reload(settings(other))
        assert get(home).status == 200


def test_localhost_and_its_address_are_one(home: Home, tmp_path: Path):
    with Exporter(settings(home)) as exporter:
        same = scrapes.home(tmp_path, listen=f"localhost:{port(home)}")
        exporter.reload(settings(same))
        assert get(home).status == 200


def test_it_listens_on_ipv6(tmp_path: Path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    home = scrapes.home(tmp_path, listen=f"[::1]:{free_port()}")
    with (
        Exporter(settings(home)),
        closing(socket.create_connection(("::1", port(home)), timeout=5)) as connection,
    ):
        connection.sendall(b"HEAD /healthz HTTP/1.1\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.0 503 ")
