"""Mails signed with real keys, and a DNS that is a dict."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import dkim
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from dkim.canonicalization import CanonicalizationPolicy

from mailhook.authenticity import Unanswered

DOMAIN = "truora.com"
KEY_NAME = f"s1._domainkey.{DOMAIN}"
NAMES = "from:to:subject:date:message-id:mime-version:content-type:content-transfer-encoding"


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def record(key: Key) -> bytes:
    """What the signer publishes."""
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_bytes(
            forms.Encoding.DER, forms.PublicFormat.SubjectPublicKeyInfo
        )
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(key.public_key().public_bytes_raw())


@dataclass
class Dns:
    """Answers, or an error to raise, by name; what was asked is kept."""

    answers: dict[str, Sequence[bytes] | Exception]
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> Sequence[bytes]:
        self.asked.append(name)
        found = self.answers.get(name, ())
        if isinstance(found, Exception):
            raise found
        return found

    @classmethod
    def of(cls, key: Key) -> Dns:
        return cls({KEY_NAME: [record(key)]})

    @classmethod
    def down(cls) -> Dns:
        return cls({KEY_NAME: Unanswered("s1")})


def sign(
    raw: bytes,
    key: Key,
    *,
    domain: str = DOMAIN,
    selector: str = "s1",
    names: str = NAMES,
    spelling: str = "relaxed/relaxed",
    tags: str = "",
    length: int | None = None,
    algorithm: str | None = None,
) -> bytes:
    """The mail with a DKIM-Signature on top; `tags` are added as they are, with their semicolon."""
    mail = dkim.DKIM(raw)
    policy = CanonicalizationPolicy.from_c_value(spelling.encode())
    body = policy.canonicalize_body(mail.body)[:length]
    body_hash = base64.b64encode(hashlib.sha256(body).digest()).decode()
    kind = "rsa-sha256" if isinstance(key, rsa.RSAPrivateKey) else "ed25519-sha256"
    value = (
        f" v=1; a={algorithm or kind}; c={spelling}; d={domain}; s={selector}; {tags}h={names};"
        f"\r\n bh={body_hash};\r\n b="
    ).encode()
    hashed = hashlib.sha256()
    listed = [name.strip().lower().encode() for name in names.split(":")]
    dkim.hash_headers(
        hashed,
        policy,
        policy.canonicalize_headers(mail.headers),
        listed,
        (b"DKIM-Signature", value + b"\r\n"),
        {},
    )
    digest = hashed.digest()
    if isinstance(key, rsa.RSAPrivateKey):
        signed = key.sign(digest, padding.PKCS1v15(), Prehashed(SHA256()))
    else:
        signed = key.sign(digest)
    return b"DKIM-Signature:" + value + base64.b64encode(signed) + b"\r\n" + raw
