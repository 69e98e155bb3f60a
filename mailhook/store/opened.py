"""A store that is open for writing: its connection, its lock, and that its path leads to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from mailhook import times
from mailhook.store.file import (
    Lock,
    StoreGoneError,
    drop_wal,
    identity,
    open_writable,
    refuse_unusable,
    sentences,
)
from mailhook.store.turnstile import Turnstile

T = TypeVar("T")


class Opened:
    """The one connection that writes; whoever asks for it gets it in turn, from any thread.

    It holds `<store>.lock` until closed.
    """

    def __init__(self, path: Path, purpose: str) -> None:
        self.path, self._purpose = path, purpose
        self._mutex = Turnstile()
        self._is_closed = False
        self._open()

    def _opened(self) -> None:
        """Called each time the file has been opened, first or anew."""

    def _open(self) -> None:
        self._identity: tuple[tuple[int, int], ...] = ()
        with sentences(self.path):
            self._lock = Lock(self.path, self._purpose)
        try:
            self._connection: sqlite3.Connection = open_writable(self.path)
        except BaseException:
            self._lock.release()
            raise
        self._identity = identity(self.path)
        try:
            self._opened()
        except BaseException:
            self._let_go()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, which checkpoints the WAL, and let go of the lock, for good."""
        with self._mutex:
            self._is_closed = True
            self._let_go()

    def _let_go(self) -> None:
        self._connection.close()
        self._lock.release()

    def is_there(self) -> bool:
        """Whether the path still leads to the file that is open; costs two look-ups of names.

        Each call that reads or writes looks too, and raises StoreGoneError if not.
        """
        with sentences(self.path):
            return bool(self._identity) and identity(self.path) == self._identity

    def heal(self) -> str:
        """After StoreGoneError, make the path and the open file one again; what was done.

        A file that was deleted is written back whole: it lives until it is closed here. One
        that was put in its place stays, and is written from now on. Where neither can be
        (folder gone, disk full, in its place no store), an error says so, and the call may
        be repeated. Raises StoreGoneError once the store was closed.
        """
        with self._mutex, sentences(self.path):
            if self._is_closed:
                self._refuse_if_gone()
            if self.is_there():
                return "it is there"
            done = self._rescue()
            self._let_go()
            self._open()
        return done

    def _rescue(self) -> str:
        if not self._identity:  # the last attempt came no further than closing it
            return "it has been opened again"
        real = Path(os.path.realpath(self.path))  # a link stays one
        if not real.exists():
            from mailhook.store.copies import write_back

            write_back(self._connection, real)
            return "it was deleted; all that it held has been written back"
        found = real.stat()
        if (found.st_dev, found.st_ino) == self._identity[0]:
            return "its WAL was deleted; all that it held has been written to the store"
        refuse_unusable(real, alone=True)  # what is open here lives only until it is closed
        drop_wal(real, self._identity[1])
        return "another file was put in its place, which is read and written from now on"

    def write(self, work: Callable[[sqlite3.Connection, datetime], T]) -> T:
        """What `work` comes to, which is one transaction, on its connection, at its time."""
        with self._transaction() as connection:
            return work(connection, times.now())

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for statements that write nothing or are no transaction."""
        with self._mutex, sentences(self.path):
            self._refuse_if_gone()
            yield self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection, in one transaction: committed at the end, or undone by an error."""
        with self._mutex, sentences(self.path):
            self._refuse_if_gone()
            with self._connection:
                # Not a deferred one: that would begin by reading, and what it read may have
                # been changed by somebody's `sqlite3` before it comes to write.
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._refuse_if_gone()

    def _rows(self, sql: str, source: str) -> list[Any]:
        with self._reading() as connection:
            return connection.execute(sql, (source,)).fetchall()

    def _refuse_if_gone(self) -> None:
        """What is committed to a file without a name is lost when it is closed."""
        if self._is_closed:
            raise StoreGoneError(f"{self.path} has been closed; nothing was written")
        if not self.is_there():
            raise StoreGoneError(
                f"{self.path} was deleted or replaced while it was in use; nothing was written"
            )
