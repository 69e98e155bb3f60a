"""What to do where the vendor fails to deliver its web hooks, before it gives up."""

from __future__ import annotations

from collections.abc import Iterator

from mailhook.guard import Standing, in_words
from mailhook.health.model import Advice

MEND = "look at the log of the server or proxy in front of the endpoint, and at this service's log"
KEYS = (
    "see whether the hook's signing key was changed; once trust.signing_keys has it,"
    " `mailhook token recheck`"
)


def advise(standing: Standing | None) -> Iterator[Advice]:
    """How it stands and what to do about it; of a few failures only that there were some."""
    if standing is None:
        return
    words = f"web hooks: {in_words(standing)}"
    if standing.level:
        keys = f"; {KEYS}" if standing.lookalike else ""
        yield Advice(f"{words}: {MEND}{keys}", topic="guard")
    elif standing.level_if_genuine:
        yield Advice(f"{words}: {KEYS}", topic="guard")
    elif standing.failed:
        yield Advice(words, wrong=False, topic="guard")
