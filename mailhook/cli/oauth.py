"""oauth login: the one command by which a person gives a mailbox its tokens."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mailhook.cli import screen
from mailhook.cli.options import settings as load
from mailhook.config import MailboxSettings
from mailhook.errors import TemporaryError, UsageError


@click.group()
def oauth() -> None:
    """Tokens in place of passwords, for mailboxes with oauth2 in their settings."""


@oauth.command()
@click.argument("mailbox", required=False)
@click.pass_context
def login(ctx: click.Context, mailbox: str | None) -> None:
    """Log in to a MAILBOX by a code typed in on any device; keeps the refresh token.

    MAILBOX may be left out where only one of them logs in by device code.
    """
    chosen = _chosen(load(ctx).mailboxes, mailbox)
    if way := _way_of_its_own(chosen):
        screen.words(f"nothing to do: mailbox {screen.escaped(chosen.name)} logs in by {way}")
        return
    from mailhook.oauth import Prompt
    from mailhook.oauth import login as log_in

    def show(prompt: Prompt) -> None:
        name, user = screen.escaped(chosen.name), screen.escaped(chosen.username)
        screen.words(f"mailbox {name}: on any device open  {screen.escaped(prompt.url)}")
        screen.words(f"and type the code  {screen.escaped(prompt.code)}")
        screen.words(f"as {user}, within {prompt.seconds / 60:.0f} min; waiting …")

    try:
        log_in(chosen, show)
    except TemporaryError as error:
        # What reads mail tries again by itself; here a person does.
        told, passing, _ = str(error).partition("; will be tried again")
        raise TemporaryError(f"{told}; try again later" if passing else told) from error
    screen.words("logged in; `mailhook check` tells whether the mail server agrees")


def _chosen(mailboxes: Sequence[MailboxSettings], name: str | None) -> MailboxSettings:
    fitting = [one for one in mailboxes if name is None or one.name == name]
    if name is None and len(fitting) > 1:
        fitting = [one for one in mailboxes if not _way_of_its_own(one)] or fitting
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(one.name for one in fitting or mailboxes) or "none"
    told = f"there is no mailbox {name!r}" if name else "which mailbox?"
    raise UsageError(f"{told}; the settings name: {names}")


def _way_of_its_own(mailbox: MailboxSettings) -> str:
    """How the mailbox logs in where that needs no person; else empty."""
    if mailbox.oauth2 is None:
        return "password"
    flow = mailbox.oauth2.flow
    return "" if flow == "device_code" else f"oauth2 with {flow}, which needs no person"
