"""status: one screen that says whether all is well, and what to do if not."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import click

from mailhook import guard, times
from mailhook.cli import options, screen
from mailhook.health import Asked, Folder, Health, in_words, look, room
from mailhook.silence import Silence
from mailhook.store import Reader

# Lines of a screen: title, blank and prompt; head of the table and blank; blank and heading.
_FRAME, _TABLE_FRAME, _ADVICE_FRAME = 3, 3, 2
# What advice is left at least, where the folders are many.
_FEW = 5
# Figures stand so far from the edge.
_INDENT = " " * 18
# In this order where not all folders fit.
_URGENCY = ("failing", "silent", "never", "well")


@click.command()
@options.as_json
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """One screen: service, mailboxes, lag, counts, alerts, quarantine, disk, what to do.

    Exits 1 where something is wrong.
    """
    settings = options.settings(ctx)
    now = times.now()
    with Reader(settings.store.path) as store:
        health = look(settings, store, now)
    if as_json:
        screen.document({"is_well": health.is_well, **asdict(health)})
    else:
        _show(health, now)
    sys.exit(0 if health.is_well else 1)


def _show(health: Health, now: datetime) -> None:
    click.secho("all is well" if health.is_well else "something is wrong", bold=True)
    click.echo()
    figures = list(_figures(health, now))
    room = screen.height() - _FRAME if sys.stdout.isatty() else sys.maxsize
    room -= sum(screen.wrapped(str(value), _INDENT).count("\n") + 1 for _, value in figures)
    room -= _TABLE_FRAME * bool(health.folders) + _ADVICE_FRAME * bool(health.advice)
    if health.folders:
        room -= _show_folders(health.folders, now, room - min(2 * len(health.advice), _FEW))
        click.echo()
    screen.fields(figures)
    if health.advice:
        screen.heading("what to do")
        _advise([one.words for one in health.advice], room)


def _show_folders(folders: Sequence[Folder], now: datetime, room: int) -> int:
    """A table of the folders, those in trouble first if there is no room for all; its lines."""
    fit = max(1, room - 1)
    shown = folders if len(folders) <= room else sorted(folders, key=_urgency)[:fit]
    screen.table(
        ("mailbox", "folder", "last round trip", "state"),
        (
            (one.mailbox, one.name, ago_in_words(one.beat_at, now), _state(one, now))
            for one in shown
        ),
        cut=("mailbox", "folder", "state"),
    )
    rest = [one for one in folders if one not in shown]
    if rest:
        ill = sum(one.state != "well" for one in rest)
        said = f"of which {ill} not well" if ill else "all well"
        click.echo(f"… and {len(rest)} more, {said}: --json shows them")
    return len(shown) + bool(rest)


def _urgency(folder: Folder) -> int:
    return _URGENCY.index(folder.state)


def _figures(health: Health, now: datetime) -> Iterator[tuple[str, object]]:
    if health.folders or health.service.state != "none":
        yield "service", _service(health, now)
    yield "today (UTC)", screen.counted(health.today)
    yield "from mail to row", _lag(health)
    if health.guard:
        yield "web", guard.in_words(health.guard)
    if health.api:
        yield "api", _asked(health.api, now)
    yield "alerts open", len(health.alerts)
    yield "in quarantine", screen.counted(health.waiting) if health.waiting else "none"
    for nth, one in enumerate(health.expected):
        yield "" if nth else "expected", _expected(one, now)
    if health.room:
        short = f"; disk: {room.left(health.room)}" if room.is_short(health.room) else ""
        yield "store", f"{in_words(health.room.store_bytes)}{short}"


def _asked(asked: Asked, now: datetime) -> str:
    """`list read 3 min ago; 8,100 events to be completed`."""
    waits = f"; {screen.count(asked.waiting, 'event')} to be completed" if asked.waiting else ""
    return f"list read {ago_in_words(asked.read_at, now)}{waits}"


def _expected(one: Silence, now: datetime) -> str:
    """`checks: last 3 h ago, expected within 24 h`."""
    last = f"last {ago_in_words(one.last_at, now)}" if one.last_at else "never seen"
    if not one.expected:
        return f"{one.product}: {last}, not enough history yet"
    silent = ": silent" if one.state == "silent" else ""
    return f"{one.product}: {last}, expected {one.expected}{silent}"


def _service(health: Health, now: datetime) -> str:
    match health.service.state:
        case "running":
            return f"running, wrote {ago_in_words(health.service.beat_at, now)}"
        case "stopped":
            what = "stopped" if health.service.took_leave else "no sign of it; wrote"
            return f"{what} {ago_in_words(health.service.beat_at, now)}"
    return "none; polled by hand or by a timer"


def _advise(sentences: Sequence[str], room: int) -> None:
    """Print as many sentences as fit into so many lines, one at least, and how many do not."""
    for nth, sentence in enumerate(sentences):
        said = f"- {screen.wrapped(screen.escaped(sentence), '  ')}"
        room -= said.count("\n") + 1
        if nth and room < (nth + 1 < len(sentences)):
            click.echo(f"… and {len(sentences) - nth} more: `mailhook status | less` shows them")
            break
        click.echo(said)


def _state(folder: Folder, now: datetime) -> str:
    if folder.state == "failing" and folder.failing_since:
        return f"failing for {_duration((now - folder.failing_since) / timedelta(seconds=1))}"
    if folder.state != "well":
        return folder.state
    return f"{folder.queued} mails to be dealt with" if folder.queued else ""


def ago_in_words(moment: datetime | None, now: datetime) -> str:
    """How long before `now` that was: `2 h 5 min ago`, `never`; `in 3 h` of a clock set back."""
    if moment is None:
        return "never"
    seconds = (now - moment) / timedelta(seconds=1)
    if seconds <= -60:  # noqa: PLR2004 - a minute
        return f"in {_duration(-seconds)}"
    return f"{_duration(seconds)} ago"


def _lag(health: Health) -> str:
    if health.lag_seconds is None:
        return "no mail today"
    median, longest = map(_duration, health.lag_seconds)
    return f"{median} (median), {longest} at most"


def _duration(seconds: float) -> str:
    """The largest two units: `3 s`, `12 min`, `2 h 5 min`, `4 d 3 h`."""
    whole = max(0, round(seconds))
    for size, name, below, small in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {name}" + (f" {rest} {small}" if rest else "")
    return f"{whole // 60} min" if whole >= 60 else f"{whole} s"  # noqa: PLR2004 - a minute
