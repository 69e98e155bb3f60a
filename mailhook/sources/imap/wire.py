"""What lies beneath imapclient: one connection, bounded in time and in bytes whatever comes."""

from __future__ import annotations

import imaplib
import select
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, Protocol, cast

from imapclient import IMAPClient, SocketTimeout

# A SEARCH answer is one line: a million UIDs must fit where imaplib allows a tenth of that.
_LINE_BYTES = 16_000_000
imaplib._MAXLINE = _LINE_BYTES  # type: ignore[attr-defined]  # noqa: SLF001 - it has no other way


@dataclass(frozen=True, slots=True)
class Patience:
    """What a server may take: seconds to connect, to the next byte, in all; bytes an answer.

    `opening` is for the greeting, for the TLS handshake and for the login, each;
    `probe` for what every server answers at once, `command` for any other command,
    however steadily its answer drips in, and `ending` for the goodbye.
    """

    connect: float = 10
    read: float = 45
    opening: float = 30
    probe: float = 20
    command: float = 120
    ending: float = 2
    answer_bytes: int = 2 * _LINE_BYTES


class Readable(Protocol):
    """What poll(2) takes."""

    def fileno(self) -> int:
        """The descriptor."""
        ...


def readable(files: Sequence[Readable], seconds: float) -> bool:
    """Whether one of them can be read, or has ended, within so many seconds."""
    poller = select.poll()  # select(2) ends at the 1,024th descriptor
    for file in files:
        poller.register(file, select.POLLIN)
    return bool(poller.poll(max(0, seconds) * 1000))


class Client(IMAPClient):  # type: ignore[misc] # imapclient ships no types
    """An IMAPClient on a `Wire`."""

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext | None, patience: Patience
    ) -> None:
        self._patience = patience
        super().__init__(
            host,
            port,
            ssl=context is not None,
            ssl_context=context,
            timeout=SocketTimeout(patience.connect, patience.read),
        )
        self.normalise_times = False
        self.selected: tuple[str, bool] | None = None
        self.grants_idle = True
        # At imapclient's level every answer is spelled out for a log that nobody reads.
        self._imap.debug = 0

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - imapclient's name
        return Wire(self.host, self.port, self.ssl_context if self.ssl else None, self._patience)

    @property
    def wire(self) -> Wire:
        """What lies beneath."""
        wire: Wire = self._imap
        return wire

    def select_folder(self, folder: str, readonly: bool = False) -> dict[bytes, Any]:  # noqa: FBT001, FBT002 - imapclient's signature
        """SELECT or EXAMINE, remembered in `selected` as name and whether read-only."""
        self.selected = None
        told: dict[bytes, Any] = super().select_folder(folder, readonly)
        self.selected = (folder, readonly)
        self.wire.heard_exists()  # that was the answer, not news
        return told


class Wire(imaplib.IMAP4):
    """imaplib's connection; a command that takes too long or brings too much ends it."""

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext | None, patience: Patience
    ) -> None:
        self._context, self._patience = context, patience
        self._left = patience.answer_bytes
        self._late = False
        self._line: socket.socket | None = None
        try:
            super().__init__(host, port, timeout=patience.connect)
        except BaseException:
            self._hang_up()
            raise

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout)
        # imapclient sends the end of a SEARCH apart, which would wait for an acknowledgement.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Another handle on the same line: it can be cut in the middle of a TLS handshake.
        self._line = plain.dup()
        if self._context is None:
            return plain
        with self._within(self._patience.opening):
            return self._context.wrap_socket(plain, server_hostname=self.host)

    def _connect(self) -> None:
        with self._within(self._patience.opening):
            super()._connect()  # type: ignore[misc] # typeshed leaves it out

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:  # noqa: ANN401
        """STARTTLS, its handshake included, within the time for opening."""
        with self._within(self._patience.opening):
            return super().starttls(ssl_context)

    def _command(self, name: str, *arguments: Any) -> Any:  # noqa: ANN401 - imaplib's signature
        self._left = self._patience.answer_bytes
        with self._within(self._seconds(name)):  # it may have to wait for a continuation
            return super()._command(name, *arguments)  # type: ignore[misc] # likewise

    def _command_complete(self, name: str, tag: bytes) -> Any:  # noqa: ANN401 - likewise
        with self._within(self._seconds(name)):
            return super()._command_complete(name, tag)  # type: ignore[misc] # likewise

    def idle(self) -> bytes | None:
        """Begin IDLE (RFC 2177), within the time for probing; its tag, None if it is refused."""
        self._left = self._patience.answer_bytes
        with self._within(self._patience.probe):
            tag: bytes = self._command("IDLE")
            while self._get_response() is not None:
                if self.tagged_commands[tag]:
                    del self.tagged_commands[tag]
                    return None
                self._check_bye()
        return tag

    def done(self, tag: bytes) -> None:
        """End IDLE: a completed round trip."""
        with self._within(self._patience.probe):
            self.send(b"DONE\r\n")
            self._command_complete("IDLE", tag)

    def hear(self) -> None:
        """Take in one response, whole, of which at least a part has come."""
        self._left = self._patience.answer_bytes
        with self._within(self._patience.probe):
            self._get_response()
            self._check_bye()
        told = self.untagged_responses
        for kind in told.keys() - {"EXISTS"}:  # flags, "still here": it would only pile up
            del told[kind]

    def heard_exists(self) -> bool:
        """Whether EXISTS was told since this was last asked, in answer to whatever."""
        return bool(self.untagged_responses.pop("EXISTS", None))

    def has_more(self) -> bool:
        """Whether something unread has come; raises abort where the server has hung up.

        It may lie in Python's buffer, where poll(2) does not see it.
        """
        with suppress(ssl.SSLWantReadError):  # a part of a record is nothing yet
            if self._peeked():
                return True
            if not readable([self.sock], 0):
                return False
            if not self._peeked():  # readable, but nothing to read: the end of it
                raise self.abort("the server has closed the connection")
            return True
        return False

    def _peeked(self) -> bool:
        buffered = cast("BufferedReader", self.file)
        self.sock.settimeout(0)
        try:
            return bool(buffered.peek(1))
        finally:
            self.sock.settimeout(self._patience.read)

    def read(self, size: int) -> bytes:
        """A literal, refused before it is read where its announced size is beyond all bounds."""
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        """A line, counted."""
        line = super().readline()
        self._spend(len(line))
        return line

    def shutdown(self) -> None:
        """Close the connection."""
        try:
            super().shutdown()
        finally:
            self._hang_up()

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self.abort(f"an answer of more than {self._patience.answer_bytes:,} bytes")

    def _seconds(self, name: str) -> float:
        match name:
            case "LOGIN" | "AUTHENTICATE":
                return self._patience.opening
            case "LOGOUT":
                return self._patience.ending
            case "NOOP":
                return self._patience.probe
        return self._patience.command

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Cut the line after so long, which ends any call that waits on it."""
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, imaplib.IMAP4.error) as error:
            if self._late:
                raise TimeoutError(f"not done after {seconds:g} s, though bytes came") from error
            raise
        finally:
            timer.cancel()

    def _cut(self) -> None:
        self._late = True
        if self._line:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def _hang_up(self) -> None:
        if self._line:
            self._line.close()
