"""Compact JWS, HS256 only (RFC 7515, RFC 7518 section 3.2): find, verify, sign.

Owner of PyJWT, which says what a key may be and checks the signature. The parts are
decoded here, strictly and once, because what two readers read differently is a way in;
its own JWS layer would decode them again, which took half the time of a hook.
No key is ever taken from the token: `kid`, `jku`, `jwk`, `x5u` and `x5c` are not looked at.
Nor are `typ`, `cty` and `zip`: what was signed is told as it was signed.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from mailhook import strict_json
from mailhook.errors import MalformedNotice, UnknownKey, Untrusted
from mailhook.model import Json

if TYPE_CHECKING:
    from jwt.algorithms import HMACAlgorithm

_PART = r"[A-Za-z0-9_-]"
# A mail program may have broken it into lines; a header takes few of them.
_BREAK = r"[ \t]*\r?\n[ \t]*"
_TOKEN = re.compile(
    rf"(?<!{_PART})eyJ{_PART}*+(?:{_BREAK}{_PART}++){{0,8}}+"
    rf"(?:{_BREAK})?+\.{_PART}*+(?:{_BREAK}{_PART}++){{0,8192}}+"
    rf"(?:{_BREAK})?+\.({_PART}*+)((?:{_BREAK}{_PART}++){{0,43}}+)"
)
_WORD = re.compile(rf"{_PART}+")
_LIMIT = 262_144
# Header members that would change how the rest is read (RFC 7515 section 4.1.11, RFC 7797).
_REFUSED = frozenset({"crit", "b64"})
_SIGNATURE_LENGTH = 43  # of the 32 bytes of an HMAC with SHA-256
# The vendor's header is one and the same: what it asks for is remembered, of long ones not.
_HEADERS, _HEADER_LENGTH = 64, 256
_KEYS = 16
# RFC 4648 section 5. The module `base64` does the same in thrice the time.
_TO_URL, _FROM_URL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True)
class Signed:
    """The verified bytes, and the number of the key that signed them: 1 is the newest."""

    payload: bytes
    key: int


def find(text: str) -> tuple[str, ...]:
    """The strings in `text` that look like a compact JWS, each once, in order."""
    if "eyJ" not in text:
        return ()
    tokens: dict[str, None] = {}
    at = 0
    while found := _TOKEN.search(text, at):
        tokens[_whole(found)] = None
        at = _end(found)
    return tuple(tokens)


def prepare(keys: Sequence[bytes]) -> None:
    """Load what checks signatures, so that the first token need not wait for it."""
    for key in keys:
        _secret(key)


def verify(token: str, keys: Sequence[bytes]) -> dict[str, Json]:
    """The claims of a token that one of the keys (newest first) has signed.

    Raises Untrusted as `check`; MalformedNotice as `claims`.
    """
    return claims(check(token, keys).payload)


def check(token: str, keys: Sequence[bytes]) -> Signed:
    """What was signed, and by which of the keys (newest first).

    Raises UnknownKey where none has, Untrusted where the header asks for anything but plain
    HS256. What was signed may be no claims at all: see `claims`.
    """
    payload, signature = _parts(token)
    signed, algorithm = token.rpartition(".")[0].encode(), _hs256()
    for nth, key in enumerate(keys, 1):
        secret = _secret(key)
        if secret is not None and algorithm.verify(signed, secret, signature):
            return Signed(payload, nth)
    raise UnknownKey(f"none of the {len(keys)} signing keys made the signature of this HS256 token")


def claims(payload: bytes) -> dict[str, Json]:
    """The claims that were signed. Raises MalformedNotice where they are no strict JSON object."""
    try:
        told = strict_json.loads(payload)
    except ValueError as error:
        raise MalformedNotice(f"the signed claims are no strict JSON: {error}") from None
    if not isinstance(told, dict):
        raise MalformedNotice("the signed claims are no JSON object")
    return told


def looks_like_vendor(token: str) -> bool:
    """Whether an unverified token has the shape of the vendor's hooks; proves nothing."""
    try:
        header, claims = (json.loads(_decoded(part)) for part in token.split(".")[:2])
        return isinstance(header, dict) and isinstance(claims["events"], list)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def claims_vendor(token: str) -> bool:
    """Whether the token is such as the vendor sends but for its signature: HS256, iss, events.

    Proves nothing: anybody can write such a token. One that no key could ever make
    valid (`crit`, parts that are not canonical) is none.
    """
    try:
        header, claims, _ = (_canonical(part) for part in token.split("."))
        asked, told = json.loads(header), json.loads(claims)
        alg, iss, events = asked["alg"], told["iss"], told["events"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    is_named = alg == "HS256" and isinstance(iss, str) and "truora" in iss.lower()
    is_plain = not _REFUSED & asked.keys()
    return is_named and is_plain and isinstance(events, list) and bool(events)


def split(token: str) -> tuple[bytes, bytes]:
    """What stands in the header and the claims, decoded without any check; empty where nothing."""
    parts = [*token.split("."), "", ""][:2]
    return _lenient(parts[0]), _lenient(parts[1])


def is_one(text: str) -> bool:
    """Whether the text is a token at all: three parts, the first of which is a JSON object."""
    try:
        is_header = isinstance(json.loads(split(text)[0]), dict)
    except (ValueError, RecursionError):
        return False
    return is_header and text.count(".") == 2  # noqa: PLR2004 - of three parts


def is_signed(token: str, keys: Sequence[bytes]) -> bool:
    """Whether one of the keys has signed it, as `check` sees it."""
    try:
        check(token, keys)
    except Untrusted:
        return False
    return True


def sign(claims: Mapping[str, Json], key: bytes) -> str:
    """A token such as the vendor sends: the inverse of `verify`."""
    import jwt

    payload = json.dumps(claims, separators=(",", ":")).encode()
    return jwt.PyJWS().encode(payload, key, algorithm="HS256", headers={"typ": "JWT"})


def _whole(found: re.Match[str]) -> str:
    """The token without its line breaks, and without the words on the lines below it."""
    signed, first, more = found[0][: found.start(1) - found.start()], found[1], found[2]
    wanted = max(len(first), _SIGNATURE_LENGTH)
    return "".join(signed.split()) + (first + "".join(more.split()))[:wanted]


def _end(found: re.Match[str]) -> int:
    """Where the token ends: another may begin on the next line."""
    missing = _SIGNATURE_LENGTH - len(found[1])
    if missing <= 0:
        return found.end(1)
    for word in _WORD.finditer(found[2]):
        missing -= len(word[0])
        if missing <= 0:
            return found.start(2) + word.end()
    return found.end()


def _parts(token: str) -> tuple[bytes, bytes]:
    """Payload and signature of a token whose header asks for plain HS256. Raises Untrusted."""
    if len(token) > _LIMIT:
        raise Untrusted(f"a token of {len(token):,} characters is over {_LIMIT:,}")
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        raise Untrusted("it is no compact JWS of three parts")
    try:
        refusal = (_refusal if len(parts[0]) <= _HEADER_LENGTH else _refusal.__wrapped__)(parts[0])
        payload, signature = _canonical(parts[1]), _canonical(parts[2])
    except ValueError as error:
        raise Untrusted(f"it is no canonical JWS: {error}") from None
    if refusal:
        raise Untrusted(refusal)
    return payload, signature


@lru_cache(_HEADERS)
def _refusal(part: str) -> str | None:
    """Why a token with this header is not believed; None if it may be. Raises ValueError."""
    header = strict_json.loads(_canonical(part))
    if not isinstance(header, dict) or header.get("alg") != "HS256":
        return "its header does not say alg HS256"
    if asked := sorted(_REFUSED & header.keys()):
        return f"its header asks for {', '.join(asked)}"
    return None


@cache
def _hs256() -> HMACAlgorithm:
    from jwt.algorithms import HMACAlgorithm

    return HMACAlgorithm(HMACAlgorithm.SHA256)


@lru_cache(_KEYS)
def _secret(key: bytes) -> bytes | None:
    """The key as PyJWT takes it; None for what is no secret to it, such as a public key."""
    import jwt

    try:
        return _hs256().prepare_key(key)
    except jwt.InvalidKeyError:
        return None


def _canonical(part: str) -> bytes:
    """Decoded base64url; one spelling per byte string, or one token had two names."""
    decoded = _decoded(part)
    spelled = binascii.b2a_base64(decoded, newline=False).translate(_TO_URL).rstrip(b"=")
    if spelled != part.encode():
        raise ValueError("a part is not canonical base64url")
    return decoded


def _decoded(part: str) -> bytes:
    if not part.isascii():
        raise ValueError("a part is not base64url (it is no ASCII)")
    try:
        return binascii.a2b_base64(part.encode().translate(_FROM_URL) + b"=" * (-len(part) % 4))
    except binascii.Error as error:
        raise ValueError(f"a part is not base64url ({error})") from None


def _lenient(part: str) -> bytes:
    try:
        return _decoded(part)
    except ValueError:
        return b""
