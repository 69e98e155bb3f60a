"""How the vendor's mails leave: by SMTP to a server, or by LMTP right into its mailboxes."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

Send = Callable[[bytes], object]
"""Sends one mail; raises OSError (as smtplib's errors are) where it was not taken."""

_PORTS = {"smtp": 25, "lmtp": 24}
_SECONDS = 20
_BOUNCES = "bounces@truora.com"


@dataclass(frozen=True, slots=True)
class Postbox:
    """A `Send` to the server at `url`, `smtp://host:port` or `lmtp://host:port`, for `to`.

    Plain text without a login: it is for a server under test. Raises ValueError for
    another kind of URL.
    """

    url: str
    to: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{self.url} is neither smtp://host:port nor lmtp://host:port")

    def __call__(self, raw: bytes) -> None:
        """Hand the mail over; a connection each."""
        parts = urlsplit(self.url)
        port = parts.port or _PORTS[parts.scheme]
        host = str(parts.hostname)
        kind = smtplib.SMTP if parts.scheme == "smtp" else smtplib.LMTP
        with kind(host, port, timeout=_SECONDS) as server:
            server.sendmail(_BOUNCES, [self.to], raw)
