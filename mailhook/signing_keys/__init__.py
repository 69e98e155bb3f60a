"""Whether a signing key protects anything: whoever knows or guesses it can forge every hook.

Asked where settings are taken, not where tokens are checked. What is certain keeps the
service from starting (`unfit`); what is only likely is said (`doubtful`), for a service
that does not start loses more hooks than a poor key.
"""

from __future__ import annotations

import re

from mailhook.signing_keys.published import is_published

__all__ = ["doubtful", "is_published", "unfit"]

_KEY_BYTES = 16
_FEWEST_LETTERS = 6
# A longer key is judged by its beginning.
_LOOKED_AT = 200
_PLACEHOLDERS = frozenset(
    "secret changeme your-256-bit-secret password signing-key example your-signing-key".split()
)
# Words of examples that are published by the thousand, some long enough to pass for a key.
_WORDS = re.compile(
    r"secret|changeme|change[-_ ]?me|password|passw0rd|example|signing[-_ ]?key|placeholder"
    r"|your[-_ ]|my[-_ ]|test|0123456789|123456789|abcdefgh|qwerty|deadbeef|correct[-_ ]?horse",
    re.IGNORECASE,
)
# So few letters and digits beside them make no secret of them.
_FEWEST_BESIDE = 5
# The vendor's documentation says it is a hex string.
_HEX = re.compile(r"[0-9a-fA-F]{32,}")
_COUNTING = ("0123456789", "1234567890", "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz")


def unfit(key: bytes) -> str | None:
    """Why the key protects nothing, in words that show none of it; None if it may do.

    Blanks around it are no part of it here: they would make no key of a placeholder.
    """
    bare = key.strip()
    if _is_placeholder(bare[:_LOOKED_AT].decode("latin-1").lower()):
        return "it is a placeholder that anybody can guess"
    if len(bare) < _KEY_BYTES:
        return f"it is {len(bare)} bytes long; a key has at least {_KEY_BYTES}"
    if _repeats(bare[:_LOOKED_AT]):
        return "it repeats itself, so that anybody can guess it"
    if _counts(bare[:_LOOKED_AT].decode("latin-1").lower()):
        return "it only counts, so that anybody can guess it"
    if is_published(key) or is_published(bare):
        return "it stands among published examples and in lists of known secrets"
    return None


def doubtful(key: str) -> str | None:
    """Why a key that is not unfit may yet be guessed, or be another than the vendor's."""
    if _HEX.fullmatch(key):
        return None
    if _WORDS.search(key[:_LOOKED_AT]):
        return "there are words in it that published examples use, so it may be guessed"
    return "it is no hex string of 32 or more, as the vendor's are"


def _is_placeholder(key: str) -> bool:
    """Whether it is one as it stands, or made of words of such with hardly anything beside."""
    beside, words = _WORDS.subn("", key)
    is_made_of_words = words and not _HEX.fullmatch(key)
    few = sum(map(str.isalnum, beside)) < _FEWEST_BESIDE
    return key in _PLACEHOLDERS or bool(is_made_of_words and few)


def _repeats(key: bytes) -> bool:
    """Whether one piece makes all of it, or a handful of letters does."""
    pieces = range(1, len(key) // 2 + 1)
    is_piecemeal = any(key[size:] == key[: len(key) - size] for size in pieces)
    return is_piecemeal or len(set(key)) < _FEWEST_LETTERS


def _counts(key: str) -> bool:
    """Whether it goes along a row of digits or letters, up or down, round and round."""
    rows = (row * (len(key) // len(row) + 2) for row in _COUNTING)
    return any(key in row or key[::-1] in row for row in rows)
