"""What `examine` believes: settings, and the keys they refer to, revealed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailhook.config import TrustSettings
from mailhook.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Trust:
    """Who may say so, and `keys`, the signing keys, newest first."""

    settings: TrustSettings
    keys: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, settings: TrustSettings) -> Trust:
        """Read the signing keys. Raises ConfigError where one cannot be had or protects nothing."""
        keys = tuple(key.reveal().encode() for key in settings.signing_keys)
        if problems := list(_unfit(keys)):
            raise ConfigError(problems)
        return cls(settings, keys)

    def __repr__(self) -> str:
        return f"Trust({self.settings!r}, {len(self.keys)} keys)"


def _unfit(keys: Sequence[bytes]) -> Iterator[Problem]:
    for nth, key in enumerate(keys):
        from mailhook import token

        if reason := token.unfit(key):
            hint = "the signing key as the vendor's dashboard shows it"
            yield Problem(f"trust.signing_keys[{nth}]", reason, hint)
