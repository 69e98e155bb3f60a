"""Two programs that empty the same folder, each as a process of its own, timed from outside."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dovecot import PASSWORD, Account

_MBSYNCRC = """
IMAPStore server
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

MaildirStore copy
Inbox {folder}/INBOX
Path {folder}/

Channel bench
Far :server:
Near :copy:
Sync Pull
Create Near
SyncState *
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One process, start to end; `cpu_seconds` are its own, not the server's.

    `peak_bytes` is the resident size of its largest process. Linux starts the
    count at the size of the process that started it, so it errs upwards only.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class Runner(Protocol):
    """A program that copies the folder to a place of its own and knows how far it got."""

    def begin(self, home: Path) -> None:
        """Start afresh in that folder, which does not exist yet.

        What other rounds left stays until the end: ext4 does not give the inodes
        of deleted files away for a minute, and a file is slow to make meanwhile.
        """
        ...

    def run(self) -> Run:
        """One run of the process."""
        ...

    def check(self, count: int) -> None:
        """Raise unless all mails have arrived."""
        ...


class Mailhook:
    """`mailhook poll`: parsed, authenticated, deduplicated, raw kept, committed."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def begin(self, home: Path) -> None:
        """A store of its own."""
        home.mkdir()
        self._account.home = home

    def run(self) -> Run:
        """One poll."""
        program = Path(sys.executable).with_name("mailhook")
        return _measured([program, "-c", self._account.config(), "poll"], self._account.home)

    def check(self, count: int) -> None:
        """Every mail a verified delivery with its bytes and an event of its own."""
        uri = f"file:{self._account.home}/mailhook.db?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as store:
            (whole,) = store.execute(
                "SELECT count(*) FROM deliveries WHERE outcome = 'recorded' AND raw NOT NULL"
                " AND authenticity = 'verified'"
            ).fetchone()
            (events,) = store.execute("SELECT count(*) FROM events").fetchone()
        if (whole, events) != (count, count):
            raise RuntimeError(f"of {count} mails {whole} were recorded as {events} events")


class Mbsync:
    """`mbsync`, which syncs each mail to the disk by default."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._home = account.home

    def begin(self, home: Path) -> None:
        """A Maildir of its own; the state of the synchronisation lies in it."""
        home.mkdir()
        (home / "mail").mkdir()
        settings = _MBSYNCRC.format(
            port=self._account.dovecot.port,
            user=self._account.user,
            password=PASSWORD,
            folder=home / "mail",
        )
        (home / "mbsyncrc").write_text(settings)
        self._home = home

    def run(self) -> Run:
        """One synchronisation."""
        return _measured(["mbsync", "-q", "-c", self._home / "mbsyncrc", "bench"], self._home)

    def check(self, count: int) -> None:
        """Every mail a file."""
        parts = [self._home / "mail" / "INBOX" / part for part in ("new", "cur")]
        copied = sum(1 for part in parts for _ in part.iterdir())
        if copied != count:
            raise RuntimeError(f"of {count} mails mbsync copied {copied}")
        for part in parts:  # it waits out the second in which a folder was changed
            os.utime(part, (0, 0))


def _measured(command: Sequence[str | Path], home: Path) -> Run:
    said = home / "said"
    # An installed program has its bytecode beside it, whatever the caller's habits.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    os.sync()  # what the run before left to be written is not this one's
    with said.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {said.read_text()}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
