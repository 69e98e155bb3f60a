"""The endpoint as its clients meet it: in this process with bounds of its own, or as `serve`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import warm
import yaml
from patience import bounded
from ports import free_port

from mailhook import config, token
from mailhook.config import Settings, WebSettings
from mailhook.sources.web.answers import Answer, Reply, Take
from mailhook.sources.web.bounds import Bounds
from mailhook.sources.web.endpoint import Endpoint
from mailhook.sources.web.listening import bound
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.minutes import Minutes
from mailhook.worker.web import Web

MAILHOOK = Path(sys.executable).with_name("mailhook")
KEY = b"0f1e2d3c4b5a69788796a5b4c3d2e1f0"
SECONDS = 20
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
# Becomes what systemd starts: the descriptors are there, and the pid is its own.
_AS_SYSTEMD = "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[1], sys.argv[1:])"  # noqa: E501 - a program


def hook(subject: str = "", key: bytes = KEY, **event: object) -> bytes:
    """A token with one event, of a subject nobody has told of where none is named."""
    subject = subject or f"CHK{secrets.token_hex(16)}"
    told = {
        "id": f"HKE{secrets.token_hex(20)}",
        "event_type": "check",
        "event_action": "finished",
        "object": {"check_id": subject, "status": "completed"},
        "timestamp": "2026-08-03T10:00:00Z",
        "version": "1.0",
    }
    claims: Any = {"iss": "Truora", "iat": 1_785_751_200, "events": [told | event]}
    return token.sign(claims, key).encode()


def post(body: bytes, *headers: str, path: str = "/hooks", close: bool = True) -> bytes:
    """A request as a plain client writes it."""
    lines = [f"POST {path} HTTP/1.1", "Host: hooks.example.com", f"Content-Length: {len(body)}"]
    lines += [*headers, *(["Connection: close"] if close else []), "", ""]
    return "\r\n".join(lines).encode() + body


def statuses(answered: bytes) -> list[int]:
    return [int(code) for code in _STATUS.findall(answered)]


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side closes; a reset after it is no matter."""
    answered = b""
    try:
        while part := connection.recv(65536):
            answered += part
    except ConnectionError:
        pass
    return answered


@dataclass(frozen=True)
class Place:
    """Where an endpoint listens: a port of loopback, or the path of a socket."""

    at: int | Path

    def connect(self, seconds: float = SECONDS) -> socket.socket:
        if isinstance(self.at, int):
            return socket.create_connection(("127.0.0.1", self.at), seconds)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(seconds)
        made.connect(str(self.at))
        return made

    def connect_later(self) -> socket.socket:
        """At a time that the endpoint can tell from that of the one before."""
        time.sleep(0.02)
        return self.connect()

    def said(self, *sent: bytes) -> bytes:
        """What is answered to these bytes until the connection ends."""
        with self.connect() as connection:
            with suppress(ConnectionError):  # it has said enough, which may be read all the same
                for part in sent:
                    connection.sendall(part)
            return read_all(connection)

    def status(self, request: bytes) -> int:
        """Of one request; 0 where nothing is answered."""
        found = statuses(self.said(request))
        return found[0] if found else 0


def settings(home: Path, listen: str, **sections: object) -> Path:
    """A settings file with a key and the endpoint at `listen`."""
    (home / "key").write_bytes(KEY)
    (home / "key").chmod(0o600)
    told = {
        "store": {"path": str(home / "mailhook.db")},
        "trust": {"signing_keys": [{"file": str(home / "key")}]},
        "web": {"listen": listen},
        "log": {"format": "json"},
    }
    path = home / "config.yaml"
    path.write_text(yaml.safe_dump(told | sections))
    return path


@contextmanager
def within(home: Path, bounds: Bounds | None = None, listen: str = "") -> Iterator[Served]:
    """The endpoint in this process, with a store."""
    at = listen or f"127.0.0.1:{free_port()}"
    loaded = config.load(settings(home, at))
    trust = Trust.of(loaded.trust)
    with Store(loaded.store.path) as store:
        minutes = Minutes(store, loaded.guard)
        web = Web(loaded, store, trust, minutes, bounds)
        try:
            yield Served(web, loaded, store, place(at))
        finally:
            web.close()


@dataclass
class Served:
    web: Web
    settings: Settings
    store: Store
    place: Place


def place(listen: str) -> Place:
    if listen.startswith("unix:"):
        return Place(Path(listen.removeprefix("unix:")))
    return Place(int(listen.rpartition(":")[2]))


class Serve:
    """`mailhook serve`, or `run`, as a process; `passed` are sockets handed over as by systemd."""

    def __init__(
        self, config_file: Path, passed: Sequence[socket.socket] = (), verb: str = "serve"
    ) -> None:
        command: list[str | Path] = [MAILHOOK, "-c", config_file, verb]
        environment = dict(os.environ)
        if passed:
            command = [sys.executable, "-S", "-E", "-c", _AS_SYSTEMD, *command]
            environment["LISTEN_FDS"] = str(len(passed))
        self.process = warm.Popen(
            command,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            pass_fds=[3 + nth for nth in range(len(passed))],
            preexec_fn=(lambda: _as_third(passed)) if passed else None,
        )

    def until(self, *events: str) -> dict[str, Any]:
        """The next line of its log that begins with one of these."""
        assert self.process.stderr
        seen = []
        with bounded(self.process):
            for text in self.process.stderr:
                seen.append(text)
                line: dict[str, Any] = json.loads(text) if text.startswith("{") else {"event": text}
                if line["event"].startswith(events):
                    return line
        raise AssertionError(f"it ended: {''.join(seen)}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)


def _as_third(passed: Sequence[socket.socket]) -> None:
    for nth, one in enumerate(passed):
        os.dup2(one.fileno(), 3 + nth, inheritable=True)


@contextmanager
def serving(
    config_file: Path, passed: Sequence[socket.socket] = (), verb: str = "serve"
) -> Iterator[Serve]:
    served = Serve(config_file, passed, verb)
    try:
        served.until("running")
        yield served
    finally:
        served.process.kill()
        served.process.communicate()


THANKS = Answer(HTTPStatus.OK, "thank you")


def thank(body: bytes, source: str, reply: Reply) -> None:  # noqa: ARG001 - as `Take` has it
    reply(THANKS)


def thank_after(event: threading.Event) -> Take:
    """Answers nobody before that has happened."""

    def take(body: bytes, source: str, reply: Reply) -> None:  # noqa: ARG001 - as `Take` has it
        waited = asyncio.get_running_loop().run_in_executor(None, event.wait, SECONDS)
        waited.add_done_callback(lambda _: reply(THANKS))

    return take


class Running:
    """An endpoint that answers whatever `take` says."""

    def __init__(self, take: Take = thank, bounds: Bounds | None = None) -> None:
        self.port = free_port()
        self.place = Place(self.port)
        self._listening = bound(WebSettings(listen=f"127.0.0.1:{self.port}"))
        self.endpoint = Endpoint(self._listening.duplicates(), "/hooks", take, bounds or Bounds())
        self.endpoint.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.endpoint.stop()
        self._listening.close()
        assert not self.endpoint.is_alive()
