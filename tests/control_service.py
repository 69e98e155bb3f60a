"""A service that holds a store and takes commands: what `run` is, without its mailboxes.

As a program: `control_service.py STORE [CLIENTS]`; says `ready`, ends by SIGTERM.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import mails
import warm

from mailhook import log
from mailhook.config import LogSettings, StoreSettings, TrustSettings
from mailhook.control import commands
from mailhook.control.command import Command, Progress, Request, Result, Talk
from mailhook.control.server import Server
from mailhook.errors import ConfigError, MailhookError, Problem, TemporaryError
from mailhook.model import Outcome
from mailhook.store import Store
from mailhook.trust import Trust

TRUST = Trust(TrustSettings(authserv_id=(mails.SERVER,)))


@dataclass
class Round:
    """As the worker has it."""

    outcomes: list[Outcome] = field(default_factory=list)
    errors: list[MailhookError] = field(default_factory=list)
    exit_code: int = 0


def poll(progress: Progress) -> Round:
    progress(3)
    refused = ConfigError([Problem("mailboxes[0]", "the login is refused", "mend it")])
    slow = TemporaryError("mailbox slow: no answer")
    return Round([Outcome.RECORDED, Outcome.RECORDED, Outcome.IGNORED], [slow, refused], 78)


def told(request: Request, talk: Talk) -> Result:
    """What came."""
    return Result({"request": dict(request), "sizes": [len(raw) for raw in talk.raws]}, 3)


def bug(request: Request, talk: Talk) -> Result:
    raise LookupError("CHK1 is a secret of a mail", request, talk)


def commands_of(store: Store) -> dict[str, Command]:
    return {
        "ingest": commands.ingest(store, lambda: TRUST),
        "poll": commands.poll(poll),
        "prune": commands.prune(store, lambda: StoreSettings(event_days=1)),
        "replay": commands.replay(store, lambda: TRUST),
        "token recheck": commands.recheck(store, lambda: TRUST),
        "release": commands.release(store, lambda: TRUST),
        "drop": commands.drop(store),
        "told": told,
        "bug": bug,
    }


@contextmanager
def running(store: Path, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """This file as a process."""
    program = [sys.executable, __file__, str(store), *map(str, arguments)]
    pipe = subprocess.PIPE
    with warm.Popen(program, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n", process.communicate()
            yield process
        finally:
            process.kill()
            process.communicate()


def lines(process: subprocess.Popen[str], end: int) -> list[dict[str, object]]:
    """What it has logged, once it has ended by that signal."""
    process.send_signal(end)
    _, logged = process.communicate(timeout=20)
    return [json.loads(line) for line in logged.splitlines()]


def main() -> None:
    gc.set_threshold(50_000)  # as the installed command has it
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    log.configure(LogSettings(format="json", level="info"), sys.stderr)
    clients = int(sys.argv[2]) if sys.argv[2:] else 16
    with (
        Store(Path(sys.argv[1]), purpose="run") as store,
        Server(store.path, commands_of(store), clients=clients),
    ):
        os.write(1, b"ready\n")
        while not stop.wait(0.2):
            pass


if __name__ == "__main__":
    main()
