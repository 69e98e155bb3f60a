"""`mailhook run` as a process: what it logs is awaited, line by line."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import warm
import yaml
from patience import bounded

MAILHOOK = Path(sys.executable).with_name("mailhook")
Line = dict[str, Any]


class Service:
    """`mailhook run` on a config of its own."""

    def __init__(
        self,
        home: Path,
        *mailboxes: dict[str, object],
        program: Sequence[str | Path] = (MAILHOOK,),
        **environment: str,
    ) -> None:
        self.home = home
        self.configure(*mailboxes)
        self.process = warm.Popen(
            [*program, "-c", home / "config.yaml", "run"],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )

    def configure(self, *mailboxes: dict[str, object]) -> None:
        """Write the settings; those running take them at SIGHUP."""
        home = self.home
        config = {
            "store": {"path": str(home / "mailhook.db")},
            "mailboxes": [{"poll_seconds": 0.1} | mailbox for mailbox in mailboxes],
            "trust": {"authserv_id": "mx.example.com"},
        }
        (home / "config.yaml").write_text(yaml.safe_dump(config))

    def until(self, wanted: Callable[[Line], object]) -> Line:
        """The next log line that is wanted."""
        assert self.process.stderr
        seen = []
        with bounded(self.process):
            for text in self.process.stderr:
                seen.append(text)
                line: Line = json.loads(text)
                if wanted(line):
                    return line
        raise AssertionError(f"it ended: {''.join(seen)}")

    def reload(self, *mailboxes: dict[str, object]) -> None:
        """Let it take other settings."""
        self.configure(*mailboxes)
        self.process.send_signal(signal.SIGHUP)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """The exit code, and how many seconds it took to end."""
        start = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(20), time.monotonic() - start

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(self.home / "mailhook.db")) as db:
            (count,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(count)


@contextmanager
def running(
    home: Path,
    *mailboxes: dict[str, object],
    program: Sequence[str | Path] = (MAILHOOK,),
    **environment: str,
) -> Iterator[Service]:
    service = Service(home, *mailboxes, program=program, **environment)
    try:
        yield service
    finally:
        service.process.kill()
        service.process.communicate()


def batch(line: Line) -> bool:
    return bool(line["event"] == "batch")
