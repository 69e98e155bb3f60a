"""The file that keeps a mailbox's refresh token: 0600, replaced whole, one writer at a time."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mailhook import strict_json
from mailhook.config import MailboxSettings
from mailhook.errors import MailhookError
from mailhook.oauth.grant import Grant
from mailhook.oauth.issuer import oauth2
from mailhook.oauth.wording import later, wrong

_MAX_BYTES = 131_072
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Longer than the issuer may take to answer whoever holds the lock.
_LOCK_SECONDS = 90
_LOCK_PAUSE_SECONDS = 0.05


class TokenFile:
    """The token file of one mailbox, which threads and processes share.

    A login is good only for the issuer, client, scopes and user it was made
    for; of another it is as if there was none.
    """

    def __init__(self, settings: MailboxSettings) -> None:
        self._settings = settings
        path = oauth2(settings).token_file
        if path is None:
            raise wrong(settings.name, "token_file", "is not set", "a file in a private folder")
        self.path: Path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the file, across processes.

        Raises:
            TemporaryError: another process has held it for too long, or the disk is in trouble.
            ConfigError: the folder is missing or cannot be written.
        """
        with self._said():
            lock = os.open(f"{self.path}.lock", _flags(os.O_RDWR | os.O_CREAT), 0o600)
        try:
            self._give_away(lock)
            self._wait_for(lock)
            yield
        finally:
            os.close(lock)

    def read(self) -> Grant:
        """The login that is kept.

        Raises:
            ConfigError: there is none, it is for other settings, it is no token file,
                or other users could read or have written it.
        """
        raw = self._read()
        try:
            whose, grant = _told(strict_json.loads(raw))
        except (ValueError, TypeError, KeyError):
            raise self._no_login(f"{self.path} is no token file, or a damaged one") from None
        if whose != self._for():
            raise self._no_login(f"{self.path} holds a login made with other settings")
        return grant

    def write(self, grant: Grant) -> None:
        """Replace what is kept; killed at any moment, the old file or the new one is whole.

        Raises:
            TemporaryError: the disk is full or in trouble; the old file stands.
        """
        told = {
            "for": self._for(),
            "refresh_token": grant.refresh_token,
            "access_token": grant.access_token,
            "good_until": grant.good_until,
        }
        new = Path(f"{self.path}.new")
        with self._said():
            new.unlink(missing_ok=True)  # what a process killed in here has left
            self._write_out(new, json.dumps(told).encode())
            new.replace(self.path)
            _sync_folder(self.path.parent)

    def _write_out(self, new: Path, raw: bytes) -> None:
        number = os.open(new, _flags(os.O_WRONLY | os.O_CREAT | os.O_EXCL), 0o600)
        with os.fdopen(number, "wb") as stream:
            self._give_away(number)
            stream.write(raw)
            stream.flush()
            os.fsync(number)

    def _give_away(self, number: int) -> None:
        """Root may log in for the service's user, whose folder it is."""
        if os.geteuid() == 0 and os.fstat(number).st_uid == 0:
            folder = self.path.parent.stat()
            os.fchown(number, folder.st_uid, folder.st_gid)

    def _read(self) -> bytes:
        try:
            number = os.open(self.path, _flags(os.O_RDONLY | os.O_NONBLOCK))
        except FileNotFoundError:
            raise self._no_login("nobody has logged in yet") from None
        except OSError as error:
            raise self._unreadable(error) from None
        try:
            self._refuse_foreign(os.fstat(number))
            return os.read(number, _MAX_BYTES)
        finally:
            os.close(number)

    def _refuse_foreign(self, status: os.stat_result) -> None:
        owners = {os.geteuid()}
        if os.geteuid() == 0:
            owners.add(self.path.parent.stat().st_uid)
        mode = stat.S_IMODE(status.st_mode)
        if not stat.S_ISREG(status.st_mode):
            message, hint = f"{self.path} is no file", "name another"
        elif status.st_uid not in owners:
            message = f"{self.path} belongs to another user (uid {status.st_uid})"
            hint = "run `mailhook oauth login` as the user the service runs as"
        elif mode & _OTHERS:
            message = f"{self.path} can be read or changed by other users (mode {mode:04o})"
            hint = f"chmod 600 {self.path}, and log in again if somebody may have read it"
        else:
            return
        raise wrong(self._settings.name, "token_file", message, hint)

    def _wait_for(self, lock: int) -> None:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            with suppress(BlockingIOError):
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.monotonic() > deadline:
                what = f"another process has held it for {_LOCK_SECONDS} s"
                raise later(self._settings.name, f"{self.path}.lock", what)
            time.sleep(_LOCK_PAUSE_SECONDS)

    def _for(self) -> str:
        """What the login is good for, in a form that tells nothing."""
        of = oauth2(self._settings)
        where = (of.authority, of.tenant) if of.provider == "microsoft" else (of.token_url,)
        told = [self._settings.username, of.provider, of.client_id, *where, *of.scopes]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise self._unreadable(error) from None
        except OSError as error:
            what = f"cannot be written ({error.strerror})"
            raise later(self._settings.name, str(self.path), what) from None

    def _unreadable(self, error: OSError) -> MailhookError:
        message = f"{self.path} cannot be used: {(error.strerror or 'system error').lower()}"
        hint = "a file in a folder that the service's user may write, and nobody else"
        return wrong(self._settings.name, "token_file", message, hint)

    def _no_login(self, message: str) -> MailhookError:
        hint = f"run `mailhook oauth login` for {self._settings.name}, as the service's user"
        return wrong(self._settings.name, "", message, hint)


def _told(kept: Any) -> tuple[str, Grant]:  # noqa: ANN401 - whatever a file may hold
    """Whose login a file holds, and the login."""
    access, refresh = str(kept["access_token"]), str(kept["refresh_token"])
    return str(kept["for"]), Grant(access, float(kept["good_until"]), refresh)


def _flags(flags: int) -> int:
    return flags | os.O_NOFOLLOW | os.O_CLOEXEC


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
