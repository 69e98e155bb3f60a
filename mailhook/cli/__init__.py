"""The command line: one function a command, each one library call and its printing."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from mailhook.cli import screen
from mailhook.errors import MailhookError, whereabouts

# Each command is imported only when it is called: a poll must not pay for tables.
_COMMANDS = {
    "demo": "demo",
    "check": "mailboxes",
    "poll": "mailboxes",
    "run": "mailboxes",
    "ingest": "ingest",
    "events": "lists",
    "alerts": "lists",
    "deliveries": "lists",
    "catalog": "lists",
    "query": "query",
    "export": "export",
    "quarantine": "quarantine",
    "explain": "explain",
    "status": "status",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"mailhook.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    help="Settings file; else $MAILHOOK_CONFIG, ./config.yaml, /etc/mailhook/config.yaml.",
)
@click.version_option(package_name="mailhook")
@click.pass_context
def commands(ctx: click.Context, config: Path | None) -> None:
    """Turn an inbox of Truora hook mails into a table of events."""
    ctx.obj = config


def main(arguments: list[str] | None = None) -> Any:  # noqa: ANN401 - never returns
    """Run one command; every error mailhook raises on purpose ends in a sentence and its code."""
    try:
        commands.main(arguments, prog_name="mailhook", standalone_mode=False)
    except MailhookError as error:
        click.echo(f"mailhook: {screen.escaped_lines(str(error))}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read standard output has seen enough; Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:  # noqa: BLE001 - a bug of ours, said without what a mail said
        click.echo(f"mailhook: this is a bug, please report it: {whereabouts(error)}", err=True)
        sys.exit(MailhookError.exit_code)
