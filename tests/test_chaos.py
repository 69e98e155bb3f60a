"""The proxy that breaks connections breaks them as it is told, and only then."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from chaos import Chaos, Mode


class Echo:
    """A server that tells each line back, as an untagged answer."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with suppress(OSError), client, client.makefile("rb") as lines:
            for line in lines:
                client.sendall(b"* " + line)


@pytest.fixture(scope="module")
def echo() -> Echo:
    return Echo()


@pytest.fixture
def chaos(echo: Echo) -> Iterator[Chaos]:
    with Chaos(echo.port) as made:
        yield made


def connected(chaos: Chaos) -> socket.socket:
    return socket.create_connection(("127.0.0.1", chaos.port), timeout=20)


def asked(client: socket.socket, line: bytes = b"7 EXISTS\r\n") -> bytes:
    client.sendall(line)
    return client.recv(100)


def silent(client: socket.socket) -> bool:
    client.settimeout(0.1)
    try:
        return asked(client) is None
    except TimeoutError:
        return True
    finally:
        client.settimeout(20)


def refused(chaos: Chaos) -> bool:
    try:
        connected(chaos).close()
    except ConnectionRefusedError:
        return True
    return False


def test_it_passes_bytes_and_notes_of_how_many_mails_the_client_was_told(chaos: Chaos):
    with connected(chaos) as client:
        assert asked(client) == b"* 7 EXISTS\r\n"
        assert asked(client, b"x 8 EXISTS\r\n") == b"* x 8 EXISTS\r\n"
    assert list(chaos.existed) == [7]
    assert chaos.mode is Mode.PASS


def test_a_cut_resets_what_is_open_and_nothing_else(chaos: Chaos):
    with connected(chaos) as first, connected(chaos) as second:
        assert asked(first)
        assert asked(second)
        assert chaos.cut() == 2
        for client in (first, second):
            with pytest.raises(ConnectionResetError):
                client.recv(1)
    with connected(chaos) as third:
        assert asked(third)


def test_a_black_hole_says_nothing_ever_again_but_new_connections_heal(chaos: Chaos):
    with connected(chaos) as client:
        assert asked(client)
        chaos.swallow()
        assert silent(client)
        with connected(chaos) as another:
            assert silent(another)
        chaos.heal()
        assert silent(client)
        with connected(chaos) as new:
            assert asked(new)
        chaos.lose()
        with connected(chaos) as new:
            assert asked(new)


def test_nobody_listens_while_it_refuses_and_the_port_stays_its_own(chaos: Chaos):
    with connected(chaos) as client:
        chaos.refuse()
        assert refused(chaos)
        assert refused(chaos)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    chaos.heal()
    with connected(chaos) as client:
        assert asked(client)


def test_it_drips(echo: Echo):
    with Chaos(echo.port, drip_seconds=0.5) as chaos, connected(chaos) as client:
        chaos.drip()
        whole = b"* 7 EXISTS\r\n"
        some = asked(client)
        assert len(some) < len(whole)  # more than a byte where nobody looked for a while
        chaos.heal()
        with client.makefile("rb") as lines:
            assert some + lines.readline() == whole


def test_it_acts_at_a_command(chaos: Chaos):
    chaos.at(b"FETCH", chaos.cut)
    with connected(chaos) as client:
        assert asked(client)
        client.sendall(b"UID FETCH 1\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_rage_is_of_all_kinds_the_same_each_time_and_ends_well(chaos: Chaos):
    ended = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        raging = threads.submit(chaos.rage, 3, ended, 0.01)
        while chaos.accepted < 10:
            with suppress(OSError):
                connected(chaos).close()
        ended.set()
        assert len(raging.result()) == 5
    assert chaos.mode is Mode.PASS
    with connected(chaos) as client:
        assert asked(client)
