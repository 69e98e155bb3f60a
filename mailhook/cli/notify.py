"""notify test: does an alarm reach anybody?"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence

import click

from mailhook.cli import options, screen
from mailhook.config import NotifySettings, Secret
from mailhook.errors import ConfigError, Problem

_BODY = "- this is a test: alarms of mailhook reach you here. There is nothing to do."


@click.group()
def notify() -> None:
    """See to it that alarms reach somebody."""


@notify.command("test")
@options.as_json
@click.pass_context
def test(ctx: click.Context, *, as_json: bool) -> None:
    """Send a test message to each target of `notify` and say what came of it.

    Exits 1 where a target could not be reached.
    """
    targets = options.settings(ctx).notify
    if not targets:
        hint = "add one: notify: [{url: {credential: apprise-url}}]"
        raise ConfigError([Problem("notify", "no target is named", hint)])
    results = _results(targets)
    if as_json:
        screen.array(results)
    else:
        for one in results:
            kind = f" ({one['kind']})" if one["kind"] else ""
            click.echo(screen.escaped(f"{one['target']}{kind}: {one['error'] or 'sent'}"))
    sys.exit(1 if any(one["error"] for one in results) else 0)


def _results(targets: Sequence[NotifySettings]) -> list[dict[str, str | None]]:
    """For each target its key, the kind of its URL, and what went wrong, if anything."""
    from mailhook.notify import Posting, scheme, send

    title = f"mailhook on {socket.gethostname()}: a test"
    read = [_url(target.url) for target in targets]
    whys = iter(send([Posting(url, title, _BODY) for url, _ in read if url]))
    return [
        {
            "target": f"notify[{nth}]",
            "kind": scheme(url or "") or None,
            "error": next(whys) if url else unreadable,
        }
        for nth, (url, unreadable) in enumerate(read)
    ]


def _url(secret: Secret) -> tuple[str | None, str]:
    """The URL, or None and why it cannot be read."""
    try:
        return secret.reveal(), ""
    except ConfigError as error:
        return None, " ".join(f"{one.path} {one.message}" for one in error.problems)
