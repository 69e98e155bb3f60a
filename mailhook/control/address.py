"""Where the socket lies: `<store>.sock`, mode 0600, made and removed by who holds the store.

A path in a socket's address has room for 107 bytes only (unix(7)), so both sides go
through a descriptor of theirs in /proc/self/fd.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from mailhook.errors import TemporaryError

_PRIVATE = 0o600
_WAITING = 128


class Absent(TemporaryError):
    """Nobody listens at the socket: nothing was asked, nothing was done."""


class Unusable(TemporaryError):
    """What lies there is not the service's socket, or not for us."""


def beside(store: Path) -> Path:
    """The path of the store's socket."""
    return store.with_name(store.name + ".sock")


class Listener:
    """The listening socket of who holds the store's lock, and so is the only one.

    What a killed service left is replaced. Raises Unusable where something else is in
    the way, which is left as it is, and OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._name = path, path.name
        self._folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _refuse_others(path, self._status())
            self._listen()
            self._made = self._status()
        except BaseException:
            self.close()
            raise

    def _listen(self) -> None:
        """Listen under a short name nobody knows, then take the one everybody knows.

        So it is neither there before it is private nor before somebody listens.
        """
        short = f".{hashlib.sha256(os.fsencode(self._name)).hexdigest()[:16]}.sock"
        with suppress(FileNotFoundError):
            os.unlink(short, dir_fd=self._folder)
        os.fchmod(self.socket.fileno(), _PRIVATE)  # bind takes the mode over, less the umask
        self.socket.bind(f"/proc/self/fd/{self._folder}/{short}")
        os.chmod(short, _PRIVATE, dir_fd=self._folder)
        self.socket.listen(_WAITING)
        os.rename(short, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def _status(self) -> os.stat_result | None:
        try:
            return os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def is_there(self) -> bool:
        """Whether the path still leads to this socket."""
        try:
            found = self._path.lstat()
        except OSError:
            return False
        return self._made is not None and os.path.samestat(found, self._made)

    def remove(self) -> None:
        """Take the name away, if it is still ours, and wake who waits for a client."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        found = self._status()
        if found and self._made and os.path.samestat(found, self._made):
            with suppress(OSError):  # the folder became read-only: the next start replaces it
                os.unlink(self._name, dir_fd=self._folder)

    def close(self) -> None:
        """Give the socket back to the system."""
        self.socket.close()
        os.close(self._folder)


def _refuse_others(path: Path, found: os.stat_result | None) -> None:
    if found is None:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise Unusable(f"{path} is in the way: it is no socket; remove it")
    if found.st_uid != os.geteuid():
        raise Unusable(f"{path} is in the way: it belongs to another user; remove it")


def connected(path: Path, seconds: float) -> socket.socket:
    """A socket connected to who listens there. Raises Absent or Unusable."""
    try:
        place = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if stat.S_ISSOCK(os.fstat(place).st_mode):
                return _connected(f"/proc/self/fd/{place}", seconds)
        finally:
            os.close(place)
    except OSError as error:
        raise _failed(path, error) from error
    raise Unusable(f"{path} is no socket; remove it and restart the service")


def _connected(path: str, seconds: float) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        made.connect(path)
    except BaseException:
        made.close()
        raise
    return made


def _failed(path: Path, error: OSError) -> TemporaryError:
    if error.errno in {errno.ENOENT, errno.ECONNREFUSED}:
        return Absent(f"{path}: no service listens there; start it, or try again")
    reason = (error.strerror or "it does not answer").lower()
    return Unusable(f"{path} cannot be used: {reason}")
