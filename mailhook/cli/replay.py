"""replay: stored bytes examined again by today's rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from mailhook import times
from mailhook.cli import options, screen
from mailhook.cli.writing import Alone, writing
from mailhook.config import Settings
from mailhook.errors import UsageError

if TYPE_CHECKING:
    from mailhook.control.command import Request
    from mailhook.replay import Page
    from mailhook.store.again import Change
    from mailhook.store.kept import Kept

_SHOWN = 50


@click.command()
@click.option("--quarantined", is_flag=True, help="Only what waits for a person.")
@click.option(
    "--since",
    type=options.Since(),
    help="Only what arrived since: 2026-08-03, a time, or 30m, 24h, 7d, 2w ago.",
)
@click.option("--reader-version", metavar="V", help="Only what this version of mailhook read.")
@click.option("--diff", is_flag=True, help="Show what would change; works beside the service.")
@click.option("--anew", is_flag=True, help="From the first on, even if one was broken off.")
@options.as_json
@click.pass_context
def replay(  # noqa: PLR0913 - click's options
    ctx: click.Context,
    since: datetime | None,
    reader_version: str | None,
    *,
    quarantined: bool,
    diff: bool,
    anew: bool,
    as_json: bool,
) -> None:
    """Examine stored deliveries again, by today's rules and settings.

    What was held and is believed today is recorded, at its own time; what was unproven
    and is proven today becomes verified. No event is ever taken away or told twice: what
    today's rules would not read any more is shown by --diff, and left. Broken off, it
    goes on where it was. Those whose bytes are not kept any more are only counted.
    Where the service runs, it does the work, by its own settings.
    """
    if diff and anew:
        raise UsageError("--diff changes nothing, so it cannot be used with --anew")
    settings = options.settings(ctx)
    request: dict[str, Any] = {
        "quarantined": quarantined,
        "since": times.stored(since) if since else None,
        "reader_version": reader_version,
        "anew": anew,
    }
    if diff:
        _show_differences(ctx, settings, request, as_json=as_json)
        return
    counts = _replayed(settings, request)
    if as_json:
        screen.document(counts)
    else:
        click.echo(_told(counts))


def _replayed(settings: Settings, request: Request) -> dict[str, Any]:
    shown = screen.Counting("examined")
    with writing(settings, "replay", lambda: _alone(settings)) as call:
        try:
            return call(request, progress=shown.add).value
        finally:
            shown.stop()


def _alone(settings: Settings) -> Alone:
    """The work by this process. Raises ConfigError where a signing key cannot be had."""
    from mailhook.control import commands
    from mailhook.trust import Trust

    trust = Trust.of(settings.trust)
    return lambda store: commands.replay(store, lambda: trust)


def _show_differences(
    ctx: click.Context, settings: Settings, request: Request, *, as_json: bool
) -> None:
    from mailhook.control import commands
    from mailhook.replay import differences
    from mailhook.trust import Trust

    reader, selection = options.reader(ctx), commands.selected(request)
    trust = Trust.of(settings.trust)
    counts: Counter[str] = Counter(without_bytes=reader.extent(selection).without_bytes)
    pages = differences(reader, trust, selection, settings.store.match_window_seconds)
    rows = _rows(pages, counts)
    if as_json:
        screen.array({**asdict(change), "sender": kept.sender} for change, kept in rows)
        return
    first = [row for nth, row in enumerate(rows) if nth < _SHOWN]
    screen.table(
        ("id", "sender", "is", "would be", "because"),
        (_row(change, kept) for change, kept in first),
        cut=("sender",),
        folded=("because",),
    )
    if counts["differ"] > _SHOWN:
        screen.words(f"the first {_SHOWN} of {counts['differ']:,} are shown; --json shows all")
    screen.words(f"{_told(counts)}; nothing was changed")


def _rows(pages: Iterator[Page], counts: Counter[str]) -> Iterator[tuple[Change, Kept]]:
    """What would change or is seen otherwise today; all is counted on the way."""
    from mailhook.replay import counted

    shown = screen.Counting("examined")
    for page in pages:
        counts.update(counted(page.changes))
        shown.add(len(page.changes))
        for change in page.changes:
            if change.differs or change.left:
                counts["differ"] += 1
                yield change, page.of[change.id]
    shown.stop()


def _row(change: Change, kept: Kept) -> tuple[object, ...]:
    parts = (
        *(f"new: {key}" for key in change.new),
        *(f"verified: {key}" for key in change.proven),
        *(f"filled: {key}" for key in change.filled),
        *(f"left as it is: {words}" for words in change.left),
    )
    said = "; ".join(parts) or change.now.reason or ""
    return change.id, kept.sender, change.was.outcome, change.now.outcome, said


def _told(counts: dict[str, int] | Counter[str]) -> str:
    """What was done in one line; what there is none of is not spoken of."""
    words = {
        "recorded": "new",
        "proven": "proven now",
        "filled": "completed",
    }
    parts = [f"{screen.count(counts.get('examined', 0), 'delivery')} examined again"]
    parts += [
        f"{screen.count(counts[name], 'event')} {said}"
        for name, said in words.items()
        if counts.get(name)
    ]
    if counts.get("left"):
        parts.append(
            f"{screen.count(counts['left'], 'delivery')} seen otherwise today, left as it was"
        )
    if counts.get("without_bytes"):
        parts.append(f"{screen.count(counts['without_bytes'], 'delivery')} without bytes")
    return ", ".join(parts)
