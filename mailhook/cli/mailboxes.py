"""check, poll and run: the commands that go to the mailboxes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

import click

from mailhook.cli import screen
from mailhook.cli.options import settings as load
from mailhook.errors import ConfigError, Problem
from mailhook.model import Delivery, Outcome


@click.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Say all that is wrong with settings, secrets, mailboxes and store; change nothing."""
    from mailhook.checks import problems, warnings

    try:
        settings = load(ctx)
    except ConfigError as error:
        found, advice = list(error.problems), []
    else:
        found, advice = problems(settings), warnings(settings)
    for problem in advice:
        screen.words(f"warning: {screen.escaped_lines(str(problem))}")
    for problem in found:
        screen.words(f"wrong: {screen.escaped_lines(str(problem))}")
    if found:
        sys.exit(1)
    click.echo(f"all is well: {len(settings.mailboxes)} mailboxes, store {settings.store.path}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Counts as JSON.")
@click.pass_context
def poll(ctx: click.Context, *, as_json: bool) -> None:
    """One round of all mailboxes with its actions, then exit."""
    from mailhook import worker
    from mailhook.pipeline import Trust
    from mailhook.store.writer import Store

    settings = load(ctx)
    _need_mailboxes(settings.mailboxes)
    counter = Counter()
    with (
        Store(
            settings.store.path,
            purpose="poll",
            keep_raw=settings.store.raw,
            window_seconds=settings.store.match_window_seconds,
        ) as store,
        counter,
    ):
        result = worker.poll(settings, store, Trust.of(settings.trust), counter.report)
    counts = {
        name.value: result.outcomes.count(name) for name in Outcome if name in result.outcomes
    }
    if as_json:
        screen.lines([{"outcomes": counts, "errors": [str(e) for e in result.errors]}])
    else:
        click.echo(screen.counted(counts))
    for error in result.errors:
        screen.words(f"mailhook: {screen.escaped_lines(str(error))}")
    sys.exit(result.exit_code)


@click.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    """The service: poll every mailbox each `poll_seconds` until told to stop."""
    from mailhook import log, worker
    from mailhook.pipeline import Trust
    from mailhook.store.writer import Store

    settings = load(ctx)
    _need_mailboxes(settings.mailboxes)
    log.configure(settings.log, sys.stderr)
    with Store(
        settings.store.path,
        purpose="run",
        keep_raw=settings.store.raw,
        window_seconds=settings.store.match_window_seconds,
    ) as store:
        worker.run(settings, store, Trust.of(settings.trust))


class Counter:
    """A progress line on stderr that counts what has been committed, from any thread."""

    def __init__(self) -> None:
        self._shown = screen.counting("mails")
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._shown.start()

    def __exit__(self, *_: object) -> None:
        self._shown.stop()

    def report(self, _: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        """Add one batch."""
        with self._lock:
            self._shown.add(len(outcomes))


def _need_mailboxes(mailboxes: Sequence[object]) -> None:
    if not mailboxes:
        raise ConfigError(
            [Problem("mailboxes", "no mailbox is named", "add one, or use `mailhook ingest`")]
        )
