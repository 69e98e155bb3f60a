"""Errors as they travel: of ours the kind and the words, of a bug only where it struck."""

from __future__ import annotations

from dataclasses import asdict

from mailhook.errors import (
    ConfigError,
    MailhookError,
    Problem,
    TemporaryError,
    UnreadableInput,
    UsageError,
)
from mailhook.model import Json

_KINDS = {kind.__name__: kind for kind in (TemporaryError, UsageError, UnreadableInput)}


def spelled(error: MailhookError) -> dict[str, Json]:
    """The error as JSON; a subclass as the kind its exit code belongs to."""
    if isinstance(error, ConfigError):
        return {"kind": ConfigError.__name__, "problems": [asdict(one) for one in error.problems]}
    kind = next((name for name, kind in _KINDS.items() if isinstance(error, kind)), "")
    return {"kind": kind, "words": str(error)}


def read(told: Json) -> MailhookError:
    """The inverse of `spelled`. Raises ValueError for what is none."""
    match told:
        case {"kind": "ConfigError", "problems": list(problems)}:
            return ConfigError([_problem(one) for one in problems])
        case {"kind": str(kind), "words": str(words)}:
            return _KINDS.get(kind, MailhookError)(words)
    raise ValueError("this is no error of ours")


def _problem(told: Json) -> Problem:
    match told:
        case {
            "path": str(path),
            "message": str(message),
            "hint": str(hint),
            "line": int() | None as line,
            "content": str(content),
        }:
            return Problem(path, message, hint, line, content)
    raise ValueError("this is no problem of settings")


def bug(where: str) -> MailhookError:
    """What a caller is told of a bug in the service: exit code 70."""
    return MailhookError(f"this is a bug, please report it: in the service, {where}")
