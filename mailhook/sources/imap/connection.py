"""Connect, secure, log in; and say in one sentence what went wrong, with what, and what to do."""

from __future__ import annotations

import imaplib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError, ProtocolError
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS

from mailhook.config import MailboxSettings
from mailhook.errors import ConfigError, MailhookError, Problem, TemporaryError

# Seconds for connecting, TLS and login together, even if bytes keep dripping in.
_OPEN_SECONDS = 30
# RFC 5530 response codes and what large providers say when they mean "later".
_LATER = (
    "[UNAVAILABLE]",
    "[LIMIT]",
    "[INUSE]",
    "[SERVERBUG]",
    "THROTTLED",
    "TOO MANY",
    "TRY AGAIN",
)


def connect(settings: MailboxSettings, connect_timeout: float, read_timeout: float) -> IMAPClient:
    """A connection that is logged in."""
    with sentences(settings), _deadline(settings) as watched:
        client = _secured(settings, SocketTimeout(connect_timeout, read_timeout), watched)
        client.normalise_times = False
        _login(client, settings)
    return client


def end(client: IMAPClient) -> None:
    """Log out, or at least close; never raises."""
    with suppress(Exception):  # the server may be gone, silent or talking nonsense
        client._imap.sock.settimeout(2)  # noqa: SLF001 - imapclient offers no other way
        client.logout()
    with suppress(Exception):
        client.shutdown()


def wrong(settings: MailboxSettings, key: str, message: str, hint: str = "") -> ConfigError:
    """A setting of this mailbox that the operator has to mend."""
    return ConfigError([Problem(f"mailboxes[{settings.name}].{key}", message, hint)])


# How imaplib and imapclient trip over answers that are no IMAP.
_STUMBLES = (ValueError, TypeError, IndexError, AttributeError, AssertionError)


@contextmanager
def sentences(settings: MailboxSettings) -> Iterator[None]:
    """Turn what sockets, TLS, imaplib and imapclient raise into ours."""
    try:
        yield
    except MailhookError:
        raise
    except (OSError, IMAPClientError, *_STUMBLES) as error:
        raise _ours(settings, error) from error


def _ours(settings: MailboxSettings, error: Exception) -> MailhookError:
    match error:
        case ssl.SSLError():
            return _tls(settings, error)
        case TimeoutError():
            what = "no answer in time"
        case socket.gaierror():
            what = f"the name cannot be resolved ({error.strerror})"
        case OSError():
            what = error.strerror or str(error)
        case imaplib.IMAP4.abort() | ProtocolError():
            what = f"the connection broke ({_words(error)})"
        case IMAPClientError():  # which is imaplib's own
            what = f"the server refused ({_words(error)})"
        case _:
            what = f"the answer is no IMAP ({type(error).__name__})"
    return _later(settings, what)


def _tls(settings: MailboxSettings, error: ssl.SSLError) -> MailhookError:
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "check host; for a private authority name its certificate in ca_file"
        message = f"{_at(settings)}: the certificate is not good: {error.verify_message}"
        return wrong(settings, "host", message, hint)
    if "WRONG_VERSION_NUMBER" in str(error) or "record layer" in str(error):
        message = f"{_at(settings)} does not speak TLS from the first byte"
        hint = "port 143 usually wants tls: starttls, port 993 tls: implicit"
        return wrong(settings, "tls", message, hint)
    return _later(settings, f"TLS failed ({error.reason})")


@contextmanager
def _deadline(settings: MailboxSettings) -> Iterator[list[socket.socket]]:
    """Cut the sockets in the yielded list once opening has taken too long."""
    watched: list[socket.socket] = []
    late = threading.Event()

    def cut() -> None:
        late.set()
        for one in watched:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_OPEN_SECONDS, cut)
    timer.daemon = True
    timer.start()
    try:
        yield watched
    except Exception as error:
        if late.is_set():
            message = f"not ready after {_OPEN_SECONDS} s, though bytes came"
            raise _later(settings, message) from error
        raise
    finally:
        timer.cancel()


def _secured(
    settings: MailboxSettings, timeout: SocketTimeout, watched: list[socket.socket]
) -> IMAPClient:
    if settings.tls == "none" and not _is_loopback(settings.host):
        raise wrong(settings, "tls", "none is only for this machine itself", "implicit")
    context = _context(settings)
    client = _Client(settings, timeout, context, watched)
    if settings.tls == "starttls":
        if not client.has_capability("STARTTLS"):
            message = f"{_at(settings)} does not offer STARTTLS; nothing was sent in clear"
            raise wrong(settings, "tls", message, "tls: implicit with port 993")
        client.starttls(context)
        watched.append(client._imap.sock)  # noqa: SLF001 - imapclient offers no other way
    return client


class _Client(IMAPClient):  # type: ignore[misc] # imapclient ships no types
    """An IMAPClient whose socket is known, and can be cut, before the greeting has come."""

    def __init__(
        self,
        settings: MailboxSettings,
        timeout: SocketTimeout,
        context: ssl.SSLContext,
        watched: list[socket.socket],
    ) -> None:
        self._watched = watched
        super().__init__(
            settings.host,
            settings.port,
            ssl=settings.tls == "implicit",
            ssl_context=context if settings.tls == "implicit" else None,
            timeout=timeout,
        )

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - imapclient's name
        base = IMAP4_TLS if self.ssl else IMAP4WithTimeout
        watched = self._watched

        class Watched(base):  # type: ignore[misc, valid-type] # likewise
            def _create_socket(self, timeout: float | None = None) -> socket.socket:
                made: socket.socket = super()._create_socket(timeout)
                watched.append(made)
                return made

        arguments = (self.ssl_context,) if self.ssl else ()
        return Watched(self.host, self.port, *arguments, self._timeout.connect)


def _context(settings: MailboxSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        message = f"{settings.ca_file} holds no certificate that can be read"
        raise wrong(settings, "ca_file", message, "a PEM file") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _login(client: IMAPClient, settings: MailboxSettings) -> None:
    password = settings.password.reveal()
    try:
        if (settings.username + password).isascii():
            client.login(settings.username, password)
        else:
            client.plain_login(settings.username, password)
    except LoginError as error:
        said = _words(error)
        if any(word in said.upper() for word in _LATER):
            raise _later(settings, f"login is refused for now ({said})") from error
        message = f"{_at(settings)} refuses the login of {settings.username} ({said})"
        raise wrong(settings, "password", message, "check username and password") from error


def _later(settings: MailboxSettings, what: str) -> TemporaryError:
    return TemporaryError(f"mailbox {settings.name}: {_at(settings)}: {what}; will be tried again")


def _at(settings: MailboxSettings) -> str:
    return f"{settings.host}:{settings.port}"


def _words(error: Exception) -> str:
    """What the server said, on one line, short, printable."""
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return "".join(c if c.isprintable() else " " for c in text)[:200].strip() or "no reason given"
