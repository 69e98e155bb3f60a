"""prune: retention now, instead of when the service would come to it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from mailhook import times
from mailhook.cli import options, screen
from mailhook.cli.writing import writing
from mailhook.config import Settings, StoreSettings
from mailhook.errors import UsageError

if TYPE_CHECKING:
    from mailhook.control.command import Command
    from mailhook.store import Store


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
    which takes twice its size for a while and the store to itself: stop the service
    first. Without --compact, where the service runs, it prunes, by its own settings.
    """
    if dry_run and compact:
        raise UsageError("--dry-run changes nothing, so it cannot be used with --compact")
    settings = options.settings(ctx)
    counts = _foreseen(ctx, settings.store) if dry_run else _pruned(settings, compact=compact)
    if as_json:
        screen.document(counts)
    else:
        done = "would go, nothing was changed" if dry_run else "removed"
        click.echo(f"{done}: {_told(counts)}")


def _foreseen(ctx: click.Context, settings: StoreSettings) -> dict[str, Any]:
    from mailhook.store import pruning

    return asdict(pruning.foresee(options.reader(ctx), settings, times.now()))


def _pruned(settings: Settings, *, compact: bool) -> dict[str, Any]:
    from mailhook.control import commands

    def alone(store: Store) -> Command:
        return commands.prune(store, lambda: settings.store, may_compact=True)

    shown = screen.Counting("rows")
    with writing(settings, "prune", lambda: alone) as call:
        try:
            return call({"compact": compact}, progress=shown.add).value
        finally:
            shown.stop()


def _told(counts: dict[str, Any]) -> str:
    parts = (
        f"bytes of {screen.count(counts['raw'], 'mail')}",
        screen.count(counts["events"], "event"),
        f"{screen.count(counts['deliveries'], 'row')} of deliveries",
    )
    return ", ".join(parts)
