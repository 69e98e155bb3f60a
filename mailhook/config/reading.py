"""Which settings file, and what it says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from mailhook.config import document
from mailhook.config.document import Document, Plain, Unparsable
from mailhook.config.rules import breaches
from mailhook.config.sections import Settings
from mailhook.errors import ConfigError, Problem

SEARCHED = (Path("config.yaml"), Path("/etc/mailhook/config.yaml"))
MAX_BYTES = 262_144


def find(explicit: Path | None, searched: Sequence[Path] = SEARCHED) -> Path:
    """The settings file to read: the one named, else $MAILHOOK_CONFIG, else the first searched.

    A file named by the caller or the environment need not exist; `load` tells.

    Raises:
        ConfigError: none is named and none lies where they are looked for.
    """
    if explicit:
        return explicit
    if named := os.environ.get("MAILHOOK_CONFIG"):
        return Path(named)
    for path in searched:
        if _is_there(path):
            return path
    looked = ", ".join(["$MAILHOOK_CONFIG", *(str(path.absolute()) for path in searched)])
    hint = (
        "name one with -c, or begin with a copy of config.example.yaml; `mailhook demo` needs none"
    )
    raise ConfigError([Problem("config.yaml", f"no settings file; looked for {looked}", hint)])


def load(path: Path) -> Settings:
    """The settings the file holds; relative paths in it start from the file's folder.

    Secrets are not read.

    Raises:
        ConfigError: with every problem of the file at once.
    """
    text = _text(path)
    try:
        spelled = document.read(text)
    except Unparsable as error:
        from mailhook.config.problems import of_unparsable

        raise ConfigError(of_unparsable(error, text, path.name)) from None
    root = {} if spelled.root is None else spelled.root
    if not isinstance(root, dict):
        message = "must hold sections such as store: and mailboxes:"
        hint = "begin with a copy of config.example.yaml"
        raise ConfigError([Problem(path.name, message, hint, 1)])
    return _checked(spelled, root, path)


def _checked(spelled: Document, root: dict[str, Plain], path: Path) -> Settings:
    # A section left with no key means its defaults; the store's hold a path to be placed.
    given: dict[str, Plain] = {"store": {}} | {
        key: value
        for key, value in root.items()
        if value is not None or key not in Settings.model_fields
    }
    broken = list(breaches(root))
    settings, refused = None, None
    try:
        context = {"folder": path.absolute().parent}
        settings = Settings.model_validate(given, context=context)
    except ValidationError as error:
        refused = error
    if settings and not broken and not spelled.faults:
        return _at_home(settings)
    from mailhook.config.problems import Report

    report = Report(spelled, path.name)
    for breach in broken:
        report.add_breach(breach)
    if refused:
        report.add_errors(refused)
    raise ConfigError(report.problems())


def _at_home(settings: Settings) -> Settings:
    """The settings with a place for the tokens of each mailbox: the state directory.

    That is systemd's where the unit has one, else the store's folder.
    """
    named = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    folder = Path(named) if named else settings.store.path.parent
    mailboxes = tuple(
        mailbox.model_copy(update={"oauth2": mailbox.oauth2.at_home(mailbox.name, folder)})
        if mailbox.oauth2
        else mailbox
        for mailbox in settings.mailboxes
    )
    return settings.model_copy(update={"mailboxes": mailboxes})


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        hint = "name another with -c, or begin with a copy of config.example.yaml"
        raise ConfigError([Problem(str(path), "there is no such settings file", hint)]) from None
    except OSError as error:
        reason = (error.strerror or "system error").lower()
        hint = "it must be a file that the user mailhook runs as may read"
        raise ConfigError([Problem(str(path), f"cannot be read: {reason}", hint)]) from None
    if len(raw) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES // 1024} KiB, too large for settings"
        raise ConfigError([Problem(str(path), message, "is it the right file?")])
    return _decoded(raw, path)


def _decoded(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = Problem(path.name, "is not UTF-8 text", "save it as UTF-8", line)
        raise ConfigError([problem]) from None


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # `load` says why it cannot be read
    return True
