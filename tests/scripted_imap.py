"""An IMAP server over real sockets that is honest until a test tells it what to answer.

`server.on("UID FETCH 2 ", b"* BYE\\r\\n", CUT)` plays those steps for commands that begin
so; `<tag>` in the bytes becomes the command's tag. `server.log` holds every command
without its tag, `server.received` every byte. `server.deliver(mail)` tells every
connection that idles in the folder; a test awaits one by `server.idling.acquire()`.
"""

from __future__ import annotations

import socket
import sqlite3
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Self

from honest_imap import PASSWORD, PLAIN, Box, Honest, Mail

from mailhook.config import MailboxSettings, Settings
from mailhook.sources.imap import Patience
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker import polling
from mailhook.worker.rounds import Round

# Long enough for a busy machine, short enough to wait for.
QUICK = Patience(connect=5, read=0.3, opening=0.5, command=0.6, ending=0.2)


class Step(Enum):
    CUT = "close the connection"
    HANG = "say nothing until the client gives up"
    HONEST = "answer as an honest server would"
    MUTE = "do what an honest server would, and say nothing"


CUT, HANG, HONEST, MUTE = Step


@dataclass(frozen=True)
class Drip:
    """The bytes, one by one, with a pause after each."""

    payload: bytes
    seconds: float


Steps = tuple[bytes | Drip | Step | Callable[[], object], ...]


@dataclass
class _Line:
    command: str
    steps: Steps
    times: int


class ScriptedImap:
    """One account; INBOX holds the given mails."""

    def __init__(
        self, home: Path, *mails: bytes, context: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self.boxes = {"INBOX": Box()}
        self.inbox.add(*map(Mail, mails))
        self.capabilities = PLAIN
        self.greeting: Steps = (b"* OK ready\r\n",)
        self.context = context
        self.log: list[str] = []
        self.received = b""
        self.idling = threading.Semaphore(0)
        self.mutex = threading.RLock()
        self._script: list[_Line] = []
        self._talks: list[_Talk] = []
        self._password = home / "password"
        self._password.write_text(PASSWORD)
        self._password.chmod(0o600)
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        self.ended = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def inbox(self) -> Box:
        return self.boxes["INBOX"]

    def on(
        self,
        command: str,
        *steps: bytes | Drip | Step | Callable[[], object],
        times: int = sys.maxsize,
    ) -> None:
        """Play the steps so many times for commands that begin so; what is said last goes first."""
        self._script.insert(0, _Line(command, steps, times))

    def settings(self, **changes: object) -> MailboxSettings:
        return MailboxSettings.model_validate(self.mailbox(**changes))

    def mailbox(self, **changes: object) -> dict[str, object]:
        """One item of `mailboxes:` as plain values."""
        return {
            "name": "hooks",
            "host": "127.0.0.1",
            "port": self.port,
            "tls": "none",
            "username": "hooks@example.com",
            "password": {"file": str(self._password)},
        } | changes

    def deliver(self, *raws: bytes, folder: str = "INBOX") -> None:
        """Put mails into the folder and tell whoever idles in it."""
        with self.mutex:
            self.boxes[folder].add(*map(Mail, raws))
        self.push()

    def push(self, said: bytes = b"") -> None:
        """Say this, or else what news there is, to whoever idles."""
        for talk in list(self._talks):
            talk.push(said)

    def cut(self) -> None:
        """Close every connection there is."""
        for talk in list(self._talks):
            talk.hang_up()

    def reset(self) -> None:
        """End every connection there is by RST, as a firewall does."""
        for talk in list(self._talks):
            talk.reset()

    def said(self, command: str) -> list[str]:
        """The commands of the log that begin so."""
        return [line for line in self.log if line.startswith(command)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self.ended.is_set():
                line, _ = self._listener.accept()
                self._talks.append(_Talk(self, line))
                thread = threading.Thread(target=self._talks[-1].run)
                self._threads.append(thread)
                thread.start()

    def steps_for(self, command: str) -> Steps:
        for line in self._script:
            if line.times and command.startswith(line.command):
                line.times -= 1
                return line.steps
        return (HONEST,)

    def hang(self, line: socket.socket) -> None:
        """Until the client leaves or the test is over."""
        line.settimeout(0.1)
        while not self.ended.is_set():
            with suppress(TimeoutError):
                if not line.recv(4096):
                    return


class _Talk:
    """One connection."""

    def __init__(self, server: ScriptedImap, line: socket.socket) -> None:
        self._server, self._line = server, line
        self._honest = Honest(server.boxes, server.capabilities)
        self._idle_tag = b""
        self._idles = False

    def run(self) -> None:
        with suppress(OSError):
            self._line.settimeout(120)
            self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._server.context and "STARTTLS" not in self._server.capabilities:
                self._secure()
            if self._play(self._server.greeting, b"", ""):
                self._listen()
        self._line.close()

    def push(self, said: bytes) -> None:
        with self._server.mutex, suppress(OSError):
            if self._idles:
                self._line.sendall(said or self._honest.news())

    def reset(self) -> None:
        at_once = struct.pack("ii", 1, 0)
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.hang_up(socket.SHUT_RD)  # its thread wakes and closes, which resets

    def hang_up(self, how: int = socket.SHUT_RDWR) -> None:
        with suppress(OSError):
            self._line.shutdown(how)

    def _listen(self) -> None:
        buffer = b""
        while chunk := self._line.recv(65536):
            self._server.received += chunk
            buffer += chunk
            while b"\r\n" in buffer:
                command, _, buffer = buffer.partition(b"\r\n")
                tag, _, words = command.partition(b" ")
                text = words.decode("latin-1")
                if text == "IDLE":
                    self._idle_tag = tag
                elif command == b"DONE":
                    tag, text, self._idles = self._idle_tag, "DONE", False
                self._server.log.append(text)
                if not self._play(self._server.steps_for(text), tag, text):
                    return

    def _play(self, steps: Steps, tag: bytes, command: str) -> bool:
        """Whether the talk goes on."""
        for step in steps:
            match step:
                case bytes():
                    self._line.sendall(step.replace(b"<tag>", tag))
                case Drip():
                    self._drip(step.payload.replace(b"<tag>", tag), step.seconds)
                case Step.CUT:
                    return False
                case Step.HANG:
                    self._server.hang(self._line)
                    return False
                case Step.HONEST:
                    self._answer(command, tag.decode())
                case Step.MUTE:
                    self._honestly(command, tag.decode())
                case _:
                    step()
        return command != "LOGOUT"

    def _honestly(self, command: str, tag: str) -> bytes:
        with self._server.mutex:
            return self._honest.answer(command, tag)

    def _idle(self) -> None:
        with self._server.mutex:
            self._idles = True
            self._line.sendall(b"+ idling\r\n" + self._honest.news())
        self._server.idling.release()

    def _drip(self, payload: bytes, seconds: float) -> None:
        for byte in payload:
            self._line.sendall(bytes([byte]))
            if self._server.ended.wait(seconds):
                return

    def _answer(self, command: str, tag: str) -> None:
        if command == "IDLE":
            self._idle()
            return
        self._line.sendall(self._honestly(command, tag))
        if command == "STARTTLS":
            self._secure()
            self._honest.capabilities = self._server.capabilities.replace(" STARTTLS", "")

    def _secure(self) -> None:
        assert self._server.context
        self._line = self._server.context.wrap_socket(self._line, server_side=True)


def settings(home: Path, *mailboxes: dict[str, object]) -> Settings:
    """The whole settings for these mailboxes, the store in `home`."""
    return Settings.model_validate(
        {
            "store": {"path": str(home / "mailhook.db")},
            "mailboxes": list(mailboxes),
            "trust": {"authserv_id": "mx.example.com"},
        }
    )


def poll(all_settings: Settings) -> Round:
    """One round, the store opened and closed for it."""
    with Store(all_settings.store.path) as store:
        return polling.poll(all_settings, store, Trust.of(all_settings.trust))


def rows(all_settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(all_settings.store.path)) as db:
        return db.execute(query).fetchall()
