"""Secrets that lists on the internet name: their digests, and whether a key is one of them.

`published.bin` holds the first 8 bytes of the SHA-256 of each secret of 16 bytes and
more, in order, nothing else: of a list of secrets only what is needed to know one
again. `tools/published_keys.py` makes it and says of which lists.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

PATH = Path(__file__).with_name("published.bin")
LEAST_BYTES = 16
_DIGEST_BYTES = 8


def is_published(key: bytes) -> bool:
    """Whether the key is in the lists; reads the file, so it is not for each token."""
    digests, wanted = PATH.read_bytes(), _digest(key)
    places = range(len(digests) // _DIGEST_BYTES)
    found = bisect_left(places, wanted, key=lambda nth: _at(digests, nth))
    return found < len(places) and _at(digests, found) == wanted


def digested(secrets: Iterable[bytes]) -> bytes:
    """What `published.bin` holds of these secrets; shorter ones are refused without it."""
    return b"".join(sorted({_digest(one) for one in secrets if len(one) >= LEAST_BYTES}))


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:_DIGEST_BYTES]


def _at(digests: bytes, nth: int) -> bytes:
    return digests[nth * _DIGEST_BYTES : (nth + 1) * _DIGEST_BYTES]
