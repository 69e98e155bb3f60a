"""alerts: what the vendor says of the delivery of hooks, and that it was seen to."""

from __future__ import annotations

from typing import Any

import click

from mailhook.cli import options, screen
from mailhook.cli.writing import Alone, writing
from mailhook.store import Filters

_CLOSED_BY = {
    "hand": "by hand",
    "mail": "by a mail: it is enabled again",
    "web": "by web hooks that came since",
}


@click.group(invoke_without_command=True)
@options.filtering
@options.as_json
@click.pass_context
def alerts(ctx: click.Context, filters: Filters, *, as_json: bool) -> None:
    """List alerts about the delivery of hooks, the newest first."""
    if ctx.invoked_subcommand:
        return
    rows = options.reader(ctx).alerts(filters)
    if as_json:
        screen.array(rows)
        return
    shown = screen.newest(rows, filters.limit)
    screen.table(
        ("id", "last seen", "kind", "state", "mails", "endpoint"),
        (
            (
                row["id"],
                screen.moment(row["last_seen_at"]),
                row["kind"],
                _state(row),
                row["sightings"],
                row["endpoint"],
            )
            for row in shown
        ),
        folded=("state", "endpoint"),
    )
    for row in shown:
        if row["healing"]:
            click.echo(screen.wrapped(f"{row['id']}: {screen.escaped(row['healing'])}", "   "))


def _state(row: dict[str, Any]) -> str:
    """The state, and in words what has closed it."""
    closed_by = _CLOSED_BY.get(row["resolved_by"], "")
    return f"{row['state']} {closed_by}".strip()


@alerts.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True, type=click.IntRange(1))
@click.option("--why", metavar="TEXT", help="In your words, for the table `audit`.")
@click.pass_context
def resolve(ctx: click.Context, ids: tuple[int, ...], why: str | None) -> None:
    """Say that these alerts were seen to: `status` speaks of them no more.

    If the vendor writes of one again, that is a new alert.
    """
    settings = options.settings(ctx)
    with writing(settings, "alerts resolve", _alone) as call:
        call({"ids": list(ids), "why": why})
    click.echo(screen.count(len(ids), "alert") + " resolved")


def _alone() -> Alone:
    from mailhook.control import commands

    return commands.resolve
