"""events, deliveries and catalog: what there is, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from mailhook.cli import arrivals, screen
from mailhook.cli.options import as_json, filtering, reader
from mailhook.store import Filters

if TYPE_CHECKING:
    from mailhook.catalog import EventInfo

Row = dict[str, Any]
Columns = dict[str, Callable[[Row], object]]


@click.command()
@filtering
@as_json
@click.pass_context
def events(ctx: click.Context, filters: Filters, *, as_json: bool) -> None:
    """List events, the newest first; times are UTC."""
    rows = reader(ctx).events(filters)
    if as_json:
        screen.array(rows)
        return
    shown = screen.newest(rows, filters.limit)
    columns: Columns = {"time": _time, "event": _event, "subject": _subject}
    if any(row["authenticity"] == "unverified" for row in shown):
        columns["proof"] = lambda row: row["authenticity"]
    # One blank between columns: a time, a name and an id are just 80 columns wide.
    _table(columns, shown, cut=("event",), gap=1)


@click.command()
@filtering
@as_json
@click.pass_context
def deliveries(ctx: click.Context, filters: Filters, *, as_json: bool) -> None:
    """List what arrived and what became of it, the newest first; times are UTC."""
    rows = reader(ctx).deliveries(filters)
    if as_json:
        screen.array(rows)
        return
    _table(
        {
            "id": lambda row: row["id"],
            "received": lambda row: screen.moment(row["received_at"]),
            "by": lambda row: row["channel"],
            "outcome": lambda row: row["outcome"],
            "sender": lambda row: row["sender"],
            "subject": arrivals.subject,
        },
        screen.newest(rows, filters.limit),
        cut=("sender", "subject"),
        gap=1,
    )


@click.command()
@click.option("--product", metavar="WORD", help="Only of this product: checks, …")
@click.option("--type", "type_name", metavar="WORD", help="Only of this type: check, …")
@click.option("--action", metavar="WORD", help="Only this: finished, succeeded, …")
@as_json
def catalog(
    product: str | None, type_name: str | None, action: str | None, *, as_json: bool
) -> None:
    """Show the events mailhook knows by name; others pass through as they are.

    For a single event its variables are shown with the labels that mails use.
    """
    from mailhook.catalog import load

    known = [
        event
        for event in load().events
        if product in {None, event.product}
        and type_name in {None, event.type}
        and action in {None, event.action.name}
    ]
    if as_json:
        screen.array(map(_catalogued, known))
        return
    screen.table(
        ("event", "rule at the vendor", "repeats", "final"),
        (
            (
                f"{event.type}.{event.action.name}",
                event.rule,
                "yes" if event.action.repeats else "",
                "yes" if event.action.final else "",
            )
            for event in known
        ),
        folded=("rule at the vendor",),
        gap=1,
    )
    if len(known) == 1 and known[0].variables:
        screen.heading("its variables")
        screen.table(
            ("label", "member of object", "kind"),
            ((one.label, one.field, one.kind) for one in known[0].variables),
        )


def _table(columns: Columns, rows: Iterable[Row], **layout: Any) -> None:  # noqa: ANN401 - screen's
    """Print rows by their columns' functions."""
    cells = ([show(row) for show in columns.values()] for row in rows)
    screen.table(tuple(columns), cells, **layout)


def _time(row: Row) -> str:
    return screen.moment(row["occurred_at"])


def _event(row: Row) -> str:
    return f"{row['event_type']}.{row['event_action']}"


def _subject(row: Row) -> str:
    return str(row["subject_id"] or row["truora_id"] or "")


def _catalogued(event: EventInfo) -> Row:
    return {
        "product": event.product,
        "event_type": event.type,
        "event_action": event.action.name,
        "rule": event.rule,
        "legacy": event.legacy,
        "repeats": event.action.repeats,
        "final": event.action.final,
        "follows_final": event.action.follows_final,
        "rank": event.action.rank,
        "id_fields": list(event.id_fields),
        "variables": [
            {"label": one.label, "field": one.field, "kind": one.kind} for one in event.variables
        ],
    }
