"""What the service tells its manager, over a real socket: ready, alive, how it goes, the end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mails
import pytest
import warm
import yaml
from scripted_imap import HANG, Mail, ScriptedImap

from mailhook.worker.parts import Parts

MAILHOOK = Path(sys.executable).with_name("mailhook")


class Managed:
    """`mailhook run` under a service manager that only listens."""

    def __init__(self, home: Path, *mailboxes: dict[str, object], **settings: object) -> None:
        self.store = home / "mailhook.db"
        self.config = home / "config.yaml"
        self.write({"mailboxes": list(mailboxes)} | settings)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(home / "notify"))
        self._socket.settimeout(30)
        told = {"NOTIFY_SOCKET": str(home / "notify"), "WATCHDOG_USEC": "1000000"}
        self.process = warm.Popen(
            [MAILHOOK, "-c", self.config, "run"],
            env={**os.environ, **told},
            stderr=subprocess.PIPE,
            text=True,
        )

    def write(self, settings: dict[str, object]) -> None:
        trust = {"authserv_id": "mx.example.com"}
        whole = {"store": {"path": str(self.store)}, "trust": trust} | settings
        self.config.write_text(yaml.safe_dump(whole))

    def until(self, wanted: Callable[[str], object]) -> str:
        """The next message that is wanted."""
        while True:
            message = self._socket.recv(4096).decode()
            if wanted(message):
                return message

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self._socket.close()


@contextmanager
def managed(home: Path, *mailboxes: dict[str, object], **settings: object) -> Iterator[Managed]:
    service = Managed(home, *mailboxes, **settings)
    try:
        yield service
    finally:
        service.close()


def starts(word: str) -> Callable[[str], bool]:
    return lambda message: message.startswith(word)


def test_it_is_ready_when_its_store_is_open_alive_while_it_gets_on_and_says_its_end(
    tmp_path: Path,
):
    with ScriptedImap(tmp_path) as server, managed(tmp_path, server.mailbox()) as service:
        ready = service.until(starts("READY=1"))
        assert service.store.exists()
        assert "STATUS=1 mailbox; no mail since the start" in ready
        service.until(starts("WATCHDOG=1"))
        service.process.send_signal(signal.SIGTERM)
        service.until(starts("STOPPING=1"))
        assert service.process.wait(30) == 0


def test_it_is_ready_though_the_network_is_not(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        nobody = server.mailbox(port=1)
        with managed(tmp_path, nobody) as service:
            service.until(starts("READY=1"))
            service.until(starts("WATCHDOG=1"))


def test_reloading_ends_with_ready_whether_or_not_the_settings_were_good(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, managed(tmp_path, server.mailbox()) as service:
        service.until(starts("READY=1"))
        both = [server.mailbox(), server.mailbox(name="b", username="b")]
        for mailboxes, state in ((both, "2 mailboxes"), ("nonsense", "2 mailboxes")):
            service.write({"mailboxes": mailboxes})
            service.process.send_signal(signal.SIGHUP)
            service.until(starts("RELOADING=1"))
            assert state in service.until(starts("READY=1"))


def test_the_store_stays_where_it_is_until_a_restart(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, managed(tmp_path, server.mailbox()) as service:
        service.until(starts("READY=1"))
        elsewhere = {"store": {"path": str(tmp_path / "other.db")}}
        service.write({"mailboxes": [server.mailbox()]} | elsewhere)
        service.process.send_signal(signal.SIGHUP)
        service.until(starts("RELOADING=1"))
        service.until(starts("READY=1"))
        service.process.terminate()
        _, logged = service.process.communicate(timeout=30)
    assert "store.path: is taken only at a start" in logged
    assert not (tmp_path / "other.db").exists()


def test_a_thread_that_shows_no_sign_of_life_is_named_and_the_watchdog_goes_hungry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from scripted_imap import settings

    from mailhook.store import Store
    from mailhook.trust import Trust
    from mailhook.worker import watch

    monkeypatch.setattr(watch, "_WORK_SECONDS", -1e6)  # what it promises has passed
    reached = threading.Event()
    with ScriptedImap(tmp_path, mails.write("hello")) as server:
        server.on("LOGIN", reached.set, HANG)
        all_settings = settings(tmp_path, server.mailbox())
        with Store(all_settings.store.path) as store:
            parts = Parts(all_settings, store, Trust.of(all_settings.trust))
            parts.start()
            try:
                assert reached.wait(30)
                assert parts.stuck() == ["mailbox hooks, INBOX"]
                server.inbox.add(Mail(b""))
            finally:
                parts.stop()
