"""What the service manager hears, on a socket such as its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mailhook.systemd import Notifier


class Manager:
    """The end of NOTIFY_SOCKET that systemd holds."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self._socket.settimeout(5)

    def heard(self) -> list[str]:
        """The lines of the next message."""
        return self._socket.recv(4096).decode().split("\n")

    def silent(self) -> bool:
        self._socket.settimeout(0)
        try:
            return not self._socket.recv(4096)
        except BlockingIOError:
            return True
        finally:
            self._socket.settimeout(5)

    def stop(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@mailhook-{tmp_path}"


@pytest.fixture
def manager(address: str) -> Iterator[Manager]:
    made = Manager(address)
    yield made
    made.stop()


def test_the_manager_hears_each_turn_of_a_services_life(manager: Manager, address: str):
    notifier = Notifier(address, 1)
    notifier.ready("2 mailboxes")
    assert manager.heard() == ["READY=1", "STATUS=2 mailboxes"]
    notifier.status("lag 1 s")
    assert manager.heard() == ["STATUS=lag 1 s"]
    notifier.watchdog()
    assert manager.heard() == ["WATCHDOG=1"]
    notifier.stopping()
    assert manager.heard() == ["STOPPING=1"]


def test_a_reload_is_told_with_the_time_of_the_kernels_clock(manager: Manager, address: str):
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    Notifier(address).reloading()
    word, moment = manager.heard()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert word == "RELOADING=1"
    assert before <= int(moment.removeprefix("MONOTONIC_USEC=")) <= after


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nREADY=0\r\nlines", "two READY=0 lines"),
        ("\x1b[31mred\x00\u2028 \u202e\ud800", "[31mred"),
        ("x" * 500, "x" * 200),
        ("días", "días"),
    ],
)
def test_a_status_is_one_short_printable_line(text: str, line: str, manager: Manager, address: str):
    Notifier(address).status(text)
    assert manager.heard() == [f"STATUS={line}"]


def test_nothing_is_said_where_there_is_nothing_to_say(manager: Manager, address: str):
    Notifier(address).status(" \n ")
    Notifier(address).watchdog()  # nobody watches
    assert manager.silent()


def test_a_manager_that_is_gone_or_deaf_costs_nothing(tmp_path: Path):
    address = str(tmp_path / "notify")
    for gone in ("", address, f"@{address}", "vsock:2:1234", "/" + "x" * 200):
        Notifier(gone, 1).ready("up")
        Notifier(gone, 1).watchdog()
    deaf = Manager(address)
    started = time.monotonic()
    fill(address)
    Notifier(address).ready()
    assert time.monotonic() - started < 10
    deaf.stop()
    Notifier(address).stopping()


def fill(address: str) -> None:
    """Send until nothing more is taken."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(0)
        with suppress(BlockingIOError):
            while True:
                sender.sendto(b"X=1", address)


@pytest.mark.parametrize(
    ("microseconds", "pid", "seconds"),
    [
        ("300000000", "ours", 150),
        ("300000000", "", 150),
        ("300000000", "1", None),
        ("", "", None),
        ("0", "", None),
        ("soon", "", None),
    ],
)
def test_the_watchdog_is_fed_in_half_its_time_if_it_watches_this_process(
    microseconds: str, pid: str, seconds: float | None
):
    pid = pid.replace("ours", str(os.getpid()))  # which differs between the tests' own workers
    environment = {"WATCHDOG_USEC": microseconds, "WATCHDOG_PID": pid, "HOME": "/"}
    assert Notifier.from_environment(environment).watchdog_seconds == seconds
    assert environment == {"HOME": "/"}


def test_children_do_not_speak_in_the_services_name(manager: Manager, address: str):
    script = (
        "import os, subprocess, sys\n"
        "from mailhook.systemd import Notifier\n"
        "notifier = Notifier.from_environment()\n"
        "child = [sys.executable, '-c', \"import os; print('NOTIFY_SOCKET' in os.environ)\"]\n"
        "notifier.ready(subprocess.run(child, capture_output=True, text=True).stdout)\n"
    )
    subprocess.run([sys.executable, "-c", script], env={"NOTIFY_SOCKET": address}, check=True)
    assert manager.heard() == ["READY=1", "STATUS=False"]
