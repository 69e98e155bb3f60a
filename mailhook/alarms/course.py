"""The course of an alarm, pure: begun, told, told again as it gets worse, over.

Nothing is told that does not last, nothing is called over that may come back at
once, and what comes and goes all day is called over less and less quickly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from mailhook.alarms.conditions import Condition
from mailhook.store.warned import Alarm

# What is wrong for so long is told; up to so long it waits for what has begun meanwhile,
# for one failing network is ten silent mailboxes.
_HOLD, _GATHER = timedelta(seconds=30), timedelta(minutes=1)
# Well for so long is over; twice as long each time it began again within a day.
_CALM, _LONGEST_CALM = timedelta(minutes=5), timedelta(hours=4)
_DAY = timedelta(days=1)
# Between two letters.
_PAUSE = timedelta(minutes=1)

Alarms = Mapping[str, Alarm]


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell; `advice` where it is not over."""

    what: Literal["began", "again", "over"]
    alarm: Alarm
    advice: str = ""


def step(
    alarms: Alarms, conditions: Iterable[Condition], now: datetime
) -> tuple[dict[str, Alarm], list[News]]:
    """The alarms as they stand now, and what people are to be told, which counts as told.

    News come at most once a minute, all that there are at once. A clock set back
    delays them by a minute at most.
    """
    seen = {condition.name: condition for condition in conditions}
    after = {}
    for name in {**alarms, **seen}:
        alarm = _carried(alarms.get(name), seen.get(name), now)
        if alarm:
            after[name] = alarm
    if any(one.told_at and now - one.told_at < _PAUSE for one in after.values()):
        return after, []
    news = _gathered(list(_news(after, seen, now)), now)
    return after | {one.alarm.name: _told(one, now) for one in news}, news


def _carried(alarm: Alarm | None, condition: Condition | None, now: datetime) -> Alarm | None:
    """The alarm, a moment later; None where there is nothing to remember."""
    alarm = _by_this_clock(alarm, now) if alarm else None
    if condition and (alarm is None or alarm.over_at):
        return _begun(alarm, condition, now) if condition.begins else alarm
    if condition and alarm:
        return _lasting(alarm, condition)
    if alarm and alarm.over_at:
        return alarm if now - alarm.over_at < _DAY else None
    if alarm and alarm.told_level:
        return replace(alarm, well_since=alarm.well_since or now)
    # It has gone before anybody was told.
    return replace(alarm, over_at=now) if alarm and alarm.told_at else None


def _by_this_clock(alarm: Alarm, now: datetime) -> Alarm:
    """The alarm without times to come: the clock may have been set back."""
    return replace(
        alarm,
        since=min(alarm.since, now),
        told_at=alarm.told_at and min(alarm.told_at, now),
        well_since=alarm.well_since and min(alarm.well_since, now),
        over_at=alarm.over_at and min(alarm.over_at, now),
    )


def _begun(before: Alarm | None, condition: Condition, now: datetime) -> Alarm:
    alarm = Alarm(condition.name, condition.words, condition.level, now)
    return replace(alarm, told_at=before.told_at, flaps=before.flaps + 1) if before else alarm


def _lasting(alarm: Alarm, condition: Condition) -> Alarm:
    worse = condition.begins and condition.level > alarm.level
    level, words = (condition.level, condition.words) if worse else (alarm.level, alarm.words)
    return replace(alarm, level=level, words=words, well_since=None)


def _news(alarms: Alarms, seen: Mapping[str, Condition], now: datetime) -> Iterator[News]:
    """What people do not know yet, be it new or not lasting yet."""
    for alarm in alarms.values():
        condition = seen.get(alarm.name)
        if alarm.over_at:
            continue
        if condition is None:
            if alarm.well_since and now - alarm.well_since >= _calm(alarm.flaps):
                yield News("over", alarm)
        elif condition.begins and alarm.told_level < alarm.level:
            yield News("again" if alarm.told_level else "began", alarm, condition.advice)


def _gathered(news: list[News], now: datetime) -> list[News]:
    """The news that have lasted; none while others are about to."""
    lasting = [one for one in news if _age(one, now) >= _HOLD]
    if len(lasting) < len(news) and all(_age(one, now) < _GATHER for one in lasting):
        return []
    return lasting


def _age(news: News, now: datetime) -> timedelta:
    return now - news.alarm.since


def _told(news: News, now: datetime) -> Alarm:
    if news.what == "over":
        return replace(news.alarm, told_level=0, told_at=now, over_at=now, well_since=None)
    return replace(news.alarm, told_level=news.alarm.level, told_at=now)


def _calm(flaps: int) -> timedelta:
    return min(_CALM * (1 << min(flaps, 10)), _LONGEST_CALM)
