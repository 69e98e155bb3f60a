"""snapshot and backup: copies of the store, made while the service runs."""

from __future__ import annotations

from pathlib import Path

import click

from mailhook.cli import options, screen
from mailhook.errors import ConfigError, Problem


@click.command()
@click.option("--force", is_flag=True, help="Also when nothing has changed since the last one.")
@click.pass_context
def snapshot(ctx: click.Context, *, force: bool) -> None:
    """Make the copy for analysts now, if anything has changed.

    It goes where `store.snapshot` in the settings says, in place of the last one, whole
    or not at all. The store is only read: this works while the service runs.
    """
    from mailhook.store import copies

    settings = options.settings(ctx)
    wanted = settings.store.snapshot
    if wanted is None:
        hint = "add to store: in the settings: snapshot: {path: snapshot.db, group: analysts}"
        raise ConfigError([Problem("store.snapshot", "is not set, so there is no place", hint)])
    if copies.snapshot(settings.store.path, wanted, force=force):
        screen.words(f"copied to {screen.escaped(wanted.path)}")
    else:
        screen.words(f"{screen.escaped(wanted.path)} is up to date")


@click.command()
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@click.pass_context
def backup(ctx: click.Context, path: Path) -> None:
    """Copy the store to a file, checked from end to end.

    The file is private (mode 600) and holds all the store holds: to restore it, stop
    the service and put it in the store's place. An earlier copy at PATH is replaced, so
    that a nightly job may use one name; anything else there is refused. If it fails,
    what was at PATH stays. The store is only read: this works while the service runs.
    """
    from mailhook.store import copies

    copies.backup(options.settings(ctx).store.path, path)
    screen.words(f"copied to {screen.escaped(path)}, and checked")
