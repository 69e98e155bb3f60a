"""A restart, an upgrade, a reload: no hook is lost by them, and nobody is misled."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest
import yaml
from endpoints import (
    SECONDS,
    Place,
    Serve,
    hook,
    post,
    read_all,
    serving,
    settings,
    statuses,
)
from ports import free_port
from stores import asked

# A mailbox whose server is not there.
NOBODY = {
    "name": "nobody",
    "host": "127.0.0.1",
    "port": 9,
    "tls": "none",
    "username": "nobody",
    "password": {"env": "PATH"},
}


class Load:
    """New connections one after the other, each with a hook of its own, by several threads."""

    def __init__(self, place: Place, path: str = "/hooks") -> None:
        self._place, self._path = place, path
        self.got: list[int] = []
        self._stop, self._more = threading.Event(), threading.Condition()
        self._threads = [threading.Thread(target=self._drive) for _ in range(4)]

    def _drive(self) -> None:
        while not self._stop.is_set():
            try:
                got = self._place.status(post(hook(), path=self._path))
            except OSError:
                got = 0
            with self._more:
                self.got.append(got)
                self._more.notify_all()

    def go_on(self, count: int = 20) -> None:
        """Wait until so many more are answered."""
        with self._more:
            wanted = len(self.got) + count
            assert self._more.wait_for(lambda: len(self.got) >= wanted, SECONDS)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Send no more, once what was sent is answered."""
        self._stop.set()
        for thread in self._threads:
            thread.join(SECONDS)


@contextmanager
def held(home: Path | None = None) -> Iterator[tuple[socket.socket, Place]]:
    """A listening socket that outlives the service, as systemd holds one."""
    family = socket.AF_UNIX if home else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.bind(str(home / "web.sock") if home else ("127.0.0.1", 0))
        one.listen(1024)
        yield one, Place(home / "web.sock" if home else one.getsockname()[1])


def restarts_cost_nothing(home: Path, one: socket.socket, place: Place, restarts: int) -> None:
    """Each time the service is told to stop under load, ends well, and is started again."""
    config_file = settings(home, "systemd")
    with Load(place) as load:
        for _ in range(restarts):
            with serving(config_file, [one]) as served:
                load.go_on()
                assert served.stop() == 0
        with serving(config_file, [one]):
            load.go_on()
            load.end()
    assert set(load.got) == {200}
    (row,) = asked(home / "mailhook.db", "SELECT count(*) FROM events")
    assert row == (len(load.got),)


def test_two_restarts_under_load_cost_no_failed_attempt(tmp_path: Path):
    with held() as (one, place):
        restarts_cost_nothing(tmp_path, one, place, 2)


@pytest.mark.torture
def test_ten_restarts_under_load_cost_no_failed_attempt(tmp_path: Path):
    with held(tmp_path) as (one, place):
        restarts_cost_nothing(tmp_path, one, place, 10)


def reload(served: Serve) -> str:
    """What it says of the settings that it was told to take."""
    served.process.send_signal(signal.SIGHUP)
    return str(served.until("settings are taken", "the new settings are not taken")["event"])


def test_reloads_under_load_lose_none_and_take_what_can_be_taken(tmp_path: Path):
    first, second = free_port(), f"unix:{tmp_path}/web.sock"
    listen = f"127.0.0.1:{first}"
    config_file = settings(tmp_path, listen)
    with held() as (_, other), serving(config_file) as served:
        with Load(Place(first)) as load:
            load.go_on()
            assert reload(served) == "settings are taken"
            # An address that somebody has, and a key that has gone: the old ones stay in force.
            load.go_on()
            settings(tmp_path, f"127.0.0.1:{other.at}")
            assert f"web.listen: 127.0.0.1:{other.at} is in use" in reload(served)
            settings(tmp_path, listen)
            (tmp_path / "key").unlink()
            assert "trust.signing_keys[0]" in reload(served)
            load.go_on()
            config_file.write_text(f"store: {{path: {tmp_path}/mailhook.db}}\n")
            assert "nothing to serve" in reload(served)
            load.go_on()
        assert set(load.got) == {200}
        # Another path at the same address, another address, and back.
        settings(tmp_path, listen, web={"listen": listen, "path": "/other"})
        assert reload(served) == "settings are taken"
        assert Place(first).status(post(hook(), path="/other")) == 200
        assert Place(first).status(post(hook())) == 404
        for address, place in ((second, Place(tmp_path / "web.sock")), (listen, Place(first))):
            settings(tmp_path, address)
            assert reload(served) == "settings are taken"
            assert place.status(post(hook())) == 200
        assert not (tmp_path / "web.sock").exists()
        assert served.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        Place(first).connect()


def test_a_hook_that_waits_while_the_endpoint_is_switched_on_meets_the_new_keys(tmp_path: Path):
    told = yaml.safe_load(settings(tmp_path, "systemd").read_text())
    without = {name: told[name] for name in ("store", "log")} | {"mailboxes": [NOBODY]}
    config_file = tmp_path / "config.yaml"
    config_file.write_text(yaml.safe_dump(without))
    with (
        held() as (one, place),
        serving(config_file, [one], "run") as served,
        place.connect() as waiting,
    ):
        waiting.sendall(post(hook()))
        config_file.write_text(yaml.safe_dump(told))
        assert reload(served) == "settings are taken"
        assert statuses(read_all(waiting)) == [200]


def test_settings_that_are_refused_move_nothing(tmp_path: Path):
    old, other = free_port(), free_port()
    figures = {"listen": f"127.0.0.1:{old}"}
    port = free_port()
    config_file = settings(tmp_path, f"127.0.0.1:{port}", metrics=figures)
    with held() as (_, taken), serving(config_file) as served:
        settings(tmp_path, f"127.0.0.1:{taken.at}", metrics={"listen": f"127.0.0.1:{other}"})
        assert "is in use" in reload(served)
        Place(old).connect().close()
        with pytest.raises(ConnectionRefusedError):
            Place(other).connect()
        # Another name for the address that it has itself.
        settings(tmp_path, f"localhost:{port}", metrics=figures)
        assert "if it is this service, restart it" in reload(served)
        assert Place(port).status(post(hook())) == 200
