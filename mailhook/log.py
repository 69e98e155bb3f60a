"""Log lines for people and journals: one sentence, then what it is about. Owner of structlog.

The package logs through the standard library; what is given as `extra` becomes
fields of the line. Bodies, subjects and secrets are never given; an exception
leaves only where it struck, for its message and its variables may quote them.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Literal, TextIO

from mailhook.config import LogSettings
from mailhook.errors import in_one_line, whereabouts

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

Format = Literal["json", "pretty", "journal"]

# sd-daemon(3): how the journal reads a line's priority from its first characters.
_PRIORITIES = {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>", "critical": "<2>"}


def configure(settings: LogSettings, stream: TextIO) -> None:
    """Send what the package logs to `stream`, in the format the settings name."""
    import structlog

    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _located,
                *_rendering(_format(settings, stream), stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("mailhook").setLevel(settings.level.upper())


def _format(settings: LogSettings, stream: TextIO) -> Format:
    if settings.format != "auto":
        return settings.format
    if _is_journal(stream):
        return "journal"
    return "pretty" if stream.isatty() else "json"


def _is_journal(stream: TextIO) -> bool:
    """Whether systemd reads what is written here (systemd.exec(5), JOURNAL_STREAM)."""
    told = os.environ.get("JOURNAL_STREAM", "")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return told == f"{status.st_dev}:{status.st_ino}"


def _located(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Put the place of an exception where a traceback with all its variables would stand."""
    told = line.pop("exc_info", None)
    error = told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        line["where"] = whereabouts(error)
    return line


def _rendering(form: Format, stream: TextIO) -> list[Processor]:
    import structlog

    if form == "json":
        return [structlog.processors.JSONRenderer()]
    if form == "pretty":
        return [_spelled_out, structlog.dev.ConsoleRenderer(colors=stream.isatty())]
    return [_spelled_out, _journal_line]


def _spelled_out(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Show what a server said without what could steer a terminal, on one line."""
    return {
        name: "".join(map(_visible, in_one_line(value))) if isinstance(value, str) else value
        for name, value in line.items()
    }


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _journal_line(_logger: object, _method: str, line: EventDict) -> str:
    """Priority, sentence, `name=value` pairs; the journal keeps its own time."""
    level, words = str(line.pop("level", "info")), str(line.pop("event", ""))
    line.pop("timestamp", None)
    pairs = "".join(f" {name}={value!r}" for name, value in line.items())
    return f"{_PRIORITIES.get(level, '<6>')}{words}{pairs}"
