"""`mailhook serve` as a process, and one connection that posts to it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import warm
import yaml
from patience import bounded
from ports import free_port

MAILHOOK = Path(sys.executable).with_name("mailhook")


class HookService:
    """The endpoint with signing keys, newest first, on a port of its own."""

    def __init__(self, home: Path, keys: Sequence[bytes]) -> None:
        self.home, self.store, self.config = home, home / "mailhook.db", home / "config.yaml"
        self.port = free_port()
        self.configure(keys)
        self.process = warm.Popen(
            [MAILHOOK, "-c", self.config, "serve"],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        self.until("running")
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=20)

    def configure(self, keys: Sequence[bytes]) -> None:
        """Write the settings; those running take them at SIGHUP."""
        for nth, key in enumerate(keys):
            (self.home / f"key-{nth}").write_bytes(key)
        files = [{"file": str(self.home / f"key-{nth}")} for nth in range(len(keys))]
        settings = {
            "store": {"path": str(self.store)},
            "web": {"listen": f"127.0.0.1:{self.port}"},
            "trust": {"signing_keys": files},
        }
        self.config.write_text(yaml.safe_dump(settings))

    def reload(self, keys: Sequence[bytes]) -> None:
        self.configure(keys)
        self.process.send_signal(signal.SIGHUP)
        self.until("settings are taken")

    def until(self, event: str) -> None:
        """The line is in its log."""
        assert self.process.stderr
        seen = []
        with bounded(self.process):
            for line in self.process.stderr:
                seen.append(line)
                if json.loads(line)["event"] == event:
                    return
        raise AssertionError(f"it ended: {''.join(seen)}")

    def post(self, body: bytes, **headers: str) -> int:
        """The answer's status, on the one connection."""
        self.connection.request("POST", "/hooks", body, headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status

    def asked(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as db:
            return db.execute(sql, values).fetchall()

    def stop(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.communicate(timeout=20)


@contextmanager
def serving(home: Path, *keys: bytes) -> Iterator[HookService]:
    service = HookService(home, keys)
    try:
        yield service
    finally:
        service.stop()
