"""The main job on an embedded default: an inbox of a dozen mails, served, polled, shown."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from itertools import count
from pathlib import Path

from mailhook import config, token
from mailhook.config import Settings
from mailhook.demo import inbox

# The claims that stand in a mail of the package where a token will.
_CLAIMS = re.compile(rb'^\{"iss".*\}$', re.MULTILINE)

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
    key = signing_key()
    mails = _mails(key)
    (folder / "mails").mkdir(parents=True)
    for name, raw in mails.items():
        (folder / "mails" / name).write_bytes(raw)
    password = secrets.token_urlsafe(16)
    keep(folder / "password", password)
    keep(folder / "signing-key", key)
    with inbox.serve(mails.values(), password) as port:
        settings = _CONFIG.format(host=inbox.HOST, port=port, user=inbox.USER)
        path = folder / "config.yaml"
        path.write_text(settings)
        yield Scene(folder, config.load(path), tuple(mails))


def free_folder(parent: Path) -> Path:
    """The first of `demo-1`, `demo-2`, … that is not there yet."""
    taken = {entry.name for entry in parent.iterdir()}
    return parent / next(name for nth in count(1) if (name := f"demo-{nth}") not in taken)


def signing_key() -> str:
    """A key for one demo, such as the vendor makes: one that is the same in all would be known."""
    return secrets.token_hex(32)


def _mails(key: str) -> dict[str, bytes]:
    folder = files(__package__) / "mails"
    found = {entry.name: _signed(entry.read_bytes(), key) for entry in folder.iterdir()}
    # As a server would hand them out, so that the files are the very bytes it stores.
    return {name: found[name].replace(b"\n", b"\r\n") for name in sorted(found)}


def _signed(raw: bytes, key: str) -> bytes:
    """The mail with a token in place of claims, in base64."""
    return _CLAIMS.sub(lambda found: _token(found[0], key), raw)


def _token(claims: bytes, key: str) -> bytes:
    return base64.encodebytes(token.sign(json.loads(claims), key.encode()).encode()).rstrip()


def keep(path: Path, secret: str) -> None:
    """Write a secret where only its owner may read it."""
    path.touch(mode=0o600)
    path.write_text(secret)
