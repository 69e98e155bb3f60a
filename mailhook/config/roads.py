"""Other roads into the table: the web hook itself, the vendor's API, and the guard over both."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mailhook.config.kinds import LAST_PORT, Section, Text, is_loopback, refusal
from mailhook.config.oauth2 import Url
from mailhook.config.secret import Secret

_Switch = Annotated[bool, Field(strict=True)]
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Whole = Annotated[int, Field(strict=True)]
_Share = Annotated[_Number, Field(gt=0, le=1)]

SYSTEMD = "systemd"
UNIX = "unix:"
_LONGEST_SOCKET = 107  # bytes of sun_path, unix(7), without the NUL that ends it
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)+")
_DURATION = re.compile(r"(\d{1,6})\s*([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}


def _listen(value: str) -> str:
    """`host:port`, `unix:/path`, or `systemd`: the socket that systemd passes."""
    if value == SYSTEMD:
        return value
    if value.startswith(UNIX):
        path = value.removeprefix(UNIX)
        if not path.startswith("/") or path.endswith("/"):
            raise refusal(
                "names no socket by its whole path", "such as unix:/run/mailhook/web.sock"
            )
        if len(path.encode()) > _LONGEST_SOCKET:
            raise refusal(f"is longer than a socket's path may be, {_LONGEST_SOCKET} bytes")
        return value
    host, colon, port = value.rpartition(":")
    is_port = port.isascii() and port.isdigit() and 0 < int(port) <= LAST_PORT
    if not host or not colon or not is_port:
        raise refusal("is no address with a port", "such as 127.0.0.1:8080, unix:/path or systemd")
    return value


def _path(value: str) -> str:
    if not value.startswith("/"):
        raise refusal("does not begin with a slash", f"path: /{value}"[:80])
    if not _PATH.fullmatch(value) or ".." in value.split("/"):
        raise refusal("is no plain path", "such as /hooks: letters, digits, - and _, no ?, no #")
    return value


class WebSettings(Section):
    """The endpoint that takes the web hook itself; TLS is a proxy's."""

    listen: Annotated[Text, AfterValidator(_listen)] = "127.0.0.1:8080"
    path: Annotated[Text, AfterValidator(_path)] = "/hooks"
    url: Url | None = None
    public: _Switch = False

    @model_validator(mode="after")
    def _only_a_proxy_comes_near(self) -> Self:
        host = self.listen.rpartition(":")[0].removeprefix("[").removesuffix("]")
        is_local = self.listen == SYSTEMD or self.listen.startswith(UNIX) or is_loopback(host)
        if not (is_local or self.public):
            raise refusal(
                f"{self.listen} can be reached from other machines, and what is sent there is not"
                " encrypted",
                "listen on 127.0.0.1 behind a proxy that speaks TLS, or set web.public: true",
            )
        return self


class GuardSettings(Section):
    """The vendor's rule by which a subscription is switched off, and when to warn before it."""

    window_minutes: Annotated[_Number, Field(ge=1, le=1_440)] = 60
    disable_ratio: _Share = 0.8
    warn_at: tuple[_Share, ...] = (0.05, 0.2, 0.4, 0.6)
    retry_seconds: tuple[Annotated[_Number, Field(gt=0, le=604_800)], ...] = (
        *(30, 120, 480),
        *(1_920, 7_680),
    )

    @model_validator(mode="after")
    def _levels_rise_to_the_end(self) -> Self:
        if list(self.warn_at) != sorted(set(self.warn_at)):
            raise refusal("warn_at has levels that do not rise", "such as [0.05, 0.2, 0.4, 0.6]")
        if self.warn_at and self.warn_at[-1] >= self.disable_ratio:
            raise refusal(
                "warn_at has a level at which the hook is switched off already",
                "levels below disable_ratio",
            )
        return self


def _path_alone(value: str) -> str:
    if "?" in value or "#" in value:
        raise refusal("has a ? or #, behind which no address can go on", "https://api.example.com")
    return value


_Base = Annotated[Url, AfterValidator(_path_alone)]


class ApiBases(Section):
    """Where the vendor's API is; others only to test."""

    account: _Base = "https://api.account.truora.com"
    checks: _Base = "https://api.checks.truora.com"
    identity: _Base = "https://api.identity.truora.com"
    validations: _Base = "https://api.validations.truora.com"


class ApiSettings(Section):
    """How the vendor is asked for what was missed."""

    key: Secret
    base: ApiBases = Field(default_factory=ApiBases)
    reconcile_minutes: Annotated[_Number, Field(ge=0.01, le=1_440)] = 15
    requests_per_second: Annotated[_Number, Field(ge=0, le=1_000)] = 5
    requests_per_run: Annotated[_Whole, Field(ge=1, le=1_000_000)] = 2000
    completion_tries: Annotated[_Whole, Field(ge=1, le=100)] = 6
    complete_unverified: _Switch = False

    @model_validator(mode="after")
    def _the_vendor_is_not_hammered(self) -> Self:
        bases = (getattr(self.base, name) for name in ApiBases.model_fields)
        is_local = all(is_loopback(urlsplit(url).hostname or "") for url in bases)
        if self.requests_per_second == 0 and not is_local:
            raise refusal(
                "requests_per_second is 0, unlimited, which is only for a server on this machine",
                "5 is polite",
            )
        return self


def _duration(value: object) -> object:
    if isinstance(value, timedelta) or value == "auto":
        return value
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or not int(found[1]):
        raise refusal("is no span of time", "such as 90m, 24h, 7d, or auto")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


Silence: TypeAlias = Annotated[timedelta | Literal["auto"], BeforeValidator(_duration)]
"""How long a product may be silent; `auto`: as long as its own rhythm makes likely."""
