"""What becomes of the gap that an alert tells of where there is no API to ask: it is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from mailhook import times
from mailhook.reconcile.healing import begin, is_late, recorded
from mailhook.store import Reader, Store, healing, listings
from mailhook.store.healing import Gap, State


def lose(store: Store, now: datetime, why: str) -> int:
    """Bring each alert that nobody has resolved up to date; how many are lost since.

    `why` there is nobody to ask: a clause.
    """
    with Reader(store.path) as reader:
        read_at = listings.last_read_at(reader)
        gaps = {gap.id: gap for gap in healing.gaps(reader)}
        verdicts = {
            number: verdict(gap, read_at, partial(_told, reader, gap, why), now)
            for number, gap in gaps.items()
        }
    changed = {
        number: one
        for number, one in verdicts.items()
        if one != (gaps[number].state, gaps[number].healing)
    }
    if changed:
        store.write(lambda connection, _: healing.settle(connection, changed))
    return sum(state == "lost" for state, _ in changed.values())


def verdict(
    gap: Gap, read_at: str | None, told: Callable[[], str], now: datetime
) -> tuple[State, str | None]:
    """What becomes of the alert, and why in a sentence. Pure.

    `read_at` is when a list was last read that came to its end, while there was an API;
    `told` says why, and what of that time is recorded. Lost a day after it was last told;
    what is lost keeps its words until it is told again, or there is an API.
    """
    if gap.state == "healed" and read_at and read_at >= gap.last_seen_at:
        return "healed", gap.healing
    if not is_late(gap.last_seen_at, now):
        return "open", None
    if gap.state == "lost":
        return "lost", gap.healing
    return "lost", f"lost: {told()}"


def _told(reader: Reader, gap: Gap, why: str) -> str:
    shown = times.short(times.parse(begin(gap)) or times.now())
    nobody = f"{why}, so nobody can be asked what was not delivered since {shown}"
    return f"{nobody}; {recorded(reader, gap)}"
