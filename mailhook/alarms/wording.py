"""News as people read them: a title, and a line for each thing."""

from __future__ import annotations

from collections.abc import Sequence

from mailhook import times
from mailhook.alarms.course import News

# A message for a telephone; more than that is looked at on the machine itself.
_LINES = 20


def title(news: Sequence[News], machine: str) -> str:
    """One line: on which machine how much calls for a person, and how much is over."""
    over = len(_lines([one for one in news if one.what == "over"]))
    wrong = len(_lines(news)) - over
    needs = f"{wrong} thing needs you" if wrong == 1 else f"{wrong} things need you"
    is_over = f"{over} thing is over" if over == 1 else f"{over} things are over"
    told = ([needs] if wrong else []) + ([is_over] if over else [])
    return f"mailhook on {machine}: {', '.join(told)}"


def body(news: Sequence[News]) -> str:
    """What began and what to do about it, then what is over; plain text, a line each."""
    lines = _lines(sorted(news, key=lambda one: one.what == "over"))
    more = len(lines) - _LINES
    rest = [f"and {more} more: see `mailhook status`"] if more > 0 else []
    return "\n".join(f"- {line}" for line in [*lines[:_LINES], *rest])


def _lines(news: Sequence[News]) -> list[str]:
    """A line for each thing; folders of one mailbox may share theirs."""
    return list(dict.fromkeys(map(_line, news)))


def _line(news: News) -> str:
    since = times.said(news.alarm.since)
    match news.what:
        case "began":
            return f"{news.alarm.words}: {news.advice}"
        case "again":
            return f"again, or worse: {news.alarm.words}: {news.advice}"
        case "over":
            return f"over: {news.alarm.words} (since {since})"
