"""The record under which a signer publishes its key (RFC 6376 section 3.6.1, RFC 8463)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailhook.authenticity.tags import tags

Lookup = Callable[[str], Sequence[bytes]]
"""The TXT records of a name, none where it has none. Raises Unanswered: ask again later."""

_RECORD_LIMIT = 4_096
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")


class Unanswered(Exception):
    """DNS gave no answer now; that says nothing about the mail."""


@dataclass(frozen=True, slots=True)
class Record:
    """A published key; `strict` where it signs for its own domain and none below."""

    kind: str
    key: bytes
    strict: bool


def published(records: Sequence[bytes], kind: str) -> Record:
    """The key of that kind (`rsa`, `ed25519`). Raises ValueError, saying what is wrong with it."""
    if not records:
        raise ValueError("there is no key: it was rotated away, or never was there")
    if len(records) > 1:
        raise ValueError(f"there are {len(records)} records, so nobody knows which key is meant")
    if len(records[0]) > _RECORD_LIMIT:
        raise ValueError(f"the record is {len(records[0]):,} bytes long")
    found = tags(records[0])
    if found.get("v", "DKIM1") != "DKIM1" or found.get("k", "rsa") != kind:
        raise ValueError(f"the record is of another version or kind of key than {kind}")
    _check_uses(found)
    return Record(kind, _key(found), strict="s" in _listed(found.get("t", "")))


def _check_uses(found: dict[str, str]) -> None:
    if "h" in found and "sha256" not in _listed(found["h"]):
        raise ValueError("the key is not for sha256")
    if not {"*", "email"} & set(_listed(found.get("s", "*"))):
        raise ValueError("the key is not for mail")
    if "y" in _listed(found.get("t", "")):
        raise ValueError("the signer only tests (t=y), so its signature counts as none")


def _key(found: dict[str, str]) -> bytes:
    if "p" not in found:
        raise ValueError("the record holds no key")
    text = "".join(found["p"].split()).encode()
    if not text:
        raise ValueError("the key was revoked")
    try:
        if not _BASE64.fullmatch(text):
            raise ValueError("the key is no base64")
        return base64.b64decode(text)
    except binascii.Error:
        raise ValueError("the key is no base64") from None


def _listed(value: str) -> list[str]:
    return [word.strip().lower() for word in value.split(":")]
