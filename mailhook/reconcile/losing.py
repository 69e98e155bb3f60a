"""What becomes of the gap that an alert tells of where there is no API to ask: it is lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from mailhook import times
from mailhook.reconcile.healing import is_late, recorded, settle
from mailhook.reconcile.window import begin
from mailhook.store import Reader, Store, healing
from mailhook.store.healing import Gap, Verdict

log = logging.getLogger(__name__)


def lose(store: Store, now: datetime, why: str) -> None:
    """Bring each alert that nobody has resolved up to date.

    `why` there is nobody to ask: a clause.
    """
    with Reader(store.path) as reader:
        judged = [
            (gap, verdict(gap, partial(_told, reader, gap, why), now))
            for gap in healing.gaps(reader, now)
            if gap.state != "resolved"
        ]
    if count := settle(store, judged).count("lost"):
        log.info("gaps that nobody can close: see `mailhook alerts`", extra={"alerts": count})


def verdict(gap: Gap, told: Callable[[], str], now: datetime) -> Verdict:
    """What becomes of the alert, and why in a sentence. Pure.

    `told` says why, and what of that time is recorded. Lost a day after it was last told;
    what is lost keeps its words until it is told again, or there is an API.
    """
    if gap.state == "healed":
        return "healed", gap.healing
    if not is_late(gap.last_seen_at, now):
        return "open", None
    if gap.state == "lost":
        return "lost", gap.healing
    return "lost", f"lost: {told()}"


def _told(reader: Reader, gap: Gap, why: str) -> str:
    shown = times.said(times.parse(begin(gap)) or times.now())
    nobody = f"{why}, so nobody can be asked what was not delivered since {shown}"
    return f"{nobody}; {recorded(reader, gap)}"
