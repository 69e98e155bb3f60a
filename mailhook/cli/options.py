"""Options that several commands share, and the settings they begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from mailhook import config, times
from mailhook.config import MailboxSettings, Settings
from mailhook.store.reader import Filters, Reader
from mailhook.tag import Tag

if TYPE_CHECKING:
    from mailhook.store import Store

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Since(click.ParamType[datetime]):
    """`2026-08-03`, a full time, or how long ago: 30m, 24h, 7d, 2w."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:  # noqa: ANN401 - click's signature
        """The time the text spells, aware UTC; none before 1970, however spelled."""
        if isinstance(value, datetime):
            return value
        number, unit = value[:-1], value[-1:]
        spelled = value
        if unit in _UNITS and number.isdecimal() and len(number) < len("99999"):
            spelled = times.stored(times.now() - timedelta(**{_UNITS[unit]: int(number)}))
        moment = times.parse(spelled)
        if moment is None:
            hint = "write 2026-08-03, 2026-08-03T10:00:00Z or 7d, nothing before 1970"
            self.fail(f"{value!r} is no time: {hint}", param, ctx)
        return moment


def settings(ctx: click.Context) -> Settings:
    """The settings of this call."""
    return config.load(config.find(ctx.obj))


def reader(ctx: click.Context) -> Reader:
    """The store of this call, read-only, closed when the command ends."""
    return ctx.with_resource(Reader(settings(ctx).store.path))


def tag(ctx: click.Context) -> Tag | None:
    """The secret of `trust.tag`, to be blanked wherever a mail's own text is shown."""
    secret = settings(ctx).trust.tag
    return Tag(secret.reveal()) if secret else None


def store(settings: Settings, purpose: str) -> Store:
    """The store of these settings, for writing; `purpose` is the command that writes."""
    from mailhook.store import Store

    return Store(
        settings.store.path,
        purpose=purpose,
        keep_raw=settings.store.raw,
        window_seconds=settings.store.match_window_seconds,
        web_url=settings.web.url if settings.web else None,
    )


def limit_bytes(settings: Settings) -> int:
    """How large a mail in a file may be: as large as one in any of the mailboxes."""
    default = MailboxSettings.model_fields["max_message_bytes"].default
    return max((one.max_message_bytes for one in settings.mailboxes), default=default)


_FILTERS = tuple(field.name for field in fields(Filters) if field.name != "after")


def filtering(command: Callable[..., None]) -> Callable[..., None]:
    """Add the filters of the lists; they arrive together, as `filters`."""

    @wraps(command)
    def filtered(*arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as click gives them
        given = {name: options.pop(name) for name in _FILTERS}
        command(*arguments, filters=Filters(**given), **options)

    for option in (
        click.option("--limit", type=click.IntRange(1), metavar="N", help="At most so many."),
        click.option(
            "--channel",
            type=click.Choice(["email", "web", "api", "file"]),
            metavar="CHANNEL",
            help="Only what came by email, web, api or file.",
        ),
        click.option(
            "--since", type=Since(), help="Not before: 2026-08-03, a time, or 30m, 24h, 7d, 2w ago."
        ),
        click.option("--subject", metavar="ID", help="Only of this subject (CHK…, IDP…)."),
        click.option("--action", metavar="WORD", help="Only this: finished, succeeded, …"),
        click.option("--type", metavar="WORD", help="Only of this type: check, …"),
        click.option("--product", metavar="WORD", help="Only of this product: checks, …"),
    ):
        filtered = option(filtered)
    return filtered


def as_json(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--json`, which arrives as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")(command)
