"""The command line as its user calls it: in this process, as a process, on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import sqlite3
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO, TextIOWrapper
from itertools import count
from pathlib import Path
from typing import Any

import mails
import pytest
import warm
import yaml

from mailhook.cli import main
from mailhook.config import TrustSettings
from mailhook.model import Batch, Channel, Delivery, Outcome
from mailhook.pipeline import Trust, ingest
from mailhook.store import Store

MAILHOOK = Path(sys.executable).with_name("mailhook")
# As users have it: no output unbuffered, no size but the terminal's own.
PLAIN = {
    name: value
    for name, value in os.environ.items()
    if name not in {"COLUMNS", "LINES", "MAILHOOK_CONFIG"} and not name.startswith("PYTHON")
}
_SECONDS = 60
_uids = count(1)


@dataclass(frozen=True)
class Done:
    """A call that has ended. On a terminal `out` is all that was shown."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()


def call(*arguments: object, columns: int = 80) -> Done:
    """The command line in this process, its output going to no terminal."""
    out, err = (TextIOWrapper(BytesIO(), "utf-8", newline="") for _ in range(2))
    with (
        _environment(COLUMNS=str(columns)),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as end,
    ):
        main([str(argument) for argument in arguments])
    err.flush()
    return Done(int(end.value.code or 0), _written(out), _written(err).decode())


def process(*arguments: object, **options: Any) -> Done:
    """The installed command as a process; `options` are subprocess.run's."""
    options = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "timeout": _SECONDS,
        "env": PLAIN,
    } | options
    done = warm.run([MAILHOOK, *map(str, arguments)], **options)
    return Done(done.returncode, done.stdout or b"", (done.stderr or b"").decode())


def on_terminal(*arguments: object, columns: int = 80, lines: int = 24, **options: Any) -> Done:
    """The installed command with all its streams on a terminal of that size."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    options = {"env": PLAIN | {"TERM": "xterm-256color"}} | options
    command = [MAILHOOK, *map(str, arguments)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, **options) as child:
        os.close(theirs)
        shown = b"".join(_until_closed(ours))
        code = child.wait(_SECONDS)
    os.close(ours)
    return Done(code, shown.replace(b"\r\n", b"\n"), "")


class Home:
    """A folder with a settings file and, once something was delivered, a store."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.store = folder / "mailhook.db"
        self.write({"trust": {"authserv_id": mails.SERVER}} | settings)

    def write(self, settings: dict[str, object]) -> None:
        self.config.write_text(yaml.safe_dump(settings))

    def call(self, *arguments: object, columns: int = 80) -> Done:
        return call("-c", self.config, *arguments, columns=columns)

    def deliver(
        self, *raws: bytes, channel: Channel = "email", at: datetime = mails.NOON
    ) -> list[Outcome]:
        """Record what arrived, in order, as the worker would."""
        deliveries = tuple(Delivery(channel, _location(), at, raw) for raw in raws)
        trust = Trust(TrustSettings(authserv_id=(mails.SERVER,)))
        with Store(self.store) as store:
            return ingest(Batch(deliveries), store, trust)

    def multiply(self, times: int) -> None:
        """Make so many events of the first one, each a minute older than the one before."""
        with closing(sqlite3.connect(self.store)) as db, db:
            db.execute("CREATE TEMP TABLE copies AS SELECT * FROM events WHERE id = 1")
            for number in range(2, times + 1):
                db.execute(_AGED, {"number": number})
                db.execute("INSERT INTO events SELECT * FROM copies")


_AGED = """
UPDATE copies SET id = :number, revision = revision + 1,
    key = printf('CHK%032d/check.finished', :number), subject_id = printf('CHK%032d', :number),
    occurred_at = strftime('%Y-%m-%dT%H:%M:00.000000Z', occurred_at, '-1 minutes')
"""


def _location() -> str:
    return f"imap://hooks@imap.example.com/INBOX;UIDVALIDITY=9/;UID={next(_uids)}"


def _written(stream: TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue()


def _until_closed(terminal: int) -> Iterator[bytes]:
    try:
        while part := os.read(terminal, 65536):
            yield part
    except OSError:
        return  # EIO: the last who had it open has closed it


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
