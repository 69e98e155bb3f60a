"""prune: retention now, instead of when the service would come to it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mailhook import times
from mailhook.cli import options, screen
from mailhook.errors import UsageError

if TYPE_CHECKING:
    from mailhook.config import StoreSettings
    from mailhook.store.pruning import Counts


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go; works beside the service.")
@click.option("--compact", is_flag=True, help="Also give all free room in the file back.")
@options.as_json
@click.pass_context
def prune(ctx: click.Context, *, dry_run: bool, compact: bool, as_json: bool) -> None:
    """Remove what is older than the settings allow.

    After `store.raw_days` the bytes of mails go, after `store.event_days` events and
    what came with them; null is never. Mails in quarantine keep their bytes. An event
    that was removed is still known, should it be told again. Room in the file is given
    back bit by bit; a store made by a version without retention needs --compact once,
    which takes twice its size for a while.
    """
    if dry_run and compact:
        raise UsageError("--dry-run changes nothing, so it cannot be used with --compact")
    settings = options.settings(ctx)
    counts = _foreseen(ctx, settings.store) if dry_run else _pruned(ctx, compact=compact)
    if as_json:
        screen.document(asdict(counts))
    else:
        click.echo(f"{_told(counts)}{', nothing was changed' if dry_run else ''}")


def _foreseen(ctx: click.Context, settings: StoreSettings) -> Counts:
    from mailhook.store import pruning

    return pruning.foresee(options.reader(ctx), settings, times.now())


def _pruned(ctx: click.Context, *, compact: bool) -> Counts:
    from mailhook.store import audit, pruning

    settings = options.settings(ctx)
    shown = screen.Counting("rows")
    last = pruning.Counts()

    def show(counts: Counts) -> None:
        nonlocal last
        shown.add(sum(asdict(counts).values()) - sum(asdict(last).values()))
        last = counts

    with options.store(settings, "prune") as store:
        try:
            counts = pruning.prune(store, settings.store, times.now(), show, audit.user())
        finally:
            shown.stop()
        if compact:
            store.compact()
    return counts


def _told(counts: Counts) -> str:
    parts = (
        f"bytes of {screen.count(counts.raw, 'mail')}",
        screen.count(counts.events, "event"),
        f"{screen.count(counts.deliveries, 'row')} of deliveries",
    )
    return ", ".join(parts)
