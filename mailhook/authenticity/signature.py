"""One DKIM-Signature: what it claims, and whether that may be a proof (RFC 6376 section 3.5).

Everything is refused here that needs neither the key nor the body: what is not
covered, what is over, what nobody should sign with any more.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailhook.authenticity.sender import covers
from mailhook.authenticity.tags import tags

Field = tuple[bytes, bytes]
"""A header as it came: its name, and what follows the colon up to its CRLF."""

_LENGTH_LIMIT = 4_096
_NAMES_LIMIT = 100
_BLANKS = re.compile(rb"\s{100}")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NAME_LENGTH = 253
_NUMBER = re.compile(r"\d{1,12}")
_KINDS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_SPELLINGS = frozenset({"simple", "relaxed"})
_NEEDED = ("v", "a", "b", "bh", "d", "h", "s")
# As many of each as there are must be signed: the reader would take one that was added.
_COVERED = ("from", "subject", "content-type", "content-transfer-encoding")
_COVERED_IF_ANY = ("date", "message-id", "mime-version")
# Clocks differ, and mail waits in queues.
_LEEWAY = timedelta(hours=10)


@dataclass(frozen=True, slots=True)
class Signature:
    """What one header claims; `spelling` is the canonicalisation, `simple/relaxed`."""

    field: Field
    domain: str
    selector: str
    identity: str
    kind: str
    spelling: str
    names: tuple[str, ...]
    body_hash: bytes
    signed: bytes
    made_at: int | None
    ends_at: int | None

    @property
    def key_name(self) -> str:
        """Where its key is published."""
        return f"{self.selector}._domainkey.{self.domain}"


def read(field: Field) -> Signature:
    """The signature that the header holds. Raises ValueError, saying why it counts for nothing."""
    value = field[1]
    if len(value) > _LENGTH_LIMIT or _BLANKS.search(value):
        raise ValueError("it is too long to be one")
    found = tags(value)
    if missing := [name for name in _NEEDED if not found.get(name)]:
        raise ValueError(f"it has no {missing[0]}=")
    if "l" in found:
        raise ValueError("it leaves the end of the body unsigned (l=)")
    kind = _KINDS.get(found["a"].lower())
    if found["v"] != "1" or kind is None or found.get("q", "dns/txt") != "dns/txt":
        raise ValueError("its version, algorithm or way to the key is not one that counts")
    domain, selector = _named(found["d"]), _named(found["s"])
    if len(f"{selector}._domainkey.{domain}") > _NAME_LENGTH:
        raise ValueError("the name of its key is none that DNS could hold")
    return Signature(
        field,
        domain,
        selector,
        _identity(found.get("i"), domain),
        kind,
        _spelling(found.get("c", "simple/simple")),
        _names(found["h"]),
        _decoded(found["bh"]),
        _decoded(found["b"]),
        _number(found.get("t")),
        _number(found.get("x")),
    )


def check(signature: Signature, present: Sequence[str], at: datetime) -> None:
    """Raise ValueError where it leaves open what the reader looks at, or is over.

    `present` are the names of all headers, in lower case; `at` is when the mail came.
    """
    if "from" not in signature.names or "subject" not in signature.names:
        raise ValueError("it does not cover From and Subject")
    for name in (*_COVERED, *_COVERED_IF_ANY):
        there, signed = present.count(name), signature.names.count(name)
        if there > signed and (signed or name in _COVERED):
            raise ValueError(f"a {name} stands there that it does not cover")
    came, leeway = at.timestamp(), _LEEWAY.total_seconds()
    if signature.ends_at is not None and came > signature.ends_at + leeway:
        raise ValueError("it was over when the mail came (x=)")
    if signature.made_at is not None and signature.made_at > came + leeway:
        raise ValueError("it was made after the mail came (t=)")
    if signature.ends_at is not None and signature.ends_at < (signature.made_at or 0):
        raise ValueError("it was over before it was made (x=, t=)")


def _named(text: str) -> str:
    """A name as DNS has them: it is looked up, and must lead nowhere else."""
    name = text.lower()
    if len(name) > _NAME_LENGTH or not _NAME.fullmatch(name):
        raise ValueError("its domain or selector is no name in DNS")
    return name


def _identity(text: str | None, domain: str) -> str:
    identity = domain if text is None else text.rpartition("@")[2].lower()
    if not covers(domain, identity):
        raise ValueError("it speaks for another domain than signs (i=, d=)")
    return identity


def _spelling(text: str) -> str:
    head, _, body = text.lower().partition("/")
    if not {head, body or "simple"} <= _SPELLINGS:
        raise ValueError("it was made over another spelling than simple or relaxed")
    return f"{head}/{body or 'simple'}"


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in text.split(":"))
    if len(names) > _NAMES_LIMIT or not all(names):
        raise ValueError("its list of headers is none")
    return names


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise ValueError("it is no base64") from None


def _number(text: str | None) -> int | None:
    if text is not None and not _NUMBER.fullmatch(text):
        raise ValueError("its time is no number")
    return None if text is None else int(text)
