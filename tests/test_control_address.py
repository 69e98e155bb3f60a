"""Where the control socket lies: private, and gone at the end; what is foreign is not trusted."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailhook.control import peer
from mailhook.control.address import Absent, Unusable
from mailhook.control.client import Client
from mailhook.control.command import Request, Result, Talk
from mailhook.control.server import Server

IS_ROOT = os.geteuid() == 0
NOBODY = 65534


def told(request: Request, talk: Talk) -> Result:
    return Result({"request": dict(request), "sizes": [len(raw) for raw in talk.raws]}, 3)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "mailhook.db"
    path.touch()
    return path


def answers(store: Path) -> bool:
    result = Client(store).call("told", {"a": 1}, [b"12", b""])
    return result == Result({"request": {"a": 1}, "sizes": [2, 0]}, 3)


def names(store: Path) -> list[str]:
    return [path.name for path in store.parent.iterdir()]


def served(store: Path) -> Server:
    return Server(store, {"told": told})


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket of somebody's at that path."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield listener


def test_the_socket_is_private_whatever_the_umask_and_gone_afterwards(store: Path):
    for mask in (0, 0o777):
        before = os.umask(mask)
        try:
            with served(store) as server:
                status = server.path.lstat()
                assert answers(store)
        finally:
            os.umask(before)
        assert stat.S_ISSOCK(status.st_mode)
        assert stat.S_IMODE(status.st_mode) == 0o600
        assert names(store) == ["mailhook.db"]


def test_what_a_killed_service_left_is_replaced(store: Path):
    with listening(store.with_name("mailhook.db.sock")):
        pass  # the file stays when the socket is closed
    with pytest.raises(Absent, match="no service listens there"):
        Client(store).reach()
    with served(store):
        assert answers(store)


@pytest.mark.parametrize("folder", ["a" * 200 + "/" + "b" * 200, "."])
@pytest.mark.parametrize("name", ["mailhook.db", "c" * 240])
def test_a_path_may_be_long(tmp_path: Path, folder: str, name: str):
    store = tmp_path / folder / name
    store.parent.mkdir(parents=True, exist_ok=True)
    store.touch()
    with served(store):
        assert answers(store)
    assert names(store) == [name]


def link(path: Path) -> None:
    path.symlink_to("mailhook.db")


def dangling(path: Path) -> None:
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("put", [Path.touch, Path.mkdir, os.mkfifo, link, dangling])
def test_what_is_no_socket_stays_and_is_not_used(
    store: Path, caplog: pytest.LogCaptureFixture, put: object
):
    assert callable(put)
    path = store.with_name("mailhook.db.sock")
    put(path)
    before = path.lstat()
    said = "is no socket; remove it and restart the service"
    with served(store), pytest.raises(Unusable, match=said):
        Client(store).reach()
    assert "no control socket, commands cannot go through the service" in caplog.text
    assert "mailhook.db.sock is in the way: it is no socket; remove it" in caplog.text
    assert os.path.samestat(path.lstat(), before)
    assert not (store.parent / "elsewhere").exists()


def test_a_link_to_a_socket_is_not_followed(store: Path, tmp_path: Path):
    with listening(tmp_path / "other"):
        store.with_name("mailhook.db.sock").symlink_to("other")
        with pytest.raises(Unusable, match="is no socket"):
            Client(store).reach()


def test_a_socket_of_another_user_stays_and_is_not_trusted(
    store: Path, caplog: pytest.LogCaptureFixture
):
    path = store.with_name("mailhook.db.sock")
    if IS_ROOT:
        with listening(path):
            os.chown(path, NOBODY, NOBODY)
            with served(store):
                assert path.lstat().st_uid == NOBODY
        assert "it belongs to another user; remove it" in caplog.text
        path.unlink()
    assert peer.may_serve(os.geteuid(), store)
    assert peer.may_serve(0, store)
    assert not peer.may_serve(NOBODY - 1, store)
    assert not peer.may_serve(NOBODY - 1, store.with_name("gone"))


LISTEN = """
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind("mailhook.db.sock")
    listener.listen()
    print("ready", flush=True)
    connected, _ = listener.accept()
    if os.getuid() != 65534:
        connected.sendall(b"\\0\\0\\0\\2{}")
    print(len(connected.recv(100)))
"""
CONNECT = """
with socket.socket(socket.AF_UNIX) as connected:
    connected.connect("mailhook.db.sock")
    print(connected.recv(1000))
"""


def as_nobody(script: str, folder: Path) -> subprocess.Popen[str]:
    """The script run by another user where we are root, else by ourselves."""
    # Only once it runs: nobody else may be able to read this Python.
    change = f"import os, socket; os.geteuid() or os.setuid({NOBODY})\n"
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", change + script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
    )


def test_nothing_is_sent_to_a_service_of_another_user(store: Path):
    store.parent.chmod(0o777)
    with as_nobody(LISTEN, store.parent) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        said = "neither root nor owns the store" if IS_ROOT else "no mailhook"
        with pytest.raises(Unusable, match=said):
            Client(store).call("told", {"secret": 1})
        assert process.stdout.read() == "0\n"


def test_a_command_of_another_user_is_refused(store: Path, caplog: pytest.LogCaptureFixture):
    store.parent.chmod(0o755)
    with served(store) as server:
        server.path.chmod(0o666)  # else the system refuses before we do
        with as_nobody(CONNECT, store.parent) as process:
            assert process.stdout
            said = process.stdout.read()
        assert answers(store)
    assert ("asked by its own user and by root" in said) is IS_ROOT
    assert ("a stranger was refused" in caplog.text) is IS_ROOT


def test_a_folder_that_cannot_be_written_is_logged_and_the_service_runs_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    with served(tmp_path / "gone" / "mailhook.db"):
        pass
    assert "no control socket" in caplog.text


def test_a_socket_that_was_replaced_meanwhile_is_left(store: Path):
    with served(store) as server:
        server.path.unlink()
        server.path.touch()
    assert server.path.exists()
