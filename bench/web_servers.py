"""The two servers that the bench of the endpoint runs, each a process of its own on a free port."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from posting import SIGNING_KEY

MAILHOOK = Path(sys.executable).with_name("mailhook")
_START_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens on `port`; its store, and its settings where it has some."""

    port: int
    database: Path
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """What it has used of the processors so far."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def peak_bytes(self) -> int:
        """The largest that its resident memory has been."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) * 1024 if found else 0


@contextmanager
def usual(home: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """The usual handler on an empty database."""
    port, program = _free_port(), Path(__file__).with_name("usual_handler.py")
    database = home / "usual.db"
    command = [sys.executable, program, str(port), database]
    with _running(command, port, home / "log", environment) as process:
        yield Server(port, database, process)


@contextmanager
def ours(home: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """`mailhook serve` on an empty store."""
    port, config = _free_port(), home / "config.yaml"
    settings = {
        "store": {"path": str(home / "mailhook.db")},
        "web": {"listen": f"127.0.0.1:{port}", "path": "/hooks"},
        "trust": {"signing_keys": [{"env": "SIGNING_KEY"}], "authserv_id": "mx.example.com"},
    }
    config.write_text(yaml.safe_dump(settings))
    command = [MAILHOOK, "-c", config, "serve"]
    with _running(command, port, home / "log", environment) as process:
        yield Server(port, home / "mailhook.db", process)


@contextmanager
def _running(
    command: Sequence[str | Path], port: int, log: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    told = {**os.environ, "SIGNING_KEY": SIGNING_KEY, **environment}
    told.pop("PYTHONDONTWRITEBYTECODE", None)
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=told, stderr=written, stdout=written)
    try:
        _await(port, process, log)
        yield process
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()}")
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("the server does not listen")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
