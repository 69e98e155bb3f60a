"""Programs that watch a mailbox: each a process of its own, seen from outside only.

Peers are found on PATH or in the folder of programs that MAILHOOK_BENCH_PEERS names, such
as the `bin` of a virtual environment with parsedmarc and getmail6.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml
from dovecot import PASSWORD, Dovecot
from notifications import SIGNING_KEY

_GETMAILRC = """
[retriever]
type = SimpleIMAPRetriever
server = 127.0.0.1
port = {port}
username = {user}
password = {password}
mailboxes = ("INBOX",)

[destination]
type = Maildir
path = {home}/mail/

[options]
read_all = false
"""

_PARSEDMARC = """
[general]
save_aggregate = False
offline = True

[mailbox]
watch = True
check_timeout = 30

[imap]
host = 127.0.0.1
port = {port}
ssl = False
user = {user}
password = {password}
"""


@dataclass(frozen=True, slots=True)
class Inbox:
    """One user of the server, reached through `port`, which may be a proxy's."""

    server: Dovecot
    user: str
    port: int

    def append(self, *mails: bytes) -> None:
        """Deliver the mails."""
        self.server.append(self.user, list(mails))

    def files(self) -> int:
        """How many mails lie in the inbox, counted without asking the server."""
        home = self.server.home / "mail" / self.user
        return sum(1 for part in ("cur", "new") for _ in (home / part).iterdir())


class Watcher(ABC):
    """A program at work on inboxes, with a folder of its own."""

    name: str
    program: str

    def __init__(self, inboxes: Sequence[Inbox], home: Path) -> None:
        self.inboxes, self.home = inboxes, home
        self.process: subprocess.Popen[bytes] | None = None
        self._said = home / "said"

    @classmethod
    def found(cls) -> str | None:
        """Where its program is; None if it is not installed."""
        return shutil.which(cls.program, path=os.environ.get("MAILHOOK_BENCH_PEERS")) or (
            shutil.which(cls.program)
        )

    @abstractmethod
    def command(self) -> list[str]:
        """Write its settings; what starts it."""

    @abstractmethod
    def arrived(self) -> int:
        """How many mails it has dealt with for good."""

    def start(self) -> None:
        """Start it, its words going to a file."""
        owner = pwd.getpwnam(name) if (name := self.owner()) else None
        become = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        with self._said.open("ab") as said:
            self.process = subprocess.Popen(
                self.command(), stdout=said, stderr=said, cwd=self.home, **become
            )

    def owner(self) -> str | None:
        """The user it runs as; None: ours."""
        return None

    def ended(self) -> str | None:
        """How it ended, if it has."""
        code = self.process.poll() if self.process else None
        return None if code is None else f"ended with {code}"

    def stop(self) -> float:
        """Seconds from SIGTERM to its end."""
        if self.process is None:
            return 0.0
        started = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.perf_counter() - started

    def kill(self) -> None:
        """End it and its children at once."""
        for one in self.family():
            with suppress(psutil.NoSuchProcess):
                one.kill()
        if self.process:
            self.process.wait()

    def said(self) -> str:
        """The last of its words."""
        return self._said.read_text(errors="replace")[-2000:]

    def family(self) -> list[psutil.Process]:
        """It and its children."""
        if self.process is None or self.ended():
            return []
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """What it and its children have used so far, as those that ended."""
        total = 0.0
        for one in self.family():
            with suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                total += times.user + times.system
        own = psutil.Process(self.process.pid).cpu_times() if self.process else None
        return total + (own.children_user + own.children_system if own else 0.0)

    def pss_bytes(self) -> int:
        """The proportional size of it and its children."""
        return sum(one.memory_full_info().pss for one in self.family())


class Mailhook(Watcher):
    """`mailhook run` with its defaults."""

    name, program = "mailhook", "mailhook"

    @classmethod
    def found(cls) -> str | None:
        """The one of this checkout."""
        return str(Path(sys.executable).with_name("mailhook"))

    def command(self) -> list[str]:
        """`run` on all inboxes."""
        self.settings()
        return [*self.base(), "run"]

    def base(self) -> list[str]:
        """The program and its settings file."""
        return [str(self.found()), "-c", str(self.home / "config.yaml")]

    def settings(self) -> None:
        """Write what says where the inboxes are; all else is left as it is by default."""
        for name, secret in (("password", PASSWORD), ("key", SIGNING_KEY)):
            (self.home / name).write_text(secret)
            (self.home / name).chmod(0o600)
        mailboxes = [
            {
                "name": inbox.user,
                "host": "127.0.0.1",
                "port": inbox.port,
                "tls": "none",
                "username": inbox.user,
                "password": {"file": "password"},
            }
            for inbox in self.inboxes
        ]
        trust = {"authserv_id": "mx.example.com", "signing_keys": [{"file": "key"}]}
        whole = {"mailboxes": mailboxes, "trust": trust}
        (self.home / "config.yaml").write_text(yaml.safe_dump(whole))

    def arrived(self) -> int:
        """Rows of `deliveries`."""
        return self.rows("SELECT count(*) FROM deliveries")

    def rows(self, sql: str) -> int:
        """The number that the query gives; 0 while there is no store."""
        with suppress(sqlite3.OperationalError):
            store = sqlite3.connect(f"file:{self.home}/mailhook.db?mode=ro", uri=True)
            try:
                return int(store.execute(sql).fetchone()[0])
            finally:
                store.close()
        return 0


class Getmail(Watcher):
    """`getmail --idle`, into a Maildir. It refuses to deliver as root."""

    name, program = "getmail6", "getmail"

    def command(self) -> list[str]:
        """`--idle` on the one inbox."""
        (inbox,) = self.inboxes
        for part in ("", "cur", "new", "tmp"):
            (self.home / "mail" / part).mkdir()
        text = _GETMAILRC.format(
            port=inbox.port, user=inbox.user, password=PASSWORD, home=self.home
        )
        (self.home / "getmailrc").write_text(text)
        if owner := self.owner():
            for path in (self.home, *self.home.rglob("*")):
                shutil.chown(path, owner)
        return [
            str(self.found()),
            f"--getmaildir={self.home}",
            "--rcfile=getmailrc",
            "--idle=INBOX",
        ]

    def owner(self) -> str | None:
        """Not root."""
        return None if os.getuid() else "nobody"

    def arrived(self) -> int:
        """Files in its Maildir."""
        return sum(1 for _ in (self.home / "mail" / "new").iterdir())


class Parsedmarc(Watcher):
    """`parsedmarc`, watching; what is no report it moves out of the inbox."""

    name, program = "parsedmarc", "parsedmarc"

    def __init__(self, inboxes: Sequence[Inbox], home: Path) -> None:
        super().__init__(inboxes, home)
        self.sent = 0

    def command(self) -> list[str]:
        """`watch` on the one inbox."""
        (inbox,) = self.inboxes
        text = _PARSEDMARC.format(port=inbox.port, user=inbox.user, password=PASSWORD)
        (self.home / "parsedmarc.ini").write_text(text)
        return [str(self.found()), "-c", str(self.home / "parsedmarc.ini")]

    def arrived(self) -> int:
        """How many of what was sent is no more in the inbox."""
        return self.sent - self.inboxes[0].files()
