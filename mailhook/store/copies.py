"""Copies of the live store: whole, checked, put in place atomically; the writer is not held up.

A copy reads the store as it was at one moment, in a read transaction: what is committed
meanwhile waits in the WAL for the next copy, and never makes this one begin again. It is
in journal_mode=DELETE, so that it can be opened `mode=ro` by those who may not write the
folder it lies in (a store in WAL mode cannot).
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mailhook.config import SnapshotSettings
from mailhook.errors import ConfigError, Problem
from mailhook.store import drafts, versions
from mailhook.store.file import open_readonly, sentences
from mailhook.store.group import group_id

_PAGES = 1000  # in one step: 4 MB, some milliseconds
_PRIVATE, _SHARED = 0o600, 0o640
_NEVER = 0xFFFFFFFF  # os.chown: leave the owner, or the group

# What people see of a store; positions and heartbeats alone are no reason for a new copy.
# Whatever a person changes or retention removes has its row in `audit`.
_STATE = """
SELECT (SELECT value FROM counters WHERE name = 'revision'),
       (SELECT max(id) FROM deliveries),
       (SELECT id || ifnull(detail, '') FROM audit ORDER BY id DESC LIMIT 1),
       (SELECT group_concat(id || state) FROM alerts WHERE state <> 'open'),
       (SELECT group_concat(value) FROM facts)
"""


# What SQLite, the lock and the control socket keep beside the store. Empty at times, as a place
# for a copy would be, and lost with all that was committed if a copy took it.
_BESIDE = ("-wal", "-shm", "-journal", ".lock", ".sock")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Where a copy goes, who may read it, and how it is checked; `key` is what to blame."""

    path: Path
    key: str
    check: str
    mode: int = _PRIVATE
    group: int | None = None
    owner: int | None = None

    def stands(self) -> bool:
        """Whether mode, group and owner of the file that is there are as they should be."""
        found = self.path.stat()
        mode_is_right = stat.S_IMODE(found.st_mode) == self.mode
        belongs = self.group in {None, found.st_gid} and self.owner in {None, found.st_uid}
        return mode_is_right and belongs


def snapshot(source: Path, settings: SnapshotSettings, *, force: bool = False) -> bool:
    """Put a new copy at `settings.path` if anything has changed; whether that was done.

    Never changes the store. Raises TemporaryError where the disk is full (the old copy
    stays) and ConfigError where the copy cannot lie there or be given to the group.
    """
    mode = _SHARED if settings.group else _PRIVATE
    wanted = _Wanted(settings.path, "store.snapshot.path", "quick_check", mode, _group(settings))
    return _copy(source, replace(wanted, owner=_owner(source)), force=force)


def backup(source: Path, path: Path) -> None:
    """Put a private, thoroughly checked copy at `path`, over an earlier copy if one is there.

    Raises ConfigError where something else lies there, or somebody writes it.
    """
    _copy(source, _Wanted(path, "PATH", "integrity_check"), force=True)


def write_back(store: sqlite3.Connection, path: Path) -> None:
    """Give the file that `store` has open a name again, as a copy, where nothing is.

    Raises FileExistsError if something is.
    """
    with drafts.draft(path) as draft:
        _write(store, draft)
        for suffix in ("-wal", "-shm"):  # of the file that was deleted
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        drafts.put_if_free(draft, path)


def problems(source: Path, settings: SnapshotSettings) -> list[Problem]:
    """Why no copy could be made; asks, and writes nothing."""
    wanted = _Wanted(settings.path, "store.snapshot.path", "quick_check")
    found: list[Problem] = []
    for question in (partial(_group, settings), partial(_refuse_place, source, wanted)):
        try:
            question()
        except ConfigError as error:
            found += error.problems
    return found


def _group(settings: SnapshotSettings) -> int | None:
    return group_id(settings.group) if settings.group else None


def _owner(source: Path) -> int | None:
    """To whom root gives what it copies: else the store's own user could not replace it."""
    with sentences(source):
        return source.stat().st_uid if os.geteuid() == 0 and source.exists() else None


def _refuse_place(source: Path, wanted: _Wanted) -> None:
    folder = wanted.path.parent
    with _blamed(wanted):
        _refuse_other_files(source, wanted)
        if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
            message = f"the folder {folder} cannot be written"
            raise ConfigError([Problem(wanted.key, message, "check its owner and mode")])


def _copy(source: Path, wanted: _Wanted, *, force: bool) -> bool:
    wanted = replace(wanted, path=Path(os.path.realpath(wanted.path)))
    with closing(open_readonly(source)) as store, sentences(source):
        store.execute("BEGIN")
        state = store.execute(_STATE).fetchone()  # the transaction begins by reading
        with _blamed(wanted):
            _refuse_other_files(source, wanted)
            if not force and _is_current(wanted, state):
                return False
            with drafts.draft(wanted.path) as draft:
                _write(store, draft)
                _verify(draft, wanted.check, source)
                _give(draft, wanted)
                draft.chmod(wanted.mode)
                drafts.put(draft, wanted.path)
    return True


def _give(draft: Path, wanted: _Wanted) -> None:
    if (wanted.owner, wanted.group) != (None, None):
        owner, group = (_NEVER if one is None else one for one in (wanted.owner, wanted.group))
        os.chown(draft, owner, group)


def _write(store: sqlite3.Connection, draft: Path) -> None:
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # it is made durable as a whole
        store.backup(copy, pages=_PAGES)
    # Anew: it has learnt from its first page that it were in WAL mode.
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()


def _verify(draft: Path, check: str, source: Path) -> None:
    uri = f"{draft.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as copy:
            (said,) = copy.execute(f"PRAGMA {check}(1)").fetchone()
    except sqlite3.DatabaseError as error:
        said = error
    if said != "ok":
        message = f"{source}: the file is damaged ({said}); no copy was made of it"
        raise ConfigError([Problem("store.path", message, "restore a backup")])


def _is_current(wanted: _Wanted, state: tuple[object, ...]) -> bool:
    """Whether the copy that is there says just that, to those whom it should."""
    try:
        with closing(_opened(wanted.path)) as copy:
            there: tuple[object, ...] = copy.execute(_STATE).fetchone()
        return there == state and wanted.stands()
    except (OSError, sqlite3.DatabaseError):
        return False  # none, an older version's, or damaged


def _refuse_other_files(source: Path, wanted: _Wanted) -> None:
    """Only a copy is ever replaced, and only one that nobody is writing."""
    path = wanted.path
    if what := _store_s_own(source, path):
        raise ConfigError([Problem(wanted.key, f"{path} is {what}", "name another file")])
    if not path.exists():
        if not path.parent.is_dir():
            raise FileNotFoundError(2, "no such folder", str(path.parent))
        return
    for suffix in ("-wal", "-journal"):
        if path.with_name(path.name + suffix).exists():
            message = f"{path} is being written by somebody, as {path.name}{suffix} shows"
            hint = "name another file, or make sure that nobody uses it and remove both"
            raise ConfigError([Problem(wanted.key, message, hint)])
    if not path.is_file() or not _is_ours(path):
        message = f"{path} is there, and is no copy of a store"
        raise ConfigError([Problem(wanted.key, message, "move it away, or name another file")])


def _store_s_own(source: Path, path: Path) -> str:
    """What of the store lies there, or will once it is written; empty where nothing does."""
    real, store = Path(os.path.realpath(path)), Path(os.path.realpath(source))
    if real == store or (path.exists() and source.exists() and path.samefile(source)):
        return "the store itself"
    beside = {store.name + suffix for suffix in _BESIDE}
    return (
        "a file of the store's own" if real.parent == store.parent and real.name in beside else ""
    )


def _is_ours(path: Path) -> bool:
    """Whether it is an empty file or a store, be it damaged."""
    if path.stat().st_size == 0:
        return True
    try:
        with closing(_opened(path)) as found:
            return bool(versions.applied(found))
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_CANTOPEN:
            raise  # what it is cannot be said
        return code == sqlite3.SQLITE_CORRUPT


def _opened(path: Path) -> sqlite3.Connection:
    """The file as it lies there, without a look at locks: nobody writes a copy."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


@contextmanager
def _blamed(wanted: _Wanted) -> Iterator[None]:
    """What is wrong here is wrong with the copy's place, not with the store's."""
    try:
        with sentences(wanted.path):
            yield
    except ConfigError as error:
        begins = f"{wanted.path}: "
        problems = [
            replace(one, path=wanted.key) if one.message.startswith(begins) else one
            for one in error.problems
        ]
        raise ConfigError(problems) from error
