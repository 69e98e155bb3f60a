"""How near the vendor is to switching the hook off: deliveries counted, failures inferred.

Nobody but the vendor knows how many attempts have failed. What is seen from here is
what we answered ourselves, what the vendor's list says, what must have failed before, and
what never came.
"""

from __future__ import annotations

from datetime import datetime

from mailhook.config import Settings
from mailhook.guard.evidence import gathered
from mailhook.guard.reckoning import Standing, reckon
from mailhook.guard.wording import in_words
from mailhook.store import Reader

__all__ = ["Standing", "in_words", "look"]


def look(settings: Settings, store: Reader, now: datetime) -> Standing | None:
    """How the hook stands at `now`; None where no web hooks are awaited."""
    if settings.web is None:
        return None
    return reckon(gathered(settings.guard, store, now), settings.guard)
