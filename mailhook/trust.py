"""What `examine` believes: settings, and the keys they refer to, revealed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from mailhook.authenticity import Lookup
from mailhook.authenticity.resolver import Resolver
from mailhook.config import TrustSettings
from mailhook.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Trust:
    """Who may say so; `keys` are the signing keys, newest first.

    `lookup` asks DNS for the keys of DKIM signatures; None where none are checked.
    """

    settings: TrustSettings
    keys: tuple[bytes, ...] = ()
    lookup: Lookup | None = None

    @classmethod
    def of(cls, settings: TrustSettings) -> Trust:
        """Read the signing keys. Raises ConfigError where one cannot be had or protects nothing."""
        keys = tuple(key.reveal().encode() for key in settings.signing_keys)
        if problems := [*_unfit(keys), *_not_installed(settings)]:
            raise ConfigError(problems)
        return cls(settings, keys, Resolver() if settings.require == "dkim" else None)

    def __repr__(self) -> str:
        return f"Trust({self.settings!r}, {len(self.keys)} keys)"


def _not_installed(settings: TrustSettings) -> Iterator[Problem]:
    """Found out by looking for the packages, not by loading them."""
    if settings.require != "dkim":
        return
    missing = [name for name in ("dkim", "dns", "cryptography") if find_spec(name) is None]
    if missing:
        message = f"dkim needs packages that are not installed: {', '.join(missing)}"
        yield Problem("trust.require", message, "pip install 'mailhook[dkim]'")


def _unfit(keys: Sequence[bytes]) -> Iterator[Problem]:
    for nth, key in enumerate(keys):
        from mailhook import token

        if reason := token.unfit(key):
            hint = "the signing key as the vendor's dashboard shows it"
            yield Problem(f"trust.signing_keys[{nth}]", reason, hint)
