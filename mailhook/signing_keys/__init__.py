"""Whether a signing key protects anything: whoever knows or guesses it can forge every hook.

Asked where settings are taken, not where tokens are checked.
"""

from __future__ import annotations

from mailhook.signing_keys.published import is_published

__all__ = ["is_published", "unfit"]

_KEY_BYTES = 16
_FEWEST_LETTERS = 6
# A longer key is judged by its beginning.
_LOOKED_AT = 200
_PLACEHOLDERS = frozenset(
    "secret changeme your-256-bit-secret password signing-key example your-signing-key".split()
)
_COUNTING = ("0123456789", "1234567890", "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz")


def unfit(key: bytes) -> str | None:
    """Why the key protects nothing, in words that show none of it; None if it may do.

    Blanks around it are no part of it here: they would make no key of a placeholder.
    """
    bare = key.strip()
    if bare.decode("latin-1").lower() in _PLACEHOLDERS:
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


def _repeats(key: bytes) -> bool:
    """Whether one piece makes all of it, or a handful of letters does."""
    pieces = range(1, len(key) // 2 + 1)
    is_piecemeal = any(key[size:] == key[: len(key) - size] for size in pieces)
    return is_piecemeal or len(set(key)) < _FEWEST_LETTERS


def _counts(key: str) -> bool:
    """Whether it goes along a row of digits or letters, up or down, round and round."""
    rows = (row * (len(key) // len(row) + 2) for row in _COUNTING)
    return any(key in row or key[::-1] in row for row in rows)
