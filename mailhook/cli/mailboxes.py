"""check and poll: the commands that go to the mailboxes once."""

from __future__ import annotations

import sys
import textwrap
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mailhook import config
from mailhook.cli import screen
from mailhook.cli.options import as_json
from mailhook.cli.options import settings as settings_of
from mailhook.cli.writing import Alone, writing
from mailhook.config import Settings
from mailhook.errors import ConfigError, Problem
from mailhook.model import Delivery, Outcome

if TYPE_CHECKING:
    from mailhook.control.command import Progress
    from mailhook.control.commands import Round
    from mailhook.store import Store


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
    """One round of all mailboxes with its actions, then exit.

    With `api` in the settings the vendor is asked after it, where that is due. Where the
    service runs, it does the round.
    """
    settings = settings_of(ctx)
    _need_mailboxes(settings.mailboxes)
    counting = screen.Counting("mails")
    with writing(settings, "poll", lambda: _alone(settings)) as call:
        result = call({}, progress=counting.add)
    counting.stop()
    told, errors = result.value["outcomes"], result.value["errors"]
    if as_json:
        screen.document(result.value)
    elif told or not errors:
        click.echo(screen.counted(told))
    for error in errors:
        screen.words(f"mailhook: {screen.escaped_lines(error)}")
    sys.exit(result.exit_code)


def _alone(settings: Settings) -> Alone:
    """The round by this process. Raises ConfigError with all that `check` would find at home."""
    from mailhook.checks import refuse_faults
    from mailhook.control import commands
    from mailhook.trust import Trust
    from mailhook.worker import polling

    refuse_faults(settings)
    trust, mutex = Trust.of(settings.trust), threading.Lock()

    def poll(store: Store, progress: Progress) -> Round:
        def report(_: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
            with mutex:
                progress(len(outcomes))

        return polling.poll(settings, store, trust, report)

    return lambda store: commands.poll(lambda progress: poll(store, progress))


def _need_mailboxes(mailboxes: Sequence[object]) -> None:
    if not mailboxes:
        raise ConfigError(
            [Problem("mailboxes", "no mailbox is named", "add one, or use `mailhook ingest`")]
        )
