"""Connect, secure, log in; and say in one sentence what went wrong, with what, and what to do."""

from __future__ import annotations

import imaplib
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError, ProtocolError

from mailhook.config import MailboxSettings
from mailhook.errors import (
    ConfigError,
    LoginRefused,
    MailhookError,
    Problem,
    Refused,
    TemporaryError,
)
from mailhook.sources.imap import bearer
from mailhook.sources.imap.wire import Client, Patience

# The bodies of one batch; a single mail may be larger.
BATCH_BYTES = 4_000_000
# A line slower than this is no line to fetch mail by.
_BYTES_A_SECOND = 20_000
_BYTES = re.compile(r"b(['\"])(.*)\1")
# RFC 5530 response codes and what large providers say when they mean "later": how many
# seconds to leave them alone.
_LATER = {
    "THROTTLED": 60,
    "[LIMIT]": 60,
    "[OVERQUOTA]": 60,
    "TOO MANY": 60,
    "[UNAVAILABLE]": 5,
    "[INUSE]": 5,
    "TRY AGAIN": 5,
}


def patience(settings: MailboxSettings) -> Patience:
    """The time and the bytes that a batch of this mailbox may take."""
    usual = Patience()
    batch_bytes = max(BATCH_BYTES, settings.max_message_bytes)
    return replace(
        usual,
        command=usual.command + batch_bytes / _BYTES_A_SECOND,
        answer_bytes=usual.answer_bytes + 2 * batch_bytes,
    )


def connect(settings: MailboxSettings, patience: Patience) -> Client:
    """A connection that is logged in."""
    with sentences(settings):
        client = _secured(settings, patience)
        try:
            _login(client, settings)
        except BaseException:
            end(client)
            raise
    return client


def end(client: IMAPClient) -> None:
    """Log out, or at least close; never raises."""
    with suppress(Exception):  # the server may be gone, silent or talking nonsense
        client.logout()
    with suppress(Exception):
        client.shutdown()


def wrong(settings: MailboxSettings, key: str, message: str, hint: str = "") -> ConfigError:
    """A setting of this mailbox that the operator has to mend."""
    return ConfigError([Problem(f"mailboxes[{settings.name}].{key}", message, hint)])


def refused(settings: MailboxSettings, key: str, message: str, hint: str) -> LoginRefused:
    """A login that the server does not grant."""
    return LoginRefused([Problem(f"mailboxes[{settings.name}].{key}", message, hint)])


# How one command fails: the network, the server's refusal, and the ways in which
# imaplib and imapclient trip over answers that are no IMAP.
FAILED = (
    OSError,
    IMAPClientError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
)


@contextmanager
def sentences(settings: MailboxSettings) -> Iterator[None]:
    """Turn what sockets, TLS, imaplib and imapclient raise into ours."""
    try:
        yield
    except MailhookError:
        raise
    except FAILED as error:
        raise _ours(settings, error) from error


def _ours(settings: MailboxSettings, error: Exception) -> MailhookError:
    match error:
        case ssl.SSLError():
            return _tls(settings, error)
        case TimeoutError():
            what = f"no answer in time ({error.strerror or _words(error)})"
        case socket.gaierror():
            what = f"the name cannot be resolved ({error.strerror})"
        case OSError():
            what = error.strerror or str(error)
        case imaplib.IMAP4.abort() | ProtocolError():
            what = f"the connection broke ({_words(error)})"
        case IMAPClientError():  # which is imaplib's own
            return _no(settings, error)
        case _:
            what = f"the answer is no IMAP ({type(error).__name__})"
    return _later(settings, what, later_seconds(error))


def _no(settings: MailboxSettings, error: IMAPClientError) -> MailhookError:
    what = f"the server refused ({_words(error)})"
    if seconds := later_seconds(error):
        return _later(settings, what, seconds)
    return Refused(_again(settings, what))


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


def _secured(settings: MailboxSettings, patience: Patience) -> Client:
    if settings.tls == "none" and not _is_loopback(settings.host):
        raise wrong(settings, "tls", "none is only for this machine itself", "implicit")
    context = None if settings.tls == "none" else _context(settings)
    at_once = context if settings.tls == "implicit" else None
    client = Client(settings.host, settings.port, at_once, patience)
    if settings.tls == "starttls":
        try:
            _start_tls(client, settings, context)
        except BaseException:
            end(client)
            raise
    return client


def _start_tls(
    client: IMAPClient, settings: MailboxSettings, context: ssl.SSLContext | None
) -> None:
    if not client.has_capability("STARTTLS"):
        message = f"{_at(settings)} does not offer STARTTLS; nothing was sent in clear"
        raise wrong(settings, "tls", message, "tls: implicit with port 993")
    client.starttls(context)


def _context(settings: MailboxSettings) -> ssl.SSLContext:
    file = settings.ca_file or Path(ssl.get_default_verify_paths().cafile or "")
    try:
        changed_at = file.stat().st_mtime_ns if file.name else 0
        return _trusting(settings.ca_file, changed_at)
    except (OSError, ssl.SSLError) as error:
        message = f"{settings.ca_file} holds no certificate that can be read"
        raise wrong(settings, "ca_file", message, "a PEM file") from error


@lru_cache(maxsize=8)
def _trusting(ca_file: Path | None, changed_at: int) -> ssl.SSLContext:  # noqa: ARG001 - read anew when it has changed
    """Shared by all connections: the system's authorities take a megabyte."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _login(client: IMAPClient, settings: MailboxSettings) -> None:
    if settings.password is None:
        return _login_by_token(client, settings)
    password = settings.password.reveal()
    try:
        if (settings.username + password).isascii():
            client.login(settings.username, password)
        else:
            client.plain_login(settings.username, password)
    except LoginError as error:
        said = _refusal(settings, error, password)
        message = f"{_at(settings)} refuses the login of {settings.username} ({said})"
        raise refused(settings, "password", message, "check username and password") from None


def _login_by_token(client: IMAPClient, settings: MailboxSettings) -> None:
    """By the token at hand; where that is refused, once more by a fresh one."""
    from mailhook.oauth import tokens_of

    name, tokens = bearer.mechanism(client), tokens_of(settings)
    if name is None:
        message = f"{_at(settings)} offers no login by token (OAUTHBEARER or XOAUTH2)"
        raise wrong(settings, "oauth2", message, "check host; or use password")
    for is_last in (False, True):
        token = tokens.access_token()
        try:
            return bearer.authenticate(client, name, settings.username, token.value)
        except LoginError as error:
            if not later_seconds(error):
                tokens.drop(token)
            hidden = bearer.spellings(name, settings.username, token.value)
            said = _refusal(settings, error, *hidden)
        if is_last or token.is_fresh:
            break
    message = f"{_at(settings)} refuses the token for {settings.username} ({said})"
    hint = "check username, scopes, and that the mailbox is open to the app; see docs/oauth.md"
    raise refused(settings, "oauth2", message, hint)


def _refusal(settings: MailboxSettings, error: LoginError, *secrets: str) -> str:
    """What the server said when it refused. Raises TemporaryError if it did so for the moment."""
    said = _words(error, *secrets)  # some servers quote what they refuse
    if isinstance(error.__context__, imaplib.IMAP4.abort):
        raise _later(settings, f"it hung up during the login ({said})") from None
    if (seconds := later_seconds(error)) or "[SERVERBUG]" in said:
        raise _later(settings, f"login is refused for now ({said})", seconds) from None
    return said


def later_seconds(error: Exception) -> float:
    """How long the server wants to be left alone, 0 where it means the command."""
    said = _words(error).upper()
    return max((seconds for word, seconds in _LATER.items() if word in said), default=0)


def _later(settings: MailboxSettings, what: str, wait_seconds: float = 0) -> TemporaryError:
    return TemporaryError(_again(settings, what), wait_seconds)


def _again(settings: MailboxSettings, what: str) -> str:
    return f"mailbox {settings.name}: {_at(settings)}: {what}; will be tried again"


def _at(settings: MailboxSettings) -> str:
    return f"{settings.host}:{settings.port}"


def _words(error: Exception, *secrets: str) -> str:
    """What the server said, on one line, short, printable, without the secrets."""
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if quoted := _BYTES.fullmatch(text):  # imapclient hands on the text of bytes
        text = quoted[2]
    for secret in secrets:
        text = text.replace(secret, "…")
    return "".join(c if c.isprintable() else " " for c in text)[:200].strip() or "no reason given"
