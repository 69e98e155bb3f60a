"""What `examine` believes: settings, and the keys they refer to, revealed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from mailhook import tag
from mailhook.authenticity import Lookup
from mailhook.authenticity.resolver import Resolver
from mailhook.config import TrustSettings
from mailhook.errors import ConfigError, Problem
from mailhook.tag import Tag


@dataclass(frozen=True, slots=True)
class Trust:
    """Who may say so; `keys` are the signing keys, newest first.

    `lookup` asks DNS for the keys of DKIM signatures; None where none are checked.
    `tag`, where set, stands before each labelled line that counts.
    """

    settings: TrustSettings
    keys: tuple[bytes, ...] = ()
    lookup: Lookup | None = None
    tag: Tag | None = None

    @classmethod
    def of(cls, settings: TrustSettings) -> Trust:
        """Read what is secret. Raises ConfigError where one cannot be had or protects nothing."""
        keys = tuple(key.reveal().encode() for key in settings.signing_keys)
        word = settings.tag.reveal() if settings.tag else None
        if problems := [*_unfit(keys), *_unfit_tag(word), *_not_installed(settings)]:
            raise ConfigError(problems)
        lookup = Resolver() if settings.require == "dkim" else None
        return cls(settings, keys, lookup, Tag(word) if word else None)

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


def _unfit_tag(word: str | None) -> Iterator[Problem]:
    if word is not None and (reason := tag.unfit(word)):
        yield Problem("trust.tag", reason, "such as the output of: openssl rand -hex 16")


def _unfit(keys: Sequence[bytes]) -> Iterator[Problem]:
    for nth, key in enumerate(keys):
        from mailhook import signing_keys

        if reason := signing_keys.unfit(key):
            hint = "the signing key as the vendor's dashboard shows it"
            yield Problem(f"trust.signing_keys[{nth}]", reason, hint)
