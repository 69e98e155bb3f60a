"""The SQLite file itself: opened durably by the one writer, read-only by everyone else."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from mailhook import times
from mailhook.errors import ConfigError, MailhookError, Problem, TemporaryError

if TYPE_CHECKING:
    from sqlite_utils import Database

# Seconds a reader or the writer waits for the other's lock.
_BUSY_SECONDS = 10
_SYNCHRONOUS_FULL = 2


class Lock:
    """`<store>.lock`, held by flock(2) for as long as this process may write.

    The file says in words who holds it; the kernel lets go when the process ends,
    however it ends.
    """

    def __init__(self, store: Path, purpose: str) -> None:
        self.path = store.with_name(store.name + ".lock")
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 200, 0).decode(errors="replace").strip() or "somebody"
            os.close(self._file)
            raise TemporaryError(
                f"{store} is being written by {holder}; wait for it or stop it, then try again"
            ) from None
        os.ftruncate(self._file, 0)
        words = f"`mailhook {purpose}` (pid {os.getpid()}, since {times.short(times.now())})"
        os.pwrite(self._file, words.encode(), 0)

    def release(self) -> None:
        """Let go; the file stays, empty, so that two starters never lock two files."""
        os.ftruncate(self._file, 0)
        os.close(self._file)


def open_writable(path: Path) -> Database:
    """A connection in WAL mode with `synchronous=FULL`, migrated to this version's tables."""
    from sqlite_utils import Database

    from mailhook.store.schema import migrations

    with sentences(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
        connection.isolation_level = None
        db = Database(connection)
        _make_durable(db, path)
        _refuse_newer(db, path)
        migrations.apply(db)
        connection.execute("PRAGMA foreign_keys = ON")
    return db


def open_readonly(path: Path) -> Database:
    """A connection that cannot write."""
    from sqlite_utils import Database

    if not path.exists():
        raise _wrong(path, "there is no store yet", "`mailhook poll` or `ingest` makes it")
    with sentences(path):
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)
        db = Database(connection)
        db.execute("PRAGMA query_only = ON")
        _refuse_newer(db, path)
        if "deliveries" not in db.table_names():
            raise _wrong(path, "this SQLite file is no mailhook store", "check store.path")
    return db


def _make_durable(db: Database, path: Path) -> None:
    """Set what a commit must survive, and read it back (both can be refused silently)."""
    mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    db.execute("PRAGMA synchronous = FULL")
    synchronous = db.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, synchronous) != ("wal", _SYNCHRONOUS_FULL):
        raise _wrong(
            path,
            f"the file system does not allow journal_mode=WAL with synchronous=FULL ({mode})",
            "put the store on a local disk",
        )


def _refuse_newer(db: Database, path: Path) -> None:
    from sqlite_utils import Database

    from mailhook.store.schema import migrations

    known = {migration.name for migration in migrations.pending(Database(memory=True))}
    newer = [migration.name for migration in migrations.applied(db) if migration.name not in known]
    if newer:
        raise _wrong(
            path,
            f"a newer mailhook has written this store ({newer[-1]})",
            "install that version or a later one",
        )


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say about the file into one sentence and an exit code."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _sqlite(path, error) from error
    except IsADirectoryError as error:
        raise _wrong(path, "this is a folder, not a file", "name a file in it") from error
    except FileNotFoundError as error:
        raise _wrong(path, f"the folder {path.parent} does not exist", "create it") from error
    except PermissionError as error:
        raise _wrong(path, "no permission to open it", "check its owner and mode") from error
    except OSError as error:
        raise TemporaryError(f"{path}: {error.strerror}") from error


def _sqlite(path: Path, error: sqlite3.DatabaseError) -> MailhookError:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return TemporaryError(f"{path}: the disk is full; nothing was written, make room")
        case sqlite3.SQLITE_NOTADB:
            return _wrong(path, "this file is no SQLite database", "check store.path")
        case sqlite3.SQLITE_CORRUPT:
            return _wrong(path, f"the file is damaged ({error})", "restore a backup")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _wrong(path, f"it cannot be written ({error})", "check owner, mode and mount")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_IOERR:
            return TemporaryError(f"{path}: {error}; nothing was written")
    raise error


def _wrong(path: Path, message: str, hint: str) -> ConfigError:
    return ConfigError([Problem("store.path", f"{path}: {message}", hint)])
