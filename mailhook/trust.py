"""What `examine` believes: settings, and the keys they refer to, revealed."""

from __future__ import annotations

from dataclasses import dataclass

from mailhook.config import TrustSettings


@dataclass(frozen=True, slots=True)
class Trust:
    """Who may say so, and `keys`, the signing keys, newest first."""

    settings: TrustSettings
    keys: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, settings: TrustSettings) -> Trust:
        """Read the signing keys. Raises ConfigError where one cannot be had."""
        return cls(settings, tuple(key.reveal().encode() for key in settings.signing_keys))

    def __repr__(self) -> str:
        return f"Trust({self.settings!r}, {len(self.keys)} keys)"
