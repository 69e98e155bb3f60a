"""What to do where the vendor fails to deliver its web hooks, before it gives up."""

from __future__ import annotations

from collections.abc import Iterator

from mailhook.guard import Standing, in_words
from mailhook.health.model import Advice

_MEND = "look at the log of the server or proxy in front of the endpoint, and at this service's log"
_WHICH = "`mailhook query not-by-web` lists the events that came by another road only"
_KEYS = (
    "see whether the hook's signing key was changed; once trust.signing_keys has it,"
    " `mailhook token recheck`"
)


def advise(standing: Standing | None) -> Iterator[Advice]:
    """How it stands and what to do about it; of a few failures only that there were some."""
    if standing and standing.level:
        yield Advice(f"web hooks: {advice(standing)}", topic="guard")
    elif standing and standing.failed:
        yield Advice(f"web hooks: {in_words(standing)}", wrong=False, topic="guard")


def advice(standing: Standing) -> str:
    """How it stands, and where to look."""
    which = [_WHICH] if standing.unseen else []
    keys = [_KEYS] if standing.lookalike else []
    return "; ".join([in_words(standing), _MEND, *which, *keys])
