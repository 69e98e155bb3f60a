"""explain: every step's decision for one message, top to bottom."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from mailhook import config, times
from mailhook.cli import options, screen
from mailhook.config import TrustSettings
from mailhook.errors import ConfigError, UnreadableInput
from mailhook.model import Delivery
from mailhook.store import Reader


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
    from mailhook.pipeline import Trust

    settings = _settings(ctx, what)
    store = _store(ctx, settings)
    delivery = _delivery(what, store)
    told = explained(delivery, Trust.of(settings.trust if settings else TrustSettings()), store)
    if as_json:
        screen.document(told)
    else:
        for name, part in told.items():
            screen.heading(name)
            _show(part)
    understood = told["verdict"]["verdict"] != "quarantined"
    sys.exit(0 if understood and not told["reading"]["not_understood"] else 1)


def _settings(ctx: click.Context, what: str) -> config.Settings | None:
    """The settings; a file can be explained without any, by the defaults."""
    try:
        path = config.find(ctx.obj)
    except ConfigError:
        if not Path(what).exists():
            raise
        screen.words("no settings file: explained by the defaults, which prove no sender")
        return None
    return config.load(path)


def _store(ctx: click.Context, settings: config.Settings | None) -> Reader | None:
    if settings is None or not settings.store.path.exists():
        return None
    return ctx.with_resource(Reader(settings.store.path))


def _delivery(what: str, store: Reader | None) -> Delivery:
    from mailhook.sources import files

    if Path(what).exists():
        return files.delivered(Path(what))
    row = None
    if store:
        row = store.delivery(int(what)) if what.isdigit() else store.raw(what)
    if row is None:
        raise UnreadableInput(f"{what}: there is no such file, and no such delivery in the store")
    if row["raw"] is None:
        raise UnreadableInput(f"{what}: the store does not keep its bytes any more")
    received_at = times.parse(row["received_at"]) or times.now()
    return Delivery(row["channel"], row["location"], received_at, row["raw"])


def _show(part: dict[str, Any], indent: str = "  ") -> None:
    """Print names and values; what has members of its own below its name, indented."""
    said = {name: value for name, value in part.items() if value not in (None, "", [], {})}
    if not said:
        click.echo(f"{indent}nothing")
    flat = [(name, value) for name, value in said.items() if not isinstance(value, dict)]
    screen.fields((f"{indent}{_words(name)}", _said(value)) for name, value in flat)
    for name, value in said.items():
        if isinstance(value, dict):
            click.echo(f"{indent}{screen.escaped(_words(name))}")
            _show(value, f"{indent}  ")


def _words(name: str) -> str:
    return name if "/" in name else name.replace("_", " ")


def _said(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(_said, value)) if isinstance(value, list) else str(value)
