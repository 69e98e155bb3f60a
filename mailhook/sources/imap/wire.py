"""What lies beneath imapclient: one connection, bounded in time and in bytes whatever comes."""

from __future__ import annotations

import imaplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient, SocketTimeout

# A SEARCH answer is one line: a million UIDs must fit where imaplib allows a tenth of that.
_LINE_BYTES = 16_000_000
imaplib._MAXLINE = _LINE_BYTES  # type: ignore[attr-defined]  # noqa: SLF001 - it has no other way


@dataclass(frozen=True, slots=True)
class Patience:
    """What a server may take: seconds to connect, to the next byte, in all; bytes an answer.

    `opening` is for the greeting, for the TLS handshake and for the login, each;
    `command` for any other command, however steadily its answer drips in, and
    `ending` for the goodbye.
    """

    connect: float = 10
    read: float = 60
    opening: float = 30
    command: float = 120
    ending: float = 2
    answer_bytes: int = 2 * _LINE_BYTES


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
        # At imapclient's level every answer is spelled out for a log that nobody reads.
        self._imap.debug = 0

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - imapclient's name
        return Wire(self.host, self.port, self.ssl_context if self.ssl else None, self._patience)


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
