"""reconcile: ask the vendor's API what was missed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from mailhook import times
from mailhook.cli import options, screen
from mailhook.cli.writing import Alone, writing
from mailhook.config import Settings
from mailhook.errors import ConfigError, Problem
from mailhook.model import Json

if TYPE_CHECKING:
    from mailhook.control.command import Progress
    from mailhook.reconcile import Report
    from mailhook.store import Store

_FAILED = "not understood: see `mailhook quarantine list`"


@click.command()
@click.argument("only", metavar="[HIK...]", nargs=-1)
@click.option(
    "--since",
    type=options.Since(),
    help="All that happened since: 2026-08-03, a time, or 30m, 24h, 7d, 2w ago.",
)
@options.as_json
@click.pass_context
def reconcile(
    ctx: click.Context, only: tuple[str, ...], since: datetime | None, *, as_json: bool
) -> None:
    """Ask the vendor's API for the events that did not come, and for what they left open.

    Without --since from where it was last read to its end, the first time all 60 days
    that the API lists. What is known stays as it is; what was only mentioned, or ended
    without saying how, is completed. Broken off, it goes on where it was. Where the
    service runs, it asks, by its own settings.

    With idempotency keys (HIK…) it asks for just these events.
    """
    if only and since:
        raise click.UsageError("--since is for the list; with idempotency keys it has no meaning")
    settings = options.settings(ctx)
    if settings.api is None:
        hint = "api: {key: {credential: truora-api-key}}; see docs/api.md"
        raise ConfigError([Problem("api", "is not set, so there is nobody to ask", hint)])
    request: dict[str, Json] = {"since": times.stored(since) if since else None, "only": list(only)}
    shown = screen.Counting("events")
    with writing(settings, "reconcile", lambda: _alone(settings)) as call:
        try:
            done = call(request, progress=shown.add)
        finally:
            shown.stop()
    if as_json:
        screen.document(done.value)
    for error in done.value["errors"]:
        screen.words(screen.escaped(f"asking the vendor's API: {error}"))
    if not as_json:
        for line in _told_of(only, done.value) if only else _told(done.value):
            click.echo(line)
        if not (only or done.value["is_whole"]):
            click.echo(f"the list was not read to its end; {_then(done.exit_code)}")
    sys.exit(done.exit_code)


def _alone(settings: Settings) -> Alone:
    """The work by this process. Raises ConfigError where a key cannot be had."""
    from mailhook.control import commands
    from mailhook.reconcile import reconcile
    from mailhook.trust import Trust

    trust = Trust.of(settings.trust)

    def ask(
        store: Store, since: datetime | None, only: Sequence[str], progress: Progress
    ) -> Report:
        store.heed(settings)
        return reconcile(settings, store, trust, since=since, only=only, progress=progress)

    return lambda store: commands.reconcile(partial(ask, store))


def _told_of(only: Sequence[str], done: dict[str, Any]) -> Iterator[str]:
    """What became of each that was asked for."""
    asked = screen.count(len(set(only)), "event")
    yield f"{asked} asked for: {done['known']:,} known, {done['new']:,} new"
    if done["failed"]:
        yield f"{screen.count(done['failed'], 'event')} {_FAILED}"
    for key in done["unlisted"]:
        yield f"{screen.escaped(key)}: the API has no such event"


def _told(done: dict[str, Any]) -> Iterator[str]:
    """What was done, what that means, and how far it has come; what is none is not spoken of."""
    events, pages = screen.count(done["listed"], "event"), screen.count(done["pages"], "page")
    yield f"{events} listed on {pages}, {screen.count(done['requests'], 'request')} made"
    if done["listed"] or done["is_whole"]:
        brought = ": no other road had brought them" if done["new"] else ""
        yield f"{done['known']:,} known, {done['new']:,} new{brought}"
    words = {
        "failed": _FAILED,
        "completed": "completed by what the API says of the subject",
        "gone": "whose subject the API does not know",
        "unanswered": "to which no fitting answer came",
        "waiting": "to be completed another time",
    }
    for name, said in words.items():
        if done[name]:
            yield f"{screen.count(done[name], 'event')} {said}"
    if done["healed"]:
        yield f"the gap of {screen.count(done['healed'], 'alert')} is closed: `mailhook alerts`"
    if done["gap"]:
        yield done["gap"]
    until = times.parse(done["read_until"] or "")
    if done["is_whole"] and until:
        yield f"all that was listed up to {times.said(until)} is recorded"


def _then(exit_code: int) -> str:
    """When the rest of the list will be read."""
    mended = " once that is mended" if exit_code == ConfigError.exit_code else ""
    return f"the next run goes on{mended}"
