"""ingest: mails that lie in files, or come by standard input."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from mailhook.cli import options, screen
from mailhook.cli.writing import Alone, writing
from mailhook.config import Settings
from mailhook.errors import UnreadableInput, UsageError
from mailhook.model import Outcome


@click.command()
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path())
@options.as_json
@click.pass_context
def ingest(ctx: click.Context, paths: tuple[str, ...], *, as_json: bool) -> None:
    """Read mails from files and folders into the store.

    A file is one message (.eml) or many (mbox), packed by gzip or not; of a folder
    all .eml, .mbox, .mbx, Maildirs and mailboxes without a suffix below it are read;
    - is standard input. The files stay as they are; reading one twice changes
    nothing. A message that is larger than `max_message_bytes` of every mailbox is
    kept with its headers only. Where the service runs, it stores what is read here.
    """
    from mailhook.control import deliveries
    from mailhook.sources import files

    settings = options.settings(ctx)
    listing = files.find([_named(path) for path in paths])
    report = files.Report(list(listing.problems))
    counts: Counter[str] = Counter()
    with (
        writing(settings, "ingest", lambda: _alone(settings)) as call,
        screen.progress(len(listing.files), "files") as bar,
    ):
        for batch in files.read(listing.files, options.limit_bytes(settings), report):
            raws = [delivery.raw for delivery in batch.deliveries]
            counts.update(call(deliveries.spelled(batch), raws).value["outcomes"])
            bar.update(bar.task_ids[0], completed=report.done)
        bar.update(bar.task_ids[0], completed=report.done)
    told = {name.value: counts[name] for name in Outcome if counts[name]}
    if as_json:
        screen.document({"outcomes": told, "errors": report.problems})
    elif told or not report.problems:
        click.echo(screen.counted(told))
    if report.problems:
        raise UnreadableInput("\n".join(map(screen.escaped, report.problems)))


def _alone(settings: Settings) -> Alone:
    """The storing by this process. Raises ConfigError where a signing key cannot be had."""
    from mailhook.control import commands
    from mailhook.trust import Trust

    trust = Trust.of(settings.trust)
    return lambda store: commands.ingest(store, lambda: trust)


def _named(path: str) -> Path:
    """The path; `-` is standard input, where `./-` is a file."""
    from mailhook.sources import files

    if path != "-":
        return Path(path)
    if sys.stdin and sys.stdin.isatty():
        raise UsageError("- reads standard input, which is a terminal; pipe a mail or mbox into it")
    return files.STDIN
