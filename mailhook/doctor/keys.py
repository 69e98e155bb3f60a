"""Signing keys that protect nothing, or that do not look like the vendor's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from mailhook import signing_keys
from mailhook.config import TrustSettings
from mailhook.doctor.model import Remark, advice, ok, wrong
from mailhook.errors import ConfigError

# Words of examples that are published by the thousand, some long enough to pass for a key.
_PUBLISHED = re.compile(
    r"secret|changeme|change[-_ ]?me|password|passw0rd|example|signing[-_ ]?key|placeholder"
    r"|your[-_ ]|my[-_ ]|test|0123456789|123456789|abcdefgh|qwerty|deadbeef|correct[-_ ]?horse",
    re.IGNORECASE,
)
# The vendor's documentation says it is a hex string.
_HEX = re.compile(r"[0-9a-fA-F]{32,}")
# A longer key is judged by its beginning.
_LOOKED_AT = 200


def remarks(trust: TrustSettings) -> Iterator[Remark]:
    """A sentence for each key, none of which shows any of it."""
    revealed: dict[int, str] = {}
    for nth, secret in enumerate(trust.signing_keys):
        with suppress(ConfigError):  # which has been told, by its path
            revealed[nth] = secret.reveal()
    for nth, key in revealed.items():
        yield _on(f"trust.signing_keys[{nth}]", key)
    if len(set(revealed.values())) < len(revealed):
        yield advice("keys", "trust.signing_keys names one key twice: take the older line away")


def _on(path: str, key: str) -> Remark:
    todo = "put in the key that the vendor's dashboard shows, or make the hook anew there"
    if reason := signing_keys.unfit(key.encode()) or guessable(key):
        return wrong("keys", f"{path}: {reason}, so anybody could sign hooks: {todo}")
    if key != key.strip():
        return wrong("keys", f"{path} begins or ends with a blank, so no signature fits: {todo}")
    if not _HEX.fullmatch(key):
        return advice(
            "keys", f"{path} is no hex string of 32 or more, as the vendor's are: compare the two"
        )
    return ok("keys", f"{path}: long enough and no known placeholder")


def guessable(key: str) -> str | None:
    """Why the key can be guessed though it is long enough; None if it may do."""
    key = key[:_LOOKED_AT]
    if _PUBLISHED.search(key) and not _HEX.fullmatch(key):
        return "it is made of words that published examples use"
    return None
