"""The SQLite file itself: opened durably by the one writer, read-only by everyone else."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from mailhook import times
from mailhook.errors import ConfigError, MailhookError, Problem, StoreError, StoreUnready
from mailhook.store import versions

# Seconds a reader or the writer waits for the other's lock.
_BUSY_SECONDS = 10
_SYNCHRONOUS_FULL = 2
_PRIVATE = 0o600
_NOT_WRITABLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})
_FULL = "the disk is full; nothing was written, make room"


class StoreGoneError(StoreError):
    """The file was deleted or replaced while it was being written; `Store.heal` mends that."""


class Lock:
    """`<store>.lock`, held by flock(2) for as long as this process may write.

    The file says in words who holds it; the kernel lets go when the process ends,
    however it ends. The store itself is held in the same way, because a lock file
    may be deleted by somebody; SQLite's own locks are fcntl(2)'s and do not meet these.
    """

    def __init__(self, store: Path, purpose: str) -> None:
        if store.is_dir():
            raise _folder(store)
        self.path = store.with_name(store.name + ".lock")
        file = _opened(self.path, os.O_NOFOLLOW)
        if not _held(file):
            holder = os.pread(file, 200, 0).decode(errors="replace").strip()
            os.close(file)
            raise _taken(store, holder)
        self._files = [file]
        try:
            self._hold(store, purpose)
        except BaseException:
            self.release()
            raise

    def _hold(self, store: Path, purpose: str) -> None:
        words = f"`mailhook {purpose}` (pid {os.getpid()}, since {times.short(times.now())})"
        os.ftruncate(self._files[0], 0)
        os.pwrite(self._files[0], words.encode(), 0)
        file = _opened(store)
        if not _held(file):
            # Left open: to close it would take from SQLite, if this very process has
            # the store open, the locks by which other processes know that.
            raise _taken(store, "another process")
        self._files.append(file)

    def release(self) -> None:
        """Let go; the file stays, empty, so that two starters never lock two files."""
        if self._files:
            os.ftruncate(self._files[0], 0)
        while self._files:
            os.close(self._files.pop())


def _opened(path: Path, flags: int = 0) -> int:
    """The file, made if it is missing; private whatever the umask."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, _PRIVATE)
    if os.fstat(file).st_size == 0:
        os.fchmod(file, _PRIVATE)
        if os.geteuid() == 0:  # or what root has made the service's user could not open
            folder = path.parent.stat()
            os.fchown(file, folder.st_uid, folder.st_gid)
    return file


def _held(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken(store: Path, holder: str) -> StoreError:
    return StoreError(
        f"{store} is being written by {holder or 'somebody'};"
        " wait for it or stop it, then try again"
    )


def identity(path: Path) -> tuple[tuple[int, int], ...]:
    """Which files the store's two names lead to; empty where one leads nowhere."""
    # SQLite puts the WAL beside the file itself, not beside a link to it.
    real = os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 - thrice as fast
    try:
        found = [os.stat(f"{real}{suffix}") for suffix in ("", "-wal")]  # noqa: PTH116 - likewise
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return tuple((one.st_dev, one.st_ino) for one in found)


def drop_wal(path: Path, file: tuple[int, int]) -> None:
    """Remove the WAL beside the store if it is that file: of another store's it would make soup."""
    wal = Path(f"{path}-wal")
    with suppress(FileNotFoundError):
        found = wal.stat()
        if (found.st_dev, found.st_ino) == file:
            wal.unlink()
            Path(f"{path}-shm").unlink()


def is_read_only(folder: Path) -> bool:
    """Whether the folder is mounted read-only: nobody may write there, not even root."""
    with suppress(OSError):
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    return False


def read_only(path: Path) -> Problem:
    """That nothing can be done with a store there, in words."""
    message = (
        f"{path}: it lies on a read-only file system, and even to read SQLite writes beside it"
    )
    return Problem("store.path", message, "see `mount` and the kernel's log; mount it for writing")


def refuse_unusable(path: Path, *, alone: bool = False) -> None:
    """Raise ConfigError where `open_writable` would, of what lies there; changes nothing.

    An empty file or an older store is good enough. `alone`: without a look at the WAL
    beside it, which may be another store's.
    """
    if path.is_dir():
        raise _folder(path)
    if not path.is_file():
        raise _wrong(path, "this is no file", "move it away")
    uri = f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if alone else ''}"
    with (
        sentences(path),
        closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as connection,
    ):
        _pending(connection, path)


def open_writable(path: Path) -> sqlite3.Connection:
    """A connection in WAL mode with `synchronous=FULL`, migrated to this version's tables.

    Nothing is changed in a file that is no mailhook store, or a newer version's.
    """
    with sentences(path):
        connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )
        try:
            _pending(connection, path)
            _make_private(path)
            _make_durable(connection, path)
            versions.apply(connection)
            connection.execute("PRAGMA foreign_keys = ON")
            # What a statement may have to undo is kept in memory: it is a few pages.
            connection.execute("PRAGMA temp_store = MEMORY")
        except BaseException:
            connection.close()
            raise
    return connection


def open_readonly(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    with sentences(path):
        if path.is_dir():
            raise _folder(path)
        if not path.exists():
            raise _no_store_yet(path)
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)
        try:
            connection.execute("PRAGMA query_only = ON")
            _refuse_unready(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _pending(connection: sqlite3.Connection, path: Path) -> list[str]:
    """The migrations that the store lacks. Raises ConfigError if it is not ours to read."""
    if versions.is_foreign(connection):
        raise _wrong(path, "this SQLite file is no mailhook store", "check store.path")
    applied = versions.applied(connection)
    newer = [name for name in applied if name not in versions.KNOWN]
    if newer:
        raise _wrong(
            path,
            f"a newer mailhook has written this store ({newer[-1]})",
            "install that version or a later one",
        )
    return [name for name in versions.KNOWN if name not in applied]


def _refuse_unready(connection: sqlite3.Connection, path: Path) -> None:
    pending = _pending(connection, path)
    if pending == list(versions.KNOWN):
        raise _no_store_yet(path)
    if pending:
        raise _unready(
            path,
            f"an older mailhook has written this store (it lacks {pending[0]})",
            "restart the service, or run `mailhook poll`: whoever writes brings it up to date",
        )


def _no_store_yet(path: Path) -> ConfigError:
    return _unready(path, "there is no store yet", "`mailhook run`, `poll` or `ingest` makes it")


def _folder(path: Path) -> ConfigError:
    return _wrong(path, "this is a folder, not a file", "name a file in it")


def _make_private(path: Path) -> None:
    if stat.S_IMODE(path.stat().st_mode) != _PRIVATE:
        path.chmod(_PRIVATE)


def _make_durable(connection: sqlite3.Connection, path: Path) -> None:
    """Set what a commit must survive, and read it back (both can be refused silently)."""
    # Before anything is written: a file that has pages changes this only by a VACUUM.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA secure_delete = ON")  # what is pruned is not to be found in it
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, synchronous) != ("wal", _SYNCHRONOUS_FULL):
        raise _wrong(
            path,
            f"the file system does not allow journal_mode=WAL with synchronous=FULL ({mode})",
            "put the store on a local disk",
        )


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say about the file into one sentence and an exit code."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise _in_words(path, error) from error


def _in_words(path: Path, error: sqlite3.DatabaseError | OSError) -> MailhookError:
    if isinstance(error, OSError):
        return (
            ConfigError([read_only(path)]) if error.errno == errno.EROFS else _system(path, error)
        )
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _NOT_WRITABLE and is_read_only(path.parent):
        return ConfigError([read_only(path)])
    return _half_made(path, error) or _sqlite(path, error)


def _system(path: Path, error: OSError) -> MailhookError:
    match error.errno:
        case errno.EISDIR:
            return _folder(path)
        case errno.ENOENT | errno.ENOTDIR:
            return _wrong(path, f"the folder {path.parent} does not exist", "create it")
        case errno.EACCES | errno.EPERM:
            return _wrong(path, "no permission to open it", "check its owner and mode")
        case errno.ELOOP | errno.ENAMETOOLONG:
            return _wrong(path, f"it cannot be written ({error.strerror})", "check path and mount")
        case errno.ENOSPC | errno.EDQUOT:
            return StoreError(f"{path}: {_FULL}")
    return StoreError(f"{path}: {error.strerror}; nothing was written")


def _half_made(path: Path, error: sqlite3.DatabaseError) -> MailhookError | None:
    """What to do where a commit was cut off before the store was in WAL mode: a reader cannot."""
    if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_READONLY_ROLLBACK:
        return None
    message = "who wrote it was ended in the middle of it"
    return _unready(path, message, "`mailhook run` or `poll` puts it right")


def _sqlite(path: Path, error: sqlite3.DatabaseError) -> MailhookError:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StoreError(f"{path}: {_FULL}")
        case sqlite3.SQLITE_NOTADB:
            return _wrong(path, "this file is no SQLite database", "check store.path")
        case sqlite3.SQLITE_CORRUPT:
            return _wrong(path, f"the file is damaged ({error})", "restore a backup")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return _wrong(path, f"it cannot be written ({error})", "check owner, mode and mount")
        case sqlite3.SQLITE_CANTOPEN:
            hint = "check its owner and mode, and its folder's"
            return _wrong(path, f"it cannot be opened ({error})", hint)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_IOERR:
            return StoreError(f"{path}: {error}; nothing was written")
    raise error


def _wrong(path: Path, message: str, hint: str) -> ConfigError:
    return ConfigError([Problem("store.path", f"{path}: {message}", hint)])


def _unready(path: Path, message: str, hint: str) -> StoreUnready:
    return StoreUnready([Problem("store.path", f"{path}: {message}", hint)])
