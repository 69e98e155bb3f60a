"""quarantine release, drop: a person's word on what waits, for one, many, or by query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import wraps
from typing import Any

import click

from mailhook import times
from mailhook.cli import arrivals, options, screen
from mailhook.cli.writing import Alone, writing
from mailhook.config import Settings
from mailhook.errors import UnreadableInput, UsageError
from mailhook.model import Json
from mailhook.store import Reader

_WAITING = """
SELECT id, reason FROM quarantine
WHERE received_at >= ? AND (? IS NULL OR substr(reason, 1, instr(reason || ':', ':') - 1) = ?)
"""
_OF_EACH = "SELECT id, received_at, channel, sender, reason, unread, location FROM quarantine"
_SHOWN = 50
# Of one request: one transaction, for which whoever records mails may have to wait.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person points at: numbers, or what selects among all that waits."""

    ids: tuple[int, ...]
    everything: bool
    reason: str | None
    since: datetime | None
    sql: str | None
    yes: bool

    @property
    def by_name(self) -> bool:
        """Whether he has named each one, and so has looked at it."""
        return bool(self.ids)


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Add what names or selects deliveries; it arrives as `chosen`."""

    @wraps(command)
    def chosen(*arguments: Any, **given: Any) -> None:  # noqa: ANN401 - as click gives them
        names = ("ids", "everything", "reason", "since", "sql", "yes")
        command(*arguments, chosen=Chosen(**{name: given.pop(name) for name in names}), **given)

    decorated: Callable[..., None] = chosen
    for option in (
        options.as_json,
        click.option("--yes", is_flag=True, help="Do it; without, a selection is only shown."),
        click.option("--why", metavar="TEXT", help="The reason, for the table `audit`."),
        click.option(
            "--query", "sql", metavar="SQL", help="Those whose id is in the first column of it."
        ),
        click.option("--since", type=options.Since(), help="Those that arrived since: a time, 7d."),
        click.option("--reason", metavar="CODE", help="Those held for this: untrusted, …"),
        click.option("--all", "everything", is_flag=True, help="All that waits."),
        click.argument("ids", metavar="[ID]…", type=click.IntRange(1), nargs=-1),
    ):
        decorated = option(decorated)
    return decorated


@click.command()
@choosing
@click.pass_context
def release(ctx: click.Context, chosen: Chosen, *, why: str | None, as_json: bool) -> None:
    """Record what quarantined deliveries tell, at your word.

    Name them by ID, or select them by --all, --reason, --since, --query: then what
    would come of each is shown first, and --yes does it. Their events are unverified,
    unless today's settings prove them; a proven event is never changed by one.
    `audit` keeps who, when and why. What cannot be read at all stays where it is.
    """
    settings = options.settings(ctx)
    ids = _ids(ctx, chosen)
    if not chosen.by_name and not chosen.yes:
        _foreseen(ctx, settings, ids, as_json=as_json)
        return
    rows: list[dict[str, Any]] = []
    for value in _done(settings, "release", lambda: _releasing(settings), ids, _given(why)):
        rows += value["released"]
    stays = [row for row in rows if row["stays"]]
    if as_json:
        screen.array(rows)
    else:
        click.echo(_released(rows))
    if stays:
        lines = [f"{row['id']} stays: {row['stays']}" for row in stays[:_SHOWN]]
        more = len(stays) - len(lines)
        raise UnreadableInput("\n".join([*lines, f"… {more:,} more"] if more else lines))


@click.command()
@choosing
@click.pass_context
def drop(ctx: click.Context, chosen: Chosen, *, why: str | None, as_json: bool) -> None:
    """Give up quarantined deliveries: their bytes are removed, their rows stay.

    Name them by ID, or select them by --all, --reason, --since, --query: then they are
    only shown, and --yes does it. What was recorded of one that was partly understood
    stays. `audit` keeps who, when and why. The mails in the mailbox are not touched.
    """
    settings = options.settings(ctx)
    ids = _ids(ctx, chosen)
    if not chosen.by_name and not chosen.yes:
        _listed(ctx, ids, as_json=as_json)
        return
    dropped: list[int] = []
    for value in _done(settings, "drop", lambda: _dropping, ids, _given(why)):
        dropped += value["dropped"]
    if as_json:
        screen.document({"dropped": dropped})
    else:
        click.echo(f"{len(dropped):,} dropped")


def _done(
    settings: Settings, name: str, alone: Callable[[], Alone], ids: Sequence[int], why: str
) -> Iterator[dict[str, Any]]:
    """What came of each request, here or in the service."""
    with writing(settings, name, alone) as call, screen.progress(len(ids), "deliveries") as bar:
        for start in range(0, len(ids), _AT_ONCE):
            some: list[Json] = [*ids[start : start + _AT_ONCE]]
            yield call({"ids": some, "why": why}).value
            bar.advance(bar.task_ids[0], len(some))


def _releasing(settings: Settings) -> Alone:
    """The work by this process. Raises ConfigError where a signing key cannot be had."""
    from mailhook.control import commands
    from mailhook.trust import Trust

    trust = Trust.of(settings.trust)
    return lambda store: commands.release(store, lambda: trust)


def _dropping(store: Any) -> Any:  # noqa: ANN401 - as `Alone` has it
    from mailhook.control import commands

    return commands.drop(store)


def _given(why: str | None) -> str:
    if not why or not why.strip():
        raise UsageError("say why: --why TEXT; the table `audit` keeps it with your name")
    return why.strip()


def _ids(ctx: click.Context, chosen: Chosen) -> list[int]:
    """The deliveries that are meant. Raises UsageError where one that was named does not wait."""
    selects = (chosen.everything, chosen.reason, chosen.since, chosen.sql)
    if chosen.by_name == any(selects):
        raise UsageError("name deliveries by ID, or select them: --all, --reason, --since, --query")
    reader = options.reader(ctx)
    waiting = {row["id"]: row["reason"] for row in reader.rows(*_waiting(chosen))}
    if chosen.by_name:
        if strangers := sorted(set(chosen.ids) - waiting.keys()):
            named = ", ".join(map(str, strangers))
            raise UsageError(f"not in quarantine: {named}; `quarantine list` shows what waits")
        return sorted(set(chosen.ids))
    if chosen.sql:
        return sorted(waiting.keys() & set(_first_column(reader, chosen.sql)))
    return sorted(waiting)


def _waiting(chosen: Chosen) -> tuple[str, tuple[Any, ...]]:
    since = times.stored(chosen.since) if chosen.since else ""
    return (
        _WAITING,
        (since, chosen.reason, chosen.reason),
    )


def _first_column(reader: Reader, sql: str) -> Iterator[int]:
    _, rows = reader.query(sql)
    for row in rows:
        if not isinstance(row[0], int):
            raise UsageError(
                "the query's first column is no id: begin with SELECT id FROM quarantine WHERE …"
            )
        yield row[0]


def _foreseen(ctx: click.Context, settings: Settings, ids: Sequence[int], *, as_json: bool) -> None:
    """Show what a release would make of each; nothing is written."""
    from mailhook.replay import releasable
    from mailhook.trust import Trust

    reader, trust = options.reader(ctx), Trust.of(settings.trust)
    window = settings.store.match_window_seconds
    shown = ids if as_json else ids[:_SHOWN]
    rows = (
        one
        for start in range(0, len(shown), _AT_ONCE)
        for one in releasable(reader, trust, shown[start : start + _AT_ONCE], window)
    )
    if as_json:
        screen.array(asdict(one) for one in rows)
        return
    screen.table(
        ("id", "would be", "events"),
        ((one.id, one.outcome, "; ".join(one.events) or f"stays: {one.stays}") for one in rows),
        folded=("events",),
    )
    _say_how(ids)


def _listed(ctx: click.Context, ids: Sequence[int], *, as_json: bool) -> None:
    """Show which would be dropped; nothing is written."""
    reader = options.reader(ctx)
    wanted, shown = set(ids), ids if as_json else ids[:_SHOWN]
    rows = [row for row in reader.rows(_OF_EACH) if row["id"] in wanted][: len(shown)]
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
                row["reason"],
            )
            for row in rows
        ),
        cut=("sender",),
        folded=("reason",),
        gap=1,
    )
    _say_how(ids)


def _say_how(ids: Sequence[int]) -> None:
    if len(ids) > _SHOWN:
        screen.words(f"the first {_SHOWN} of {len(ids):,} are shown; --json shows all")
    screen.words(f"{len(ids):,} selected, nothing was changed; --yes --why TEXT does it")


def _released(rows: Sequence[dict[str, Any]]) -> str:
    outcomes = [row["outcome"] for row in rows]
    told = {name: outcomes.count(name) for name in ("recorded", "duplicate", "alert")}
    return screen.counted({name: count for name, count in told.items() if count})
