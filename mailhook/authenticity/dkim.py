"""Our own check of DKIM signatures (RFC 6376, RFC 8463), over the bytes as they came.

dkimpy spells headers and body as the signer did and knows RSA; what it is given
is bounded first, since some of its patterns take quadratic time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from mailhook.authenticity import signature
from mailhook.authenticity.keys import Lookup, Record, Unanswered, published
from mailhook.authenticity.sender import is_aligned
from mailhook.authenticity.signature import Field, Signature
from mailhook.authenticity.words import Unproven, shown

_END_OF_HEADERS = re.compile(rb"\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_NAME = re.compile(rb"([!-9;-~]+):")
_BLANKS = re.compile(rb"[\t ]+")
_HEAD_LIMIT = 262_144
_FIELDS_LIMIT = 1_000
_SIGNATURES_LIMIT = 5
# Nobody's mail is held up by more than this many questions that DNS leaves open.
_UNANSWERED_LIMIT = 2
_RSA_BITS = range(1_024, 8_193)
_EXPONENTS = range(3, 2**33)
_TOLD = 3


def passed(raw: bytes, address: str, senders: Sequence[str], at: datetime, lookup: Lookup) -> str:
    """The sentence that says which signature proves the address. Raises Unproven."""
    mail = _mail(raw)
    reasons: list[str] = []
    unanswered = 0
    for one in _candidates(mail, address, senders, reasons):
        try:
            _verify(one, mail, at, lookup)
        except Unanswered:
            unanswered += 1
            if unanswered == _UNANSWERED_LIMIT:
                break
        except ValueError as error:
            reasons.append(f"the signature of {shown(one.domain)} counts for nothing: {error}")
        except Exception as error:  # noqa: BLE001 - dkimpy raises what its input makes it raise
            kind = type(error).__name__
            reasons.append(f"the signature of {shown(one.domain)} cannot be checked ({kind})")
        else:
            return f"dkim=pass for {shown(one.domain)} by our own check ({shown(one.key_name)})"
    if unanswered:
        raise Unproven("DNS did not give the key of its signature", temporary=True)
    told = list(dict.fromkeys(reasons)) or ["it bears no DKIM signature of that domain"]
    raise Unproven(f"by our own check, {'; '.join(told[:_TOLD])}")


def _candidates(
    mail: _Mail, address: str, senders: Sequence[str], reasons: list[str]
) -> list[Signature]:
    """The signatures of domains that speak for the address; `reasons` says what is none."""
    found: list[Signature] = []
    for one in mail.headers:
        if one[0].lower() != b"dkim-signature" or len(found) == _SIGNATURES_LIMIT:
            continue
        try:
            read = signature.read(one)
        except ValueError as error:
            reasons.append(f"a signature counts for nothing: {error}")
        else:
            if is_aligned(read.domain, address, senders):
                found.append(read)
    return found


def _verify(one: Signature, mail: _Mail, at: datetime, lookup: Lookup) -> None:
    """Raise ValueError unless the key that is published made it over this very mail."""
    signature.check(one, mail.names, at)
    head, _, body = one.spelling.partition("/")
    if mail.body_hash(body) != one.body_hash:
        raise ValueError("the body is not the one that was signed")
    try:
        record = published(lookup(one.key_name), one.kind)
    except ValueError as error:
        raise ValueError(f"at {shown(one.key_name)}: {error}") from None
    if record.strict and one.identity != one.domain:
        raise ValueError("its key does not sign for domains below its own")
    hashed = mail.head_hash(one, head)
    valid = _rsa if record.kind == "rsa" else _ed25519
    if not valid(record, hashed, one.signed):
        raise ValueError("headers were changed, or it was made with another key than is published")


def _rsa(record: Record, hashed: Any, signed: bytes) -> bool:  # noqa: ANN401 - hashlib's own type
    from dkim import crypto

    try:
        key = crypto.parse_public_key(record.key)
    except (crypto.UnparsableKeyError, LookupError):
        raise ValueError("the key that is published cannot be read") from None
    bits = key["modulus"].bit_length()
    if bits not in _RSA_BITS or key["publicExponent"] not in _EXPONENTS:
        raise ValueError(f"its key of {bits:,} bits is not one that counts (1,024 to 8,192)")
    if len(signed) > (bits + 7) // 8:
        return False
    return bool(crypto.RSASSA_PKCS1_v1_5_verify(hashed, signed, key))


def _ed25519(record: Record, hashed: Any, signed: bytes) -> bool:  # noqa: ANN401 - hashlib's own type
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(record.key).verify(signed, hashed.digest())
    except InvalidSignature:
        return False
    return True


@dataclass
class _Mail:
    """The mail as signers see it: headers with their folds, lines that end in CRLF."""

    headers: list[Field]
    body: bytes
    _hashes: dict[str, bytes] = field(default_factory=dict)

    @cached_property
    def names(self) -> list[str]:
        return [name.lower().decode("ascii") for name, _ in self.headers]

    def body_hash(self, spelling: str) -> bytes:
        """The digest of the body in one of the two spellings."""
        from dkim.canonicalization import CanonicalizationPolicy

        if spelling not in self._hashes:
            body = self.body
            if spelling == "relaxed":  # dkimpy's own way there is quadratic in blanks
                body = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n")
            policy = CanonicalizationPolicy.from_c_value(f"relaxed/{spelling}".encode())
            self._hashes[spelling] = hashlib.sha256(policy.canonicalize_body(body)).digest()
        return self._hashes[spelling]

    def head_hash(self, one: Signature, spelling: str) -> Any:  # noqa: ANN401 - hashlib's own type
        """The digest, not yet taken, of the headers that the signature names, and its own."""
        import dkim
        from dkim.canonicalization import CanonicalizationPolicy

        policy = CanonicalizationPolicy.from_c_value(spelling.encode())
        hashed = hashlib.sha256()
        headers = policy.canonicalize_headers(self.headers)
        names = [name.encode("ascii") for name in one.names]
        dkim.hash_headers(hashed, policy, headers, names, one.field, {})
        return hashed


def _mail(raw: bytes) -> _Mail:
    """The bytes taken apart, as strictly as all who judge them read alike. Raises Unproven."""
    raw = b"\n" + raw  # an empty first line ends the headers too
    end = _END_OF_HEADERS.search(raw)
    head, body = (raw[1 : end.start()], raw[end.end() :]) if end else (raw[1:], b"")
    head = head.removesuffix(b"\r").removesuffix(b"\r\n").removesuffix(b"\n")
    if len(head) > _HEAD_LIMIT:
        raise Unproven("its headers are too long for our own check")
    fields: list[tuple[bytes, list[bytes]]] = []
    for line in _LINE_END.split(head):
        found = _NAME.match(line)
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1][1].append(line)
        elif found:
            fields.append((found[1], [line[found.end() :]]))
        else:
            raise Unproven("a line among its headers is none, so no signature counts")
    if len(fields) > _FIELDS_LIMIT:
        raise Unproven("it has too many headers for our own check")
    headers = [(name, b"\r\n".join(lines) + b"\r\n") for name, lines in fields]
    return _Mail(headers, _LINE_END.sub(b"\r\n", body))
