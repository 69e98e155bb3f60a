"""One GET over HTTP: to one host and no other, bounded in time and bytes, read to its end."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, IncompleteRead, ProxyError, SSLError
from urllib3.exceptions import TimeoutError as Late

from mailhook.errors import ConfigError, MailhookError, Problem
from mailhook.sources.api import proxy
from mailhook.sources.api.answers import Answer, OddAnswer, Unanswered
from mailhook.sources.api.deadline import Deadline

KEY_HEADER = "Truora-API-Key"
_PART_BYTES = 65_536
_HTTPS_PORT, _HTTP_PORT = 443, 80
E = TypeVar("E", bound=BaseException)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds to connect, to the next byte, and in all; bytes an answer may have."""

    connect: float = 10
    read: float = 30
    total: float = 60
    answer_bytes: int = 10_000_000


class Wire:
    """GETs below one base address, each with the key.

    Only what stands behind the host is ever handed to the connection, and no redirect
    is followed, so that the key goes nowhere else.
    """

    def __init__(self, name: str, base: str, key: str, bounds: Bounds) -> None:
        parts = urlsplit(base)
        self._name, self._bounds = name, bounds
        self.host = parts.hostname or ""
        self.is_tls = parts.scheme == "https"
        self.port = parts.port or (_HTTPS_PORT if self.is_tls else _HTTP_PORT)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.prefix = parts.path.rstrip("/")
        self._headers = {
            KEY_HEADER: key,
            "Accept": "application/json",
            # What is not packed cannot unpack to more than was read.
            "Accept-Encoding": "identity",
            "User-Agent": "mailhook",
        }
        self._pool = self._opened()
        self._deadline = Deadline(bounds.total, self._pool)

    def __repr__(self) -> str:
        return f"Wire({self.origin})"

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.close()

    def get(self, target: str) -> Answer:
        """The answer to a GET of the path and query.

        Raises:
            Unanswered: none came, or not the whole of it.
            OddAnswer: it is larger than it may be.
            ConfigError: whoever answers there has no certificate for the host.
        """
        try:
            with self._deadline.exchange():
                answer = self._answer(target)
        except (HTTPError, OSError, ValueError) as error:
            raise self._late() if self._deadline.is_over else self._ours(error) from None
        if self._deadline.is_over:  # headers that are cut look like headers that have ended
            raise self._late()
        return answer

    def _answer(self, target: str) -> Answer:
        response = self._pool.urlopen(
            "GET",
            target,
            headers=self._headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            body = b"".join(self._parts(response))
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(self.host, response.status, headers, body)

    def _parts(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        most = self._bounds.answer_bytes
        told = response.headers.get("Content-Length", "")
        if told.isdigit() and int(told[:18]) > most:
            raise self._too_large()
        while part := response.read1(_PART_BYTES):
            most -= len(part)
            if most < 0:
                raise self._too_large()
            if self._deadline.is_over:
                raise self._late()
            yield part

    def _late(self) -> Unanswered:
        return Unanswered(f"{self.host}: no whole answer within {self._deadline.seconds:g} s")

    def _too_large(self) -> OddAnswer:
        most = self._bounds.answer_bytes / 1_000_000
        return OddAnswer(f"{self.host}: its answer is larger than {most:g} MB")

    def _opened(self) -> urllib3.HTTPConnectionPool:
        timeout = urllib3.Timeout(connect=self._bounds.connect, read=self._bounds.read)
        host = f"[{self.host}]" if ":" in self.host else self.host
        if not self.is_tls:
            return urllib3.HTTPConnectionPool(host, self.port, timeout=timeout)
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        options = {"timeout": timeout, "ssl_context": context}
        return proxy.manager(self.host, options).connection_from_host(host, self.port, "https")

    def _ours(self, error: Exception) -> MailhookError:
        """What went wrong, in words that hold nothing of what was sent."""
        host = self.host
        if untrusted := _cause(error, ssl.SSLCertVerificationError):
            message = f"{host}: the certificate is not good: {untrusted.verify_message}"
            hint = "whoever answers there is not the vendor; a proxy's authority must be installed"
            return ConfigError([Problem(f"api.base.{self._name}", message, hint)])
        if isinstance(error, ProxyError) or _cause(error, ProxyError):
            what = "the proxy that https_proxy names does not let us through"
        elif _cause(error, socket.gaierror):
            what = "the name cannot be resolved"
        elif _cause(error, IncompleteRead):
            what = "the answer was cut"
        elif system := _cause(error, ConnectionError):
            what = (system.strerror or "the connection broke").lower()
        elif isinstance(error, Late) or _cause(error, TimeoutError):
            what = "no answer in time"
        elif isinstance(error, SSLError) or _cause(error, ssl.SSLError):
            what = "it does not speak TLS"
        else:
            what = f"the connection broke ({type(error).__name__})"
        return Unanswered(f"{host}: {what}")


def _cause(error: BaseException, kind: type[E]) -> E | None:
    """What of this kind lies beneath what urllib3 has wrapped around it."""
    return next((one for one in _beneath(error) if isinstance(one, kind)), None)


def _beneath(error: BaseException) -> Iterator[BaseException]:
    found = [error]
    for one in found:
        yield one
        inner = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
        found += [each for each in inner if isinstance(each, BaseException) and each not in found]
