"""The kinds of value a setting may have, each refusing in words an operator can act on."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?")
_MAX_CHARS = 1000
LAST_PORT = 65_535


class Section(BaseModel):
    """A mapping of the settings file: closed, immutable, silent about its values in errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True
    )


def refusal(message: str, hint: str = "") -> PydanticCustomError:
    """The error a validator raises; both texts reach the operator as they are."""
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


def _text(value: str) -> str:
    if not value.strip():
        raise refusal("is empty")
    if _CONTROL.search(value):
        raise refusal("holds a control character", "write it on one line, without \\ escapes")
    if len(value) > _MAX_CHARS:
        raise refusal(f"is longer than {_MAX_CHARS} characters")
    return value


def _file(value: Path, info: ValidationInfo) -> Path:
    _text(str(value))
    if not value.name:
        raise refusal("names no file", "a path that ends in a file's name")
    try:
        value = value.expanduser()
    except RuntimeError:
        raise refusal("begins with ~, but whose home that is is unknown") from None
    folder: Path | None = (info.context or {}).get("folder")
    return folder / value if folder else value


def _host(value: str) -> str:
    if "://" in value:
        raise refusal("is a URL", "only the host's name, such as imap.example.com")
    if is_address(value) or _HOST.fullmatch(value):
        return value
    if re.fullmatch(r"[^:]+:\d+", value):
        raise refusal("names a port too", "the port has a key of its own: port")
    raise refusal("is no host name", "such as imap.example.com, 192.0.2.7 or ::1, no brackets")


def _sender(value: str) -> str:
    user, at, domain = value.rpartition("@")
    if "*" in value:
        raise refusal("holds a wildcard", "a domain covers its subdomains as it is")
    if at and not user:
        raise refusal("begins with @", "write the domain alone, without @")
    if not _DOMAIN.fullmatch(domain) or (at and re.search(r"[\s@<>]", user)):
        raise refusal(
            "is neither a domain nor a whole address", "such as truora.com or a@truora.com"
        )
    return value.lower()


def _authserv_id(value: str) -> str:
    name = value.removeprefix("*.")
    if re.search(r"[\s*;]", name) or (name != value and not _DOMAIN.fullmatch(name)):
        raise refusal(
            "is no name of a mail server", "such as mx.example.com, *.example.com or unnamed"
        )
    return value


def _local_listen(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) <= LAST_PORT:
        raise refusal("is no address with a port", "such as 127.0.0.1:9464")
    if not is_loopback(host.removeprefix("[").removesuffix("]")):
        raise refusal(
            "can be reached from other machines", "127.0.0.1, [::1] or localhost, then the port"
        )
    return value


def is_address(host: str) -> bool:
    """Whether the host is an IP address."""
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether what is sent to the host stays on this machine."""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)


Text = Annotated[str, AfterValidator(_text)]
FilePath = Annotated[Path, AfterValidator(_file)]
Host = Annotated[Text, AfterValidator(_host)]
Sender = Annotated[Text, AfterValidator(_sender)]
LocalListen = Annotated[Text, AfterValidator(_local_listen)]
AuthservId = Annotated[Text, AfterValidator(_authserv_id)]
