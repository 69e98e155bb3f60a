"""The main job on an embedded default: an inbox of a dozen mails, served, polled, shown."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from itertools import count
from pathlib import Path

from mailhook import config
from mailhook.config import Settings
from mailhook.demo import inbox

# Opens nothing but the demo's own tokens.
SIGNING_KEY = "demo-signing-key-that-opens-nothing-5f0c2a"

INBOX_CONFIG = """\
store: {{path: mailhook.db}}
mailboxes:
  - name: demo
    host: {host}
    port: {port}
    tls: none                     # the inbox was served on this machine itself
    username: {user}
    password: {{file: password}}
"""
"""What the settings of every demo begin with, to be formatted with host, port and user."""

_CONFIG = (
    """\
# The settings of the demo. Its inbox is gone when the demo ends; the store stays.
"""
    + INBOX_CONFIG
    + """\
trust:
  authserv_id: mx.example.com     # who checked the senders of these mails
  signing_keys: [{{file: signing-key}}]
"""
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A demo in progress: its folder, its settings, and the names of its mails in order."""

    folder: Path
    settings: Settings
    names: tuple[str, ...]


@contextmanager
def staged(folder: Path) -> Iterator[Scene]:
    """Fill the new folder with mails and settings, and serve the mails over IMAP meanwhile."""
    mails = _mails()
    (folder / "mails").mkdir(parents=True)
    for name, raw in mails.items():
        (folder / "mails" / name).write_bytes(raw)
    password = secrets.token_urlsafe(16)
    keep(folder / "password", password)
    keep(folder / "signing-key", SIGNING_KEY)
    with inbox.serve(mails.values(), password) as port:
        settings = _CONFIG.format(host=inbox.HOST, port=port, user=inbox.USER)
        path = folder / "config.yaml"
        path.write_text(settings)
        yield Scene(folder, config.load(path), tuple(mails))


def free_folder(parent: Path) -> Path:
    """The first of `demo-1`, `demo-2`, … that is not there yet."""
    taken = {entry.name for entry in parent.iterdir()}
    return parent / next(name for nth in count(1) if (name := f"demo-{nth}") not in taken)


def _mails() -> dict[str, bytes]:
    folder = files(__package__) / "mails"
    found = {entry.name: entry.read_bytes() for entry in folder.iterdir()}
    # As a server would hand them out, so that the files are the very bytes it stores.
    return {name: found[name].replace(b"\n", b"\r\n") for name in sorted(found)}


def keep(path: Path, secret: str) -> None:
    """Write a secret where only its owner may read it."""
    path.touch(mode=0o600)
    path.write_text(secret)
