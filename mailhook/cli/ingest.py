"""ingest: mails that lie in files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from mailhook.cli import options, screen
from mailhook.errors import UnreadableInput
from mailhook.model import Outcome


@click.command()
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.as_json
@click.pass_context
def ingest(ctx: click.Context, paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Read .eml files, and folders of them, into the store.

    The files stay as they are; reading one twice changes nothing. One that is
    larger than `max_message_bytes` of every mailbox is kept with its headers only.
    """
    from mailhook import pipeline
    from mailhook.sources import files
    from mailhook.trust import Trust

    settings = options.settings(ctx)
    listing = files.find(paths)
    problems = list(listing.problems)
    counts: Counter[Outcome] = Counter()
    trust = Trust.of(settings.trust)
    with (
        options.store(settings, "ingest") as store,
        screen.progress(len(listing.files), "mails") as bar,
    ):
        for batch in files.read(listing.files, options.limit_bytes(settings), problems):
            counts.update(pipeline.ingest(batch, store, trust))
            bar.advance(bar.task_ids[0], len(batch.deliveries))
    told = {name.value: counts[name] for name in Outcome if counts[name]}
    if as_json:
        screen.document({"outcomes": told, "errors": problems})
    elif told or not problems:
        click.echo(screen.counted(told))
    if problems:
        raise UnreadableInput("\n".join(map(screen.escaped, problems)))
