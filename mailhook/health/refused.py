"""Refused tokens that look like the vendor's: how many wait to be looked at again.

Anybody can send such tokens, so this is a message and no more: nothing is wrong by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mailhook import times
from mailhook.health.model import Advice
from mailhook.store import Reader
from mailhook.store.unverified import MOST_AGE, MOST_BYTES, MOST_ROWS, SHARE

# By an index alone; those that were looked at again in vain are over and done with.
_SOURCES = """
SELECT count(*) AS tokens, sum(size) AS bytes,
    count(*) FILTER (WHERE rechecked_at IS NULL) AS waiting,
    ifnull(sum(sightings) FILTER (WHERE rechecked_at IS NULL), 0) AS deliveries
FROM unverified_tokens INDEXED BY unverified_tokens_held
WHERE received_at >= ? GROUP BY source
"""

# A restart, for a credential that was exchanged is not read again at a reload.
TODO = (
    "put the new key first in trust.signing_keys, restart mailhook, then `mailhook token recheck`"
)


@dataclass(frozen=True, slots=True)
class RefusedTokens:
    """`tokens` are kept and were not rechecked, of so many `sources`; `deliveries` counts repeats.

    `full`: no more are kept, of anybody or of one source. `kept` counts rechecked ones too.
    """

    tokens: int
    deliveries: int
    sources: int
    kept: int
    full: bool = False

    def in_words(self) -> str:
        """What was refused, and how little that proves."""
        many = self.tokens != 1
        what = f"{self.tokens:,} deliveries were" if many else "1 delivery was"
        whose = f"from {self.sources:,} sources" if self.sources != 1 else "from one source"
        genuine = "if they were genuine" if many else "if it was genuine"
        look = "look" if many else "looks"
        return (
            f"{what} refused that {look} like the vendor's ({whose}; anybody can send such):"
            f" {genuine}, the signing key may have been rotated"
        )


def look(store: Reader, now: datetime) -> RefusedTokens:
    """What is kept at `now`."""
    rows = store.rows(_SOURCES, (times.stored(now - MOST_AGE),))
    waiting = [row for row in rows if row["waiting"]]
    kept, size = sum(row["tokens"] for row in rows), sum(row["bytes"] for row in rows)
    return RefusedTokens(
        tokens=sum(row["waiting"] for row in waiting),
        deliveries=sum(row["deliveries"] for row in waiting),
        sources=len(waiting),
        kept=kept,
        full=_is_full(kept, size, 1.0)
        or any(_is_full(row["tokens"], row["bytes"], SHARE) for row in rows),
    )


def advise(found: RefusedTokens) -> Iterator[Advice]:
    """What to do where the key may be another one now."""
    if found.tokens:
        yield Advice(f"{found.in_words()}; {TODO}", wrong=False, topic="web")
    if found.full:
        words = (
            f"of refused tokens no more are kept, of all or of one source: {found.kept:,} are"
            " there; `mailhook token recheck` makes room, or they go after 7 days"
        )
        yield Advice(words, wrong=False, topic="web")


def _is_full(tokens: int, size: int, share: float) -> bool:
    """Nearly counts: of the bytes, what is left may be too little for the next one."""
    return tokens >= MOST_ROWS * share or size >= 0.95 * MOST_BYTES * share
