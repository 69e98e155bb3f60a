"""run and serve: the service, with its mailboxes or without."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

import click

from mailhook.cli.options import settings as settings_of
from mailhook.cli.options import store
from mailhook.config import Settings
from mailhook.errors import ConfigError, Problem


@click.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    """The service: watch every mailbox, serve web hooks and ask the API until told to stop.

    Web hooks only where the settings have `web`, the vendor's API only where they have
    `api`. It takes new settings at SIGHUP.
    """

    def load() -> Settings:
        settings = settings_of(ctx)
        if not (settings.mailboxes or settings.web or settings.api):
            message = "no mailbox is named, and no web or api"
            hint = "add one, or use `mailhook ingest`"
            raise ConfigError([Problem("mailboxes", message, hint)])
        return settings

    _serve(load, "run")


@click.command()
@click.pass_context
def serve(ctx: click.Context) -> None:
    """The service without its mailboxes: serve web hooks until told to stop.

    Where the settings have `api`, the vendor's API is asked as `run` does.
    """

    def load() -> Settings:
        settings = settings_of(ctx)
        if not settings.web:
            hint = "web: {} listens on 127.0.0.1:8080 for /hooks"
            raise ConfigError([Problem("web", "is not set, so there is nothing to serve", hint)])
        return settings.model_copy(update={"mailboxes": ()})

    _serve(load, "serve")


def _serve(load: Callable[[], Settings], purpose: str) -> None:
    """Run the service by the settings that `load` gives, now and at each SIGHUP.

    `purpose` is the command, by which others are told who has the store.
    """
    from mailhook import log
    from mailhook.checks import refuse_faults
    from mailhook.trust import Trust
    from mailhook.worker import service

    def sound() -> Settings:
        settings = load()
        refuse_faults(settings, serves=True)
        log.configure(settings.log, sys.stderr)
        return settings

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload
    settings = sound()
    with store(settings, purpose) as opened:
        service.run(settings, opened, Trust.of(settings.trust), sound)
