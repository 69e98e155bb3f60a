"""Signing keys that protect nothing, or that do not look like the vendor's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from mailhook import signing_keys
from mailhook.config import TrustSettings
from mailhook.doctor.model import Remark, advice, ok, wrong
from mailhook.errors import ConfigError


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
    if reason := signing_keys.unfit(key.encode()):
        return wrong("keys", f"{path}: {reason}, so anybody could sign hooks: {todo}")
    if key != key.strip():
        return wrong("keys", f"{path} begins or ends with a blank, so no signature fits: {todo}")
    if reason := signing_keys.doubtful(key):
        return advice("keys", f"{path}: {reason}: compare it with the vendor's dashboard")
    return ok("keys", f"{path}: long enough and no known placeholder")
