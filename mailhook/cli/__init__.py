"""The command line: one function a command, each one library call and its printing."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Final, NoReturn

import click

from mailhook.cli import screen
from mailhook.errors import MailhookError, TemporaryError, UsageError, whereabouts

# Each command is imported only when it is called: a poll must not pay for tables.
_COMMANDS = {
    "demo": "demo",
    "check": "mailboxes",
    "poll": "mailboxes",
    "run": "service",
    "serve": "service",
    "ingest": "ingest",
    "events": "lists",
    "alerts": "alerts",
    "deliveries": "lists",
    "catalog": "lists",
    "query": "query",
    "export": "export",
    "quarantine": "quarantine",
    "replay": "replay",
    "reconcile": "reconcile",
    "explain": "explain",
    "status": "status",
    "doctor": "doctor",
    "snapshot": "snapshot",
    "backup": "snapshot",
    "prune": "prune",
    "notify": "notify",
    "oauth": "oauth",
    "token": "token",
}

# As shells number what a signal ended: SIGINT, SIGPIPE.
_INTERRUPTED: Final = 128 + 2
_NOBODY_READS: Final = 128 + 13
_OUTPUT_LOST = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        if cmd_name not in _COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(cmd_name[:64], _COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "`mailhook --help` shows them"
            raise UsageError(f"there is no command {cmd_name!r}; {hint}")
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


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command; every error mailhook raises on purpose ends in a sentence and its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may know only ASCII
    code = _guarded(lambda: _call(sys.argv[1:] if arguments is None else arguments))
    # Here, not when Python ends: only now can it still be said that the disk is full.
    sys.exit(_guarded(_flush) or code)


def _call(arguments: Sequence[str]) -> int:
    """The exit code of the command; click's own `main` would answer a closed pipe with 1."""
    try:
        with commands.make_context("mailhook", list(arguments)) as ctx:
            commands.invoke(ctx)
    except click.exceptions.Exit as end:
        return end.exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _flush() -> int:
    sys.stdout.flush()
    return 0


def _guarded(work: Callable[[], int]) -> int:
    try:
        return work()
    except MailhookError as error:
        _say(f"mailhook: {screen.escaped_lines(str(error))}")
        return error.exit_code
    except click.ClickException as error:
        _say(_usage(error))
        return UsageError.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except BrokenPipeError:
        _mute()  # whoever read standard output has seen enough
        return _NOBODY_READS
    except Exception as error:  # noqa: BLE001 - a bug of ours, said without what a mail said
        return _unforeseen(error)


def _unforeseen(error: Exception) -> int:
    if isinstance(error, OSError) and error.errno in _OUTPUT_LOST:
        _mute()
        _say(f"mailhook: the output is incomplete: {(error.strerror or '').lower()}")
        return TemporaryError.exit_code
    _say(f"mailhook: this is a bug, please report it: {whereabouts(error)}")
    return MailhookError.exit_code


def _usage(error: click.ClickException) -> str:
    """How the command is called, and what was wrong with this call."""
    ctx = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    usage = f"{ctx.get_usage()}\nsee `{ctx.command_path} --help`\n\n" if ctx else ""
    return usage + screen.escaped_lines(f"mailhook: {error.format_message()}")


def _say(text: str) -> None:
    with suppress(OSError):  # nobody listens
        screen.words(text)


def _mute() -> None:
    """Let what is left of the output go nowhere, or Python would complain of it at exit."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
