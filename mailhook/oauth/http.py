"""HTTP to an authorization server: bounded in time and bytes, over TLS, never led elsewhere."""

from __future__ import annotations

import io
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from mailhook import strict_json
from mailhook.config import refuse_plain_text
from mailhook.config.kinds import is_loopback
from mailhook.errors import MailhookError
from mailhook.oauth.line import Adapter, Line, within
from mailhook.oauth.wording import later, wrong

_LONGEST_WAIT_SECONDS = 1_800
E = TypeVar("E", bound=BaseException)

_FAILED = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds to connect, to the next byte and in all; bytes an answer may have."""

    connect: float = 10
    read: float = 20
    total: float = 30
    answer_bytes: int = 262_144


class IssuerSession(requests.Session):
    """A session that answers with JSON objects of at most status 4xx, or raises ours.

    Redirects are not followed: they would take secrets elsewhere. Raises
    TemporaryError where the issuer is down, slow or talks nonsense, and
    ConfigError where the address or its certificate is wrong.
    """

    def __init__(self, mailbox: str, ca_file: Path | None, bounds: Bounds | None = None) -> None:
        super().__init__()
        self._mailbox, self._bounds = mailbox, bounds or Bounds()
        adapter = Adapter(self._context(ca_file))
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        # What is not packed cannot unpack to more than was read.
        self.headers.update({"Accept-Encoding": "identity", "Connection": "close"})
        self.auth = _as_it_is  # or requests would look for a password in ~/.netrc

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401 - requests' signature
        """The answer, read to its end."""
        host = self._host(str(request.url))
        bounds = self._bounds
        options |= {"stream": True, "verify": True, "cert": None, "allow_redirects": False}
        options["timeout"] = (bounds.connect, bounds.read)
        if is_loopback(host):
            options["proxies"] = {}
        with within(bounds.total) as line:
            try:
                response = super().send(request, **options)
                body = response.raw.read(bounds.answer_bytes + 1)
                response.close()
            except _FAILED as error:
                raise self._ours(error, host, line) from error
        self._refuse(response, body, host)
        response.raw = io.BytesIO(body)
        return response

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - requests' signature
        """Nowhere."""
        return

    def _host(self, url: str) -> str:
        try:
            return urlsplit(refuse_plain_text(url)).hostname or ""
        except ValueError as error:  # which pydantic's is
            message = f"the issuer names an address that is no https URL ({url[:100]!r})"
            raise wrong(self._mailbox, "", message, "https, or http on this machine") from error

    def _context(self, ca_file: Path | None) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            message = f"{ca_file} holds no certificate that can be read"
            raise wrong(self._mailbox, "ca_file", message, "a PEM file") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _refuse(self, response: requests.Response, body: bytes, host: str) -> None:
        status = response.status_code
        if len(body) > self._bounds.answer_bytes:
            what = f"an answer of more than {self._bounds.answer_bytes:,} bytes"
            raise later(self._mailbox, host, what)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            what = f"it is not able to answer now (HTTP {status})"
            raise later(self._mailbox, host, what, _wait_seconds(response))
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            what = f"it points elsewhere (HTTP {status}), where no secret is sent"
            raise later(self._mailbox, host, what)
        if not _is_object(body):
            if status == HTTPStatus.NOT_FOUND:
                message = f"{host} has no such page (HTTP 404)"
                raise wrong(self._mailbox, "", message, "check the addresses, or the tenant")
            raise later(self._mailbox, host, f"its answer is no JSON object (HTTP {status})")

    def _ours(self, error: Exception, host: str, line: Line) -> MailhookError:
        if untrusted := _cause(error, ssl.SSLCertVerificationError):
            message = f"{host}: the certificate is not good: {untrusted.verify_message}"
            hint = "for a private authority, or a proxy's, name its certificate in ca_file"
            return wrong(self._mailbox, "ca_file", message, hint)
        if line.is_late:
            what = f"no whole answer within {self._bounds.total:g} s"
        elif isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
            what = "no answer in time"
        elif _cause(error, socket.gaierror):
            what = "the name cannot be resolved"
        elif system := _cause(error, ConnectionError):
            what = system.strerror or "the connection broke"
        else:
            what = f"the connection broke ({type(error).__name__})"
        return later(self._mailbox, host, what)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _wait_seconds(response: requests.Response) -> float:
    """How long the issuer wants to be left alone; 0 where it does not say, or names a date."""
    told = response.headers.get("Retry-After", "")
    return min(int(told), _LONGEST_WAIT_SECONDS) if re.fullmatch(r"[0-9]{1,9}", told) else 0


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(strict_json.loads(body), dict)
    except ValueError:
        return False


def _cause(error: BaseException, kind: type[E]) -> E | None:
    """What of this kind lies beneath what requests and urllib3 have wrapped around it."""
    return next((one for one in _beneath(error) if isinstance(one, kind)), None)


def _beneath(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = [error]
    for one in seen:
        yield one
        inner = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
        seen += [each for each in inner if isinstance(each, BaseException) and each not in seen]
