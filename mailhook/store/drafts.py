"""A file in the making: beside its place, held by flock(2), put there whole or not at all."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SUFFIX = ".tmp"
_BESIDE = ("", "-journal", "-wal", "-shm")


@contextmanager
def draft(target: Path) -> Iterator[Path]:
    """A new private file beside `target`, removed at the end unless it was put in place.

    What a killed run has left there is removed first; what another run holds is not.
    """
    _remove_left(target)
    handle, path = _begun(target)
    try:
        yield path
    finally:
        _remove(path)
        os.close(handle)


def put(path: Path, target: Path) -> None:
    """Make the file durable, and let it take the place of what is there."""
    _sync(path, os.O_RDONLY)
    path.replace(target)
    _sync(target.parent, os.O_RDONLY | os.O_DIRECTORY)


def put_if_free(path: Path, target: Path) -> None:
    """Likewise, but raise FileExistsError if anything is there."""
    _sync(path, os.O_RDONLY)
    os.link(path, target)
    _sync(target.parent, os.O_RDONLY | os.O_DIRECTORY)


def _begun(target: Path) -> tuple[int, Path]:
    """The new file, held until it is closed: the kernel does that when a process is killed."""
    while True:
        handle, name = tempfile.mkstemp(prefix=_prefix(target), suffix=_SUFFIX, dir=target.parent)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:  # else another run took it for left before it was held
            return handle, Path(name)
        os.close(handle)


def _remove_left(target: Path) -> None:
    for path in target.parent.glob(f"{_escaped(_prefix(target))}*{_SUFFIX}"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path)
            finally:
                os.close(handle)


def _remove(path: Path) -> None:
    for suffix in _BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _prefix(target: Path) -> str:
    return f".{target.name}."


def _escaped(text: str) -> str:
    from glob import escape

    return escape(text)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
