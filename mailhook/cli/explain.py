"""explain: every step's decision for one message, top to bottom."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mailhook import config, times
from mailhook.cli import options, screen
from mailhook.errors import ConfigError, UnreadableInput
from mailhook.model import Delivery, Outcome
from mailhook.store import Reader

_TABLES = frozenset({"object", "read_in", "header", "claims", "members"})
_LISTS = frozenset({"conflicts", "left_over"})
_LINES = 40
_DIGITS = 19  # of an id: fewer than SQLite's largest number has


@click.command()
@click.argument("what", metavar="PATH|LOCATION|ID")
@options.as_json
@click.pass_context
def explain(ctx: click.Context, what: str, *, as_json: bool) -> None:
    """Show what becomes of one message, and why; nothing is written.

    A file, or a delivery of the store by its id or location. Exits 1 where a
    person would have to look at it.
    """
    from mailhook.explain import explain as explained
    from mailhook.trust import Trust

    path = _config(ctx, what)
    settings = config.load(path) if path else config.Settings()
    store = _store(ctx, settings) if path else None
    delivery = _delivery(what, options.limit_bytes(settings), store)
    told = explained(delivery, Trust.of(settings.trust), store, settings.store.match_window_seconds)
    if as_json:
        screen.document(told)
    else:
        for name, part in told.items():
            screen.heading(name)
            show(part)
    understood = told["verdict"]["verdict"] in {"read", "ignored"}
    sys.exit(0 if understood and not told["reading"]["not_understood"] else 1)


def _config(ctx: click.Context, what: str) -> Path | None:
    """The settings file; a mail in a file can be explained without any."""
    try:
        return config.find(ctx.obj)
    except ConfigError:
        if not _is_file(what):
            raise
        screen.words("no settings file: explained by the defaults, which prove no sender")
        return None


def _store(ctx: click.Context, settings: config.Settings) -> Reader | None:
    path = settings.store.path
    return ctx.with_resource(Reader(path)) if path.exists() else None


def _delivery(what: str, limit_bytes: int, store: Reader | None) -> Delivery:
    from mailhook.sources import files

    if _is_file(what):
        return files.delivered(Path(what), limit_bytes)
    row = None
    if store:
        number = what.isdecimal() and len(what) < _DIGITS
        row = store.delivery(int(what)) if number else store.raw(what)
    if row is None:
        raise UnreadableInput(f"{what}: there is no such file, and no such delivery in the store")
    return _kept(what, row)


def _is_file(what: str) -> bool:
    return os.path.exists(what)  # noqa: PTH110 - Path's raises where a location is too long a name


def _kept(what: str, row: dict[str, Any]) -> Delivery:
    """The delivery as it was examined; of one that was too large there are only the headers."""
    raw: bytes | None = row["raw"]
    if raw is None:
        raise UnreadableInput(f"{what}: the store does not keep its bytes any more")
    is_whole, is_held = len(raw) == row["size"], row["outcome"] == Outcome.QUARANTINED
    if not is_whole and not is_held:
        raise UnreadableInput(f"{what}: the store keeps only its headers (store.raw)")
    return Delivery(
        row["channel"],
        row["location"],
        times.parse(row["received_at"]) or times.now(),
        raw,
        size=row["size"],
        problem=None if is_whole else row["reason"],
    )


def show(part: Mapping[str, Any], indent: str = "  ") -> None:
    """Print names and values; what has members of its own below its name, indented."""
    said = {name: value for name, value in part.items() if value not in (None, "", [], {})}
    if not said:
        click.echo(f"{indent}nothing")
    flat = {name: value for name, value in said.items() if name not in _LISTS | _TABLES}
    flat = {name: value for name, value in flat.items() if not isinstance(value, dict)}
    screen.fields(((_words(name), _said(value)) for name, value in flat.items()), indent)
    for name, value in said.items():
        if name in _TABLES:
            click.echo(f"{indent}{_words(name)}")
            screen.fields(((member, _json(one)) for member, one in value.items()), f"{indent}  ")
        elif name in _LISTS:
            _list(_words(name), value, indent)
        elif isinstance(value, dict):
            click.echo(f"{indent}{screen.escaped(_words(name))}")
            show(value, f"{indent}  ")


def _list(name: str, lines: list[str], indent: str) -> None:
    click.echo(f"{indent}{name}")
    for line in lines[:_LINES]:
        click.echo(f"{indent}  {screen.wrapped(screen.escaped(line), indent + '  ')}")
    if len(lines) > _LINES:
        click.echo(f"{indent}  … {len(lines) - _LINES:,} lines more; --json has all")


def _words(name: str) -> str:
    return name if "/" in name else name.replace("_", " ")


def _said(value: Any) -> str:  # noqa: ANN401 - any plain value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(_said, value)) if isinstance(value, list) else str(value)


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A member as the vendor sent it; text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
