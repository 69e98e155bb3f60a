"""Who could read or change what only the service should: modes and owners."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mailhook.config import Settings, secrets
from mailhook.control import address
from mailhook.doctor.model import Remark, ok, wrong

_ALL = stat.S_IRWXG | stat.S_IRWXO
_WRITE = stat.S_IWGRP | stat.S_IWOTH
_EVERYBODY = stat.S_IWOTH
# What the store keeps beside itself.
_BESIDE = ("", "-wal", "-shm", ".lock")


def remarks(settings: Settings, config: Path | None) -> Iterator[Remark]:
    """A sentence for each file that others may read or change, or one that there is none."""
    found = [
        *_on_settings(config),
        *_on_store(settings),
        *_on_secrets(settings),
        *(remark for folder, what in _folders(settings, config) for remark in _on(folder, what)),
    ]
    yield from found or [ok("permissions", "no file is open to others that should not be")]


def _on_settings(config: Path | None) -> Iterator[Remark]:
    if config and (mode := _mode(config)) is not None and mode & _WRITE:
        yield _open(config, mode, "whoever may change the settings may run commands", "go-w")


def _on_store(settings: Settings) -> Iterator[Remark]:
    store = settings.store.path
    paths = [Path(f"{store}{end}") for end in _BESIDE]
    for path in (*paths, address.beside(store)):
        mode = _mode(path)
        if mode is not None and mode & _ALL:
            yield _open(path, mode, "it holds, or lets in, what only the service may see", "go=")
    yield from _on_owners(paths)
    if snapshot := settings.store.snapshot:
        mode = _mode(snapshot.path)
        if mode is not None and mode & (_WRITE | stat.S_IRWXO):
            yield _open(snapshot.path, mode, "it holds all events", "u=rw,g=r,o=")


def _on_owners(paths: list[Path]) -> Iterator[Remark]:
    owners = {path: found.st_uid for path in paths if (found := _status(path))}
    for path, owner in owners.items():
        if owner != owners.get(paths[0], owner):
            yield wrong(
                "permissions",
                f"{path} belongs to another user than the store, so the service cannot use it: make"
                " the service's user own both",
            )


def _on_secrets(settings: Settings) -> Iterator[Remark]:
    for name, secret in secrets(settings):
        if secret.file:
            yield from _on_secret_file(name, secret.file)
        elif secret.command and os.sep in secret.command[0]:
            program = Path(secret.command[0])
            if (mode := _mode(program)) is not None and mode & _WRITE:
                yield _open(program, mode, f"the service runs it for {name}", "go-w")
    for mailbox in settings.mailboxes:
        if mailbox.oauth2 and mailbox.oauth2.token_file:
            name = f"mailboxes[{mailbox.name}].oauth2.token_file"
            yield from _on_secret_file(name, mailbox.oauth2.token_file)


def _on_secret_file(name: str, path: Path) -> Iterator[Remark]:
    if (mode := _mode(path)) is not None and mode & _ALL:
        yield _open(path, mode, f"it is the secret {name}", "go=")


def _folders(settings: Settings, config: Path | None) -> list[tuple[Path, str]]:
    """Each folder once, and what lies in it that must not be replaced."""
    files = [(secret.file, "a secret") for _, secret in secrets(settings) if secret.file]
    files += [
        (one.oauth2.token_file, "a secret")
        for one in settings.mailboxes
        if one.oauth2 and one.oauth2.token_file
    ]
    if settings.store.snapshot:
        files.append((settings.store.snapshot.path, "the copy for analysts"))
    if config:
        files.append((config, "the settings"))
    files.append((settings.store.path, "the store"))
    return list({path.absolute().parent: what for path, what in files}.items())


def _on(folder: Path, what: str) -> Iterator[Remark]:
    mode = _mode(folder)
    if mode is not None and mode & _EVERYBODY and not mode & stat.S_ISVTX:
        yield _open(folder, mode, f"everybody may write there, so {what} could be replaced", "o-w")


def _open(path: Path, mode: int, why: str, change: str) -> Remark:
    words = f"{path} is open to other users (mode {mode:04o}); {why}: `chmod {change} {path}`"
    return wrong("permissions", words)


def _mode(path: Path) -> int | None:
    found = _status(path)
    return stat.S_IMODE(found.st_mode) if found else None


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
