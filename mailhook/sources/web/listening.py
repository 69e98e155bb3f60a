"""The sockets the endpoint listens on: those that systemd passes, or one of our own."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import MutableMapping, Sequence
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path

from mailhook.config import WebSettings
from mailhook.errors import AddressInUse, ConfigError, Problem

_FIRST_PASSED = 3  # SD_LISTEN_FDS_START, sd_listen_fds(3)
_BACKLOG = 1024
_GROUP_MAY_WRITE = 0o660
_UNIX = "unix:"
_OR_OURS = "; if it is this service, restart it"


class Listening:
    """Sockets that listen, and where in words. Who made a unix socket removes it at `close`."""

    def __init__(self, sockets: Sequence[socket.socket], where: str, path: Path | None) -> None:
        self.where = where
        self._sockets, self._path = tuple(sockets), path
        self._made = path.lstat() if path else None

    def duplicates(self) -> list[socket.socket]:
        """For a server that closes what it is given."""
        return [one.dup() for one in self._sockets]

    def close(self) -> None:
        """Listen no more; a path that meanwhile leads to somebody else's socket is left."""
        for one in self._sockets:
            one.close()
        if self._path and self._made and _is_same(self._path, self._made):
            self._path.unlink(missing_ok=True)


def passed(environment: MutableMapping[str, str] = os.environ) -> tuple[socket.socket, ...]:
    """The sockets that systemd passes (sd_listen_fds(3)); taken out of the environment.

    Raises ConfigError where what is passed is no socket.
    """
    pid, count, _ = (environment.pop(f"LISTEN_{name}", "") for name in ("PID", "FDS", "FDNAMES"))
    if pid != str(os.getpid()) or not (count.isascii() and count.isdigit()):
        return ()
    try:
        return tuple(_taken_over(_FIRST_PASSED + nth) for nth in range(int(count)))
    except OSError as error:
        hint = "in mailhook.socket: ListenStream= and Accept=no"
        raise _refused("what systemd passes is no socket", hint) from error


def _taken_over(descriptor: int) -> socket.socket:
    found = socket.socket(fileno=descriptor)
    found.set_inheritable(False)
    return found


def by_systemd(sockets: Sequence[socket.socket]) -> Listening:
    """Listens on what was passed, which stays open when this is closed."""
    return Listening([one.dup() for one in sockets], "the socket that systemd passes", None)


def refuse_passed(sockets: Sequence[socket.socket], settings: WebSettings) -> None:
    """Raise ConfigError where what was passed is nothing to listen on."""
    for one in sockets:
        if one.type != socket.SOCK_STREAM or not _listens(one):
            hint = "in mailhook.socket: ListenStream= and Accept=no"
            raise _refused("what systemd passes is no socket that listens", hint)
        if not (settings.public or _is_here(one)):
            hint = "in mailhook.socket: ListenStream=127.0.0.1:8080; or set web.public: true"
            raise _refused("what systemd passes can be reached from other machines", hint)


def bound(settings: WebSettings, *, moving: bool = False) -> Listening:
    """Listens where the settings say. Raises ConfigError.

    `moving`: this process listens already, and may be there by another name.
    """
    listen = settings.listen
    try:
        if listen.startswith(_UNIX):
            path = Path(listen.removeprefix(_UNIX))
            return Listening([_unix(path)], listen, path)
        return Listening([_tcp(listen, _BACKLOG)], listen, None)
    except OSError as error:
        raise _in_words(listen, error, _OR_OURS * moving) from error


def try_out(settings: WebSettings) -> None:
    """Whether it could be listened there; nothing is changed. Raises ConfigError."""
    listen = settings.listen
    try:
        if listen.startswith(_UNIX):
            _refuse_unfit(Path(listen.removeprefix(_UNIX)))
        else:
            _tcp(listen, None).close()
    except OSError as error:
        raise _in_words(listen, error) from error


def _tcp(listen: str, backlog: int | None) -> socket.socket:
    host, _, port = listen.rpartition(":")
    found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    family, kind, protocol, _, address = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        if backlog:
            made.listen(backlog)
    except OSError:
        made.close()
        raise
    return made


def _unix(path: Path) -> socket.socket:
    _refuse_unfit(path)
    path.unlink(missing_ok=True)  # nobody listens there any more
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(path))
        path.chmod(_GROUP_MAY_WRITE)  # nobody can connect before it listens
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _refuse_unfit(path: Path) -> None:
    """Raise OSError where no socket can be made: in the way is more than a socket left behind."""
    if not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=True):
        code = errno.EACCES if path.parent.is_dir() else errno.ENOENT
        raise OSError(code, f"the folder {path.parent} cannot be written, or is not there")
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(errno.EEXIST, "something that is no socket is there, and is left")
    if _answers(path):
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _answers(path: Path) -> bool:
    """Whether somebody listens there, even if he has no time or it is not for us."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as asked:
        asked.settimeout(0)
        return asked.connect_ex(str(path)) not in {errno.ECONNREFUSED, errno.ENOENT}


def _is_same(path: Path, made: os.stat_result) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (made.st_dev, made.st_ino)


def _listens(one: socket.socket) -> bool:
    return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _is_here(one: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    if one.family not in {socket.AF_INET, socket.AF_INET6}:
        return True
    return ip_address(one.getsockname()[0]).is_loopback


def _in_words(listen: str, error: OSError, more: str = "") -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        hint = f"stop it, or choose another{more}"
        message = f"{listen} is in use by another program"
        return AddressInUse([Problem("web.listen", message, hint)])
    reason = (error.strerror or str(error)).lower()
    hint = "an address of this machine and a port from 1024, or a socket in a folder of the user's"
    return _refused(f"{listen} cannot be listened on: {reason}", hint)


def _refused(message: str, hint: str) -> ConfigError:
    return ConfigError([Problem("web.listen", message, hint)])
