"""The machine that mailhook runs on: a clock that is moved by hand, the service, its end by -9."""

from __future__ import annotations

import json
import math
import mmap
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from mailhook.control.client import Client
from mailhook.errors import TemporaryError

MAILHOOK = Path(sys.executable).with_name("mailhook")
COMPILER = shutil.which("cc")
_NUMBER = struct.Struct("=q")
_PATIENCE_SECONDS = 900
_SILENCE_SECONDS = 0.2


class WallClock:
    """The wall clock of what runs here: it goes as ours does, and is moved on by hand."""

    def __init__(self, folder: Path) -> None:
        self._library, path = folder / "wall_clock.so", folder / "wall_clock"
        source = Path(__file__).with_name("wall_clock.c")
        program: Sequence[str | Path]
        program = [str(COMPILER), "-O2", "-shared", "-fPIC", "-o", self._library, source]
        subprocess.run(program, check=True)
        path.write_bytes(_NUMBER.pack(0))
        with path.open("r+b") as file:
            self._ahead = mmap.mmap(file.fileno(), _NUMBER.size)
        self.environment = os.environ | {
            "LD_PRELOAD": str(self._library),
            "WALL_CLOCK": str(path),
            "TZ": "UTC",
        }
        self._is_set = False

    def set(self, at: datetime) -> None:
        """Show at least that time from now on; once set it never goes back."""
        ahead = math.ceil(at.timestamp() - time.time())
        if not self._is_set or ahead > _NUMBER.unpack(self._ahead)[0]:
            self._ahead[:] = _NUMBER.pack(ahead)
            self._is_set = True


class Machine:
    """`mailhook run` under that clock, with its settings; what it logs is heard."""

    def __init__(self, home: Path, clock: WallClock, settings: dict[str, Any]) -> None:
        self.home, self.clock = home, clock
        self.store, self.config = home / "mailhook.db", home / "config.yaml"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/hooks"
        web = {"listen": f"127.0.0.1:{self.port}", "url": self.url}
        self._settings = {"store": {"path": str(self.store)}, "web": web} | settings
        self._heard, self._lines = threading.Condition(), list[dict[str, Any]]()
        self._process: subprocess.Popen[str] | None = None

    def trust(self, *keys: bytes) -> None:
        """Write the settings with these signing keys, newest first; what runs takes them."""
        files = []
        for nth, key in enumerate(keys):
            path = self.home / f"signing-key-{nth}"
            path.write_bytes(key)
            path.chmod(0o600)
            files.append({"file": str(path)})
        self._settings["trust"] = {"authserv_id": "mx.example.com", "signing_keys": files}
        self.config.write_text(yaml.safe_dump(self._settings))
        if self._process:
            since = len(self._lines)
            self._process.send_signal(signal.SIGHUP)
            self.until(lambda: self._said("settings are taken", since))

    def start(self) -> None:
        """Run it, and wait until it serves."""
        since = len(self._lines)
        self._process = subprocess.Popen(
            [MAILHOOK, "-c", self.config, "run"],
            stderr=subprocess.PIPE,
            text=True,
            env=self.clock.environment,
        )
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        self.until(lambda: self._said("running", since))

    @property
    def is_dead(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End it as a power cut ends a process."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def kill_soon(self, seconds: float) -> None:
        """Kill it in the middle of whatever it does by then."""
        assert self._process
        timer = threading.Timer(seconds, self._process.kill)
        timer.daemon = True
        timer.start()

    def stop(self) -> int:
        """End it as systemd does; its exit code."""
        assert self._process
        self._process.terminate()
        return self._process.wait(30)

    def until(self, wanted: Callable[[], object]) -> None:
        """Wait until it is so; looked at whenever the service has said something."""
        with self._heard:
            if not self._heard.wait_for(wanted, _PATIENCE_SECONDS):
                raise TimeoutError(f"{self._lines[-3:]}")

    def call(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """Have the running service do a command. Raises TemporaryError where it dies of it."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            try:
                return {**Client(self.store).call(name, request).value}
            except TemporaryError as error:
                if "asked already" not in str(error):
                    raise
                self._hear()
        raise TimeoutError(name)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """`mailhook query` by a process that has the same clock."""
        program: Sequence[str | Path] = [MAILHOOK, "-c", self.config, "query", sql, "--json"]
        done = subprocess.run(
            program, check=True, capture_output=True, text=True, env=self.clock.environment
        )
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows

    def bugs(self) -> list[dict[str, Any]]:
        """What it has logged of errors of its own."""
        return [line for line in self._lines if "bug" in line["event"] or "error" in line]

    def _hear(self) -> None:
        """Wait for its next word, not for long."""
        with self._heard:
            self._heard.wait(_SILENCE_SECONDS)

    def _said(self, event: str, since: int) -> bool:
        if self.is_dead:
            raise AssertionError(f"it ended: {self._lines[-5:]}")
        return any(line["event"] == event for line in self._lines[since:])

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr
        for text in process.stderr:
            with self._heard:
                self._lines.append(_line(text))
                self._heard.notify_all()
        process.stderr.close()
        process.wait()
        with self._heard:
            self._heard.notify_all()


def _line(text: str) -> dict[str, Any]:
    try:
        line: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"event": text, "level": "error"}
    return line


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
