"""Through a proxy, which sees where we go and no key."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import certificates
import pytest
from fake_api import client_of, fill

from mailhook.errors import ConfigError
from mailhook.sources.api import Unanswered, pages
from mailhook.testing.api import KEY, FakeApi

HOST = "api.account.example.com"


class Proxy(socketserver.ThreadingTCPServer):
    """Lets whoever comes through to the API, wherever he wants to."""

    daemon_threads = True
    answer = b"HTTP/1.1 200 OK\r\n\r\n"

    def __init__(self, api: FakeApi) -> None:
        self.port = int(api.url.rpartition(":")[2])
        self.asked: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Tunnel)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://somebody:a%40word@127.0.0.1:{self.server_address[1]}"


class Tunnel(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.request.recv(4096)
        self.server.asked.append(head)
        self.request.sendall(self.server.answer)
        if b" 200 " not in self.server.answer:
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as api:
            threading.Thread(target=_carry, args=(api, self.request), daemon=True).start()
            _carry(self.request, api)


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    made = certificates.make(tmp_path, f"DNS:{HOST}")
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, str(made.crt))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with FakeApi(tls=made.context()) as server:
        yield server


@pytest.fixture
def proxy(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with Proxy(api) as made:
        monkeypatch.setenv("https_proxy", made.url)
        yield made
        made.shutdown()


def base(api: FakeApi) -> dict[str, str]:
    return api.base | {"account": f"https://{HOST}"}


def test_a_proxy_is_gone_through_and_sees_no_key(api: FakeApi, proxy: Proxy, tmp_path: Path):
    fill(api, 3)
    with client_of(api, tmp_path, base=base(api), requests_per_second=1000) as client:
        assert len(next(pages(client)).items) == 3
    (head,) = proxy.asked
    assert head.startswith(f"CONNECT {HOST}:443 ".encode())
    assert b"Basic c29tZWJvZHk6YUB3b3Jk" in head
    assert KEY.encode() not in head
    assert api.requests[0].has_key


def test_a_proxy_that_refuses_is_said_without_its_password(
    api: FakeApi, proxy: Proxy, tmp_path: Path
):
    proxy.answer = b"HTTP/1.1 407 Who are you?\r\n\r\n"
    asked = client_of(api, tmp_path, base=base(api), requests_per_second=1000)
    with asked as client, pytest.raises(Unanswered, match="proxy") as caught:
        next(pages(client))
    assert "word" not in str(caught.value)
    assert api.requests == []


def test_a_proxy_of_another_kind_is_the_operators_to_mend(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    asked = client_of(api, tmp_path, base=base(api), requests_per_second=1000)
    with pytest.raises(ConfigError, match="https_proxy"), asked:
        pass


def test_this_machine_is_reached_without_one(proxy: Proxy, tmp_path: Path):
    with FakeApi() as near, client_of(near, tmp_path) as client:
        assert next(pages(client)).items == ()
    assert proxy.asked == []
