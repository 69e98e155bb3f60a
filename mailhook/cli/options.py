"""Options that several commands share, and the settings they begin with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import click

from mailhook import config, times
from mailhook.config import Settings
from mailhook.store.reader import Filters, Reader

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Since(click.ParamType[datetime]):
    """`2026-08-03`, a full time, or how long ago: 30m, 24h, 7d, 2w."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:  # noqa: ANN401 - click's signature
        """The time the text spells, aware UTC."""
        if isinstance(value, datetime):
            return value
        number, unit = value[:-1], value[-1:]
        if unit in _UNITS and number.isdigit() and len(number) < len("99999"):
            return times.now() - timedelta(**{_UNITS[unit]: int(number)})
        moment = times.parse(value)
        if moment is None:
            hint = "write 2026-08-03, 2026-08-03T10:00:00Z or 7d"
            self.fail(f"{value!r} is no time: {hint}", param, ctx)
        return moment


def settings(ctx: click.Context) -> Settings:
    """The settings of this call."""
    return config.load(config.find(ctx.obj))


def reader(ctx: click.Context) -> Reader:
    """The store of this call, read-only, closed when the command ends."""
    return ctx.with_resource(Reader(settings(ctx).store.path))


def filtering(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filters of the lists; they arrive as keyword arguments for `filters`."""
    for option in (
        click.option("--limit", type=click.IntRange(0), help="At most so many."),
        click.option("--channel", type=click.Choice(["email", "web", "api", "file"])),
        click.option("--since", type=Since(), help="A date, a time, or 24h, 7d, 2w ago."),
        click.option("--subject", help="Only of this subject, by its id (CHK…, IDP…)."),
        click.option("--action", help="Only this action (finished, succeeded, …)."),
        click.option("--type", help="Only this event type (check, identity_process, …)."),
        click.option("--product", help="Only this product (checks, digital_identity, …)."),
    ):
        command = option(command)
    return command


def filters(after: int | None = None, limit: int | None = None, **given: Any) -> Filters:  # noqa: ANN401 - as click gives them
    """The filters from the options of `filtering`."""
    return Filters(**given, after=after, limit=limit)
