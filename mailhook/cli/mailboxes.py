"""check, poll and run: the commands that go to the mailboxes."""

from __future__ import annotations

import sys
import textwrap
import threading
from collections.abc import Sequence

import click

from mailhook import config
from mailhook.cli import screen
from mailhook.cli.options import as_json, store
from mailhook.cli.options import settings as load
from mailhook.config import Settings
from mailhook.errors import ConfigError, Problem
from mailhook.model import Delivery, Outcome


@click.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Say all that is wrong with settings, secrets, mailboxes and store; change nothing."""
    from mailhook.checks import problems, warnings

    try:
        path = config.find(ctx.obj)
        screen.words(f"settings: {screen.escaped(path.absolute())}")
        settings = config.load(path)
    except ConfigError as error:
        found, advice = list(error.problems), []
    else:
        found, advice = problems(settings), warnings(settings)
    for problem in advice:
        screen.words(_wrapped(f"warning: {problem}"))
    for problem in found:
        screen.words(_wrapped(f"wrong: {problem}"))
    if found:
        sys.exit(1)
    count = len(settings.mailboxes)
    noun = "mailbox" if count == 1 else "mailboxes"
    click.echo(f"nothing is wrong: {count} {noun}, store {settings.store.path}")


def _wrapped(told: str) -> str:
    """A problem's lines, escaped, none wider than the terminal where a blank allows it."""
    width = screen.width()
    lines = screen.escaped_lines(told).split("\n")
    return "\n".join(
        textwrap.fill(
            line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
        for line in lines
    )


@click.command()
@as_json
@click.pass_context
def poll(ctx: click.Context, *, as_json: bool) -> None:
    """One round of all mailboxes with its actions, then exit."""
    from mailhook import worker
    from mailhook.trust import Trust

    settings = _sound(ctx)
    counting, mutex = screen.Counting("mails"), threading.Lock()

    def report(_: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        with mutex:
            counting.add(len(outcomes))

    with store(settings, "poll") as opened:
        result = worker.poll(settings, opened, Trust.of(settings.trust), report)
    counting.stop()
    counts = {name.value: result.outcomes.count(name) for name in Outcome}
    told = {name: count for name, count in counts.items() if count}
    if as_json:
        screen.document({"outcomes": told, "errors": [str(error) for error in result.errors]})
    elif told or not result.errors:
        click.echo(screen.counted(told))
    for error in result.errors:
        screen.words(f"mailhook: {screen.escaped_lines(str(error))}")
    sys.exit(result.exit_code)


@click.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    """The service: watch every mailbox until told to stop; take new settings at SIGHUP."""
    from mailhook import log, worker
    from mailhook.trust import Trust

    settings = _sound(ctx)
    log.configure(settings.log, sys.stderr)
    with store(settings, "run") as opened:
        worker.run(settings, opened, Trust.of(settings.trust), lambda: _sound(ctx))


def _sound(ctx: click.Context) -> Settings:
    """The settings of this call. Raises ConfigError with all that `check` would find at home."""
    from mailhook.checks import refuse_faults

    settings = load(ctx)
    _need_mailboxes(settings.mailboxes)
    refuse_faults(settings)
    return settings


def _need_mailboxes(mailboxes: Sequence[object]) -> None:
    if not mailboxes:
        raise ConfigError(
            [Problem("mailboxes", "no mailbox is named", "add one, or use `mailhook ingest`")]
        )
