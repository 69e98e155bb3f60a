"""`mailhook serve` as a process, and hooks that are posted to it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import warm
import yaml
from ports import free_port
from service import MAILHOOK

from mailhook import token

KEY = "serving-signing-key-0123456789abcdef"
_START_SECONDS = 60


def hook(number: int) -> bytes:
    """The body of a hook of its own event."""
    event: dict[str, token.Json] = {
        "id": f"HKE{number:032x}",
        "event_type": "check",
        "event_action": "finished",
        "object": {"check_id": f"CHK{number:032x}", "status": "completed"},
        "timestamp": "2026-08-03T10:00:00Z",
        "version": "1.0",
    }
    return token.sign({"events": [event], "iat": 1_785_751_201}, KEY.encode()).encode()


@dataclass
class Serving:
    """The process and where it listens; stopped or killed, it can be started again."""

    home: Path
    store: Path
    program: Sequence[str | Path] = (MAILHOOK,)
    port: int = field(init=False, default=0)
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        """Come back once it listens."""
        self.port = self.port or free_port()
        config = {
            "store": {"path": str(self.store)},
            "web": {"listen": f"127.0.0.1:{self.port}"},
            "trust": {"signing_keys": [{"env": "HOOK_KEY"}], "authserv_id": "mx.example.com"},
        }
        (self.home / "config.yaml").write_text(yaml.safe_dump(config))
        with (self.home / "log").open("ab") as log:
            self.process = warm.Popen(
                [*self.program, "-c", self.home / "config.yaml", "serve"],
                stderr=log,
                env={**os.environ, "HOOK_KEY": KEY},
            )
        end = time.monotonic() + _START_SECONDS
        while not _listens(self.port):
            assert self.process.poll() is None, (self.home / "log").read_text()
            assert time.monotonic() < end
            time.sleep(0.02)

    def post(self, *numbers: int) -> list[int]:
        """The status of each hook, posted one after the other over one connection."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as line:
            return [_status(line, number) for number in numbers]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def serving(
    home: Path, store: Path | None = None, program: Sequence[str | Path] = (MAILHOOK,)
) -> Iterator[Serving]:
    one = Serving(home, store or home / "mailhook.db", program)
    one.start()
    try:
        yield one
    finally:
        one.kill()


class Senders:
    """Threads that post hooks without end, until the server is not there any more."""

    def __init__(self, server: Serving, first: int, *, count: int = 6) -> None:
        self.answered: list[int] = []
        self._numbers = iter(range(first, sys.maxsize))
        self._mutex, self._begun = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(server,)) for _ in range(count)]

    def start(self) -> None:
        """Come back once the first answer has come."""
        for thread in self._threads:
            thread.start()
        assert self._begun.wait(_START_SECONDS)

    def join(self) -> int:
        """Which number would have been the next."""
        for thread in self._threads:
            thread.join()
        return next(self._numbers)

    def _send(self, server: Serving) -> None:
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        with closing(line), suppress(OSError, http.client.HTTPException):
            while True:
                with self._mutex:
                    number = next(self._numbers)
                if _status(line, number) == http.HTTPStatus.OK:
                    self.answered.append(number)
                    self._begun.set()


def _status(line: http.client.HTTPConnection, number: int) -> int:
    line.request("POST", "/hooks", hook(number))
    answer = line.getresponse()
    answer.read()
    if answer.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        assert int(answer.headers["Retry-After"]) > 0
    return answer.status


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
