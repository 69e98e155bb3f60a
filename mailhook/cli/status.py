"""status: one screen that says whether all is well, and what to do if not."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import click

from mailhook import times
from mailhook.cli import options, screen
from mailhook.health import Folder, Health, look
from mailhook.store import Reader


@click.command()
@options.as_json
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """One screen: mailboxes, lag, counts, alerts, quarantine, what to do.

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
    if health.folders:
        screen.table(
            ("mailbox", "folder", "last round trip", "state"),
            (
                (one.mailbox, one.name, ago_in_words(one.beat_at, now), _state(one))
                for one in health.folders
            ),
            cut=("mailbox", "folder", "state"),
        )
    click.echo()
    screen.fields(
        [
            ("today (UTC)", screen.counted(health.today)),
            ("from mail to row", _lag(health)),
            ("alerts open", len(health.alerts)),
            ("in quarantine", screen.counted(health.waiting) if health.waiting else "none"),
        ]
    )
    if health.advice:
        screen.heading("what to do")
        _advise([one.words for one in health.advice], 13 + len(health.folders))


def _advise(sentences: Sequence[str], taken: int) -> None:
    """Print as many sentences as fit below the lines taken of a terminal; piped, all."""
    room = screen.height() - taken if sys.stdout.isatty() else sys.maxsize
    for nth, sentence in enumerate(sentences):
        said = f"- {screen.wrapped(screen.escaped(sentence), '  ')}"
        room -= said.count("\n") + 1
        if nth and room < 0:
            click.echo(f"… and {len(sentences) - nth} more: make the window higher")
            break
        click.echo(said)


def _state(folder: Folder) -> str:
    if folder.error:
        return "failing"
    return f"{folder.queued} mails to be dealt with" if folder.queued else ""


def ago_in_words(moment: datetime | None, now: datetime) -> str:
    """How long before `now` that was: `2 h 5 min ago`, `never`."""
    if moment is None:
        return "never"
    return f"{_duration((now - moment) / timedelta(seconds=1))} ago"


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
