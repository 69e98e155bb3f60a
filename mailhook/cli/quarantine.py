"""quarantine: what was kept but not believed or not understood."""

from __future__ import annotations

import sys
from typing import Any

import click

from mailhook import advice
from mailhook.cli import arrivals, hands, options, screen
from mailhook.cli.options import as_json, reader
from mailhook.errors import UnreadableInput, UsageError
from mailhook.store.reader import Filters

_SHOWN_CHARS = 4000


@click.group()
def quarantine() -> None:
    """What waits for a person: kept with its bytes, but no event yet.

    What the settings are to blame for is brought in by `mailhook replay --quarantined`,
    once they are mended.
    """


quarantine.add_command(hands.release)
quarantine.add_command(hands.drop)


@quarantine.command("list")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most so many.")
@as_json
@click.pass_context
def list_(ctx: click.Context, limit: int | None, *, as_json: bool) -> None:
    """List what is in quarantine, the newest first; times are UTC."""
    rows = reader(ctx).deliveries(Filters(limit=limit), attention=True)
    if as_json:
        screen.array(rows)
        return
    screen.table(
        ("id", "received", "by", "sender", "reason"),
        (
            (
                row["id"],
                screen.moment(row["received_at"]),
                row["channel"],
                arrivals.sender(row),
                _reason(row),
            )
            for row in screen.newest(rows, limit)
        ),
        cut=("sender",),
        folded=("reason",),
        gap=1,
    )


@quarantine.command()
@click.argument("delivery_id", metavar="ID", type=int)
@click.option("--raw", "wants_raw", is_flag=True, help="The bytes as they came, nothing else.")
@as_json
@click.pass_context
def show(ctx: click.Context, delivery_id: int, *, wants_raw: bool, as_json: bool) -> None:
    """Show one delivery: what is known of it, why it waits, and its text."""
    row = reader(ctx).delivery(delivery_id)
    if row is None:
        raise UsageError(f"there is no delivery {delivery_id}; `quarantine list` shows what waits")
    raw: bytes | None = row.pop("raw")
    if wants_raw:
        _give(raw)
        return
    tag = options.tag(ctx)
    raw = tag.blanked(raw) if tag and raw else raw
    if as_json:
        screen.document(row | {"raw": raw.decode("utf-8", "replace") if raw else None})
    else:
        _shown(row, raw)


def _give(raw: bytes | None) -> None:
    if raw is None:
        raise UnreadableInput("its bytes are not kept any more")
    if sys.stdout.isatty():
        raise UsageError("these bytes could steer your terminal: send them to a file or a pipe")
    sys.stdout.buffer.write(raw)


def _shown(row: dict[str, Any], raw: bytes | None) -> None:
    told = row | {
        "events": ", ".join(row["events"]),
        "advice": advice.on(row["reason"], row["channel"]),
    }
    screen.fields((name.replace("_", " "), value) for name, value in told.items() if value)
    if raw is None:
        screen.words("its bytes are not kept any more")
        return
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    screen.heading("as it came")
    click.echo(screen.escaped_lines(text[:_SHOWN_CHARS]))
    if len(text) > _SHOWN_CHARS:
        screen.words(f"… {len(text) - _SHOWN_CHARS:,} characters more; --raw gives all")
    screen.words(f"\nstep by step: mailhook explain {row['id']}")


def _reason(row: dict[str, Any]) -> str:
    if row["reason"]:
        return str(row["reason"])
    return f"{row['unread']} more in it not understood"
