"""The vendor's side of a hook: whether it is switched on, and what its failures bring about."""

from __future__ import annotations

from typing import Literal, TypeAlias

from mailhook.testing.rule import Rule
from mailhook.testing.terms import Terms

Told: TypeAlias = Literal["failing", "disabled"] | None


class Subscription:
    """Switched off where too many attempts fail; on again only by hand."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._rule = Rule(terms.window_seconds)
        self._warned_at: float | None = None
        self.disabled_at: float | None = None

    def note(self, at: float, *, ok: bool) -> Told:
        """Count one attempt; what is to be told to creator and owner because of it."""
        self._rule.note(at, ok=ok)
        share = self._rule.share(at)
        if self.disabled_at is not None or ok:
            return None
        if share > self._terms.disable_ratio:
            self.disabled_at = at
            return "disabled"
        if share > self._terms.failing_ratio and self._may_warn(at):
            self._warned_at = at
            return "failing"
        return None

    def share(self, at: float) -> float:
        """Which share of the attempts of the last window failed."""
        return self._rule.share(at)

    def enable(self) -> bool:
        """Switch it on with a clean sheet; whether it was off."""
        was_off = self.disabled_at is not None
        self._rule.clear()
        self.disabled_at = self._warned_at = None
        return was_off

    def _may_warn(self, at: float) -> bool:
        return self._warned_at is None or at - self._warned_at >= self._terms.window_seconds
