"""Which letters are to be sent now, and what becomes of those that were not delivered; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mailhook.store.warned import Letter

# Seconds to wait after each failure: an hour in all, then a letter is given up.
WAITS = (20, 40, 80, 160, 300, 600, 600, 600, 600, 600)
_LONGEST_WAIT = timedelta(seconds=max(WAITS))
# Between two letters to one target.
_PAUSE = timedelta(minutes=1)
# A target that is gone for days is not to be flooded on its return.
_KEPT = 10


def written(
    letters: Sequence[Letter], targets: Sequence[str], text: tuple[str, str], now: datetime
) -> list[Letter]:
    """The letters with one more to each target, the oldest dropped where there are many."""
    title, body = text
    fresh = [Letter(target, title, body, now, 0, now) for target in targets]
    kept: list[Letter] = []
    for target in targets:
        kept += [one for one in [*letters, *fresh] if one.target == target][-_KEPT:]
    return kept


def due(letters: Sequence[Letter], sent_at: Mapping[str, datetime], now: datetime) -> list[Letter]:
    """The oldest letter to each target, if its time has come.

    `sent_at`: when each target last got one. Times far ahead are those of a clock
    that was set back, and hold nothing up.
    """
    first = {letter.target: letter for letter in reversed(letters)}
    return [
        letter
        for letter in first.values()
        if not timedelta(0) < letter.next_at - now <= _LONGEST_WAIT
        and not _is_just_past(sent_at.get(letter.target), now)
    ]


def failed(letter: Letter, now: datetime) -> Letter | None:
    """The letter as it waits for its next try; None where it has had them all."""
    if letter.tries >= len(WAITS):
        return None
    wait = timedelta(seconds=WAITS[letter.tries])
    return replace(letter, tries=letter.tries + 1, next_at=now + wait)


def _is_just_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and timedelta(0) <= now - moment < _PAUSE
