"""One file or standard input, open: what was in it when it was opened, gzip unpacked."""

from __future__ import annotations

import os
import select
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mailhook import times
from mailhook.errors import UnreadableInput

# `-` on the command line; a file of that name is `./-`.
STDIN: Final = Path("/dev/stdin")
GZIP_MAGIC: Final = b"\x1f\x8b"

_STDIN_FD: Final = 0
_CHUNK_BYTES = 1 << 18
_GZIP = 16 + zlib.MAX_WBITS
_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def name(path: Path) -> str:
    """What a person is told it is called."""
    return "standard input" if path == STDIN else str(path)


def cannot(path: Path, error: OSError) -> str:
    """The sentence on a path that the system does not let us read."""
    return f"{name(path)}: cannot be read: {(error.strerror or 'system error').lower()}"


class Opened:
    """An open file, of which just the bytes there were at first are read.

    `changed_at` is the file's time, aware UTC; the present for a pipe. `is_packed`
    is whether it is gzip, known once `chunks` was called.
    """

    def __init__(self, path: Path, fd: int, status: os.stat_result) -> None:
        self.path = path
        self._fd = fd
        is_file = stat.S_ISREG(status.st_mode)
        # As a file may be read from its middle by `-`, that is read like a pipe.
        self._size = status.st_size if is_file and path != STDIN else None
        self._read_bytes = 0
        self.is_packed = False
        self.changed_at = times.now()
        if is_file:
            self.changed_at = datetime.fromtimestamp(min(max(status.st_mtime, 0), _LATEST), UTC)

    @property
    def share(self) -> float:
        """How much of it has been read, from 0 to 1; 0 where its size is not known."""
        return min(self._read_bytes / self._size, 1) if self._size else 0

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, once, in pieces of bounded size, unpacked where they are gzip.

        Raises OSError, and UnreadableInput where the file became shorter meanwhile
        or its gzip is damaged; all before that is good.
        """
        chunks = self._stored()
        first = next(chunks, b"")
        while 0 < len(first) < len(GZIP_MAGIC) and (more := next(chunks, b"")):
            first += more
        self.is_packed = first.startswith(GZIP_MAGIC) or (
            not first and self.path.suffix.lower() == ".gz"
        )
        whole = _followed(first, chunks)
        return _unpacked(whole, name(self.path)) if self.is_packed else whole

    def at(self, offset: int, count: int) -> bytes | None:
        """So many bytes from `offset` on, fewer at the end; None where it cannot be sought."""
        if self._size is None or self.is_packed:
            return None
        return os.pread(self._fd, max(0, min(count, self._size - offset)), offset)

    def added(self, count: int) -> bytes:
        """The first bytes of what was added to a plain file since it was opened."""
        if self._size is None or self.is_packed:
            return b""
        return os.pread(self._fd, count, self._size)

    def _stored(self) -> Iterator[bytes]:
        while self._size is None or self._read_bytes < self._size:
            wanted = min(_CHUNK_BYTES, (self._size or sys.maxsize) - self._read_bytes)
            chunk = (
                _from_pipe(self._fd, wanted) if self._size is None else os.read(self._fd, wanted)
            )
            self._read_bytes += len(chunk)
            if chunk:
                yield chunk
            elif self._size is None:
                return
            else:
                raise UnreadableInput(
                    f"{self.path}: became shorter while it was read: what was cut off is left"
                    " out; read it again"
                )


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """The file, open for the time of the block. What the system says becomes UnreadableInput."""
    try:
        fd = _open(path)
        try:
            status = os.fstat(fd)
            _refuse_others(path, status.st_mode)
            yield Opened(path, fd, status)
        finally:
            os.close(fd)
    except OSError as error:
        raise UnreadableInput(cannot(path, error)) from error


def _open(path: Path) -> int:
    if path != STDIN:
        # A FIFO put in its place must not hold us up.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    # Python found it closed: by now its number may be that of the store.
    if sys.stdin is None:
        raise UnreadableInput("standard input: is closed; pipe a mail or an mbox into it")
    return os.dup(_STDIN_FD)


def _refuse_others(path: Path, mode: int) -> None:
    if path != STDIN and not stat.S_ISREG(mode):
        raise UnreadableInput(f"{path}: this is neither a file nor a folder")
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise UnreadableInput("standard input: is a device; pipe a mail or an mbox into it")


def _from_pipe(fd: int, count: int) -> bytes:
    while True:
        try:
            return os.read(fd, count)
        except BlockingIOError:  # who started us has made standard input so
            select.select([fd], [], [])


def _followed(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from chunks


def _unpacked(chunks: Iterator[bytes], called: str) -> Iterator[bytes]:
    """What the members of a gzip file hold (RFC 1952), zeros after them left out."""
    member, is_between, count = zlib.decompressobj(_GZIP), False, 0
    for chunk in chunks:
        rest = chunk
        while rest := rest.lstrip(b"\0") if is_between else rest:
            before = member.copy()
            try:
                piece = member.decompress(rest, _CHUNK_BYTES)
            except zlib.error as error:
                piece = _until_damage(before, rest)
                if piece:
                    yield piece
                raise UnreadableInput(
                    f"{called}: its gzip is damaged after {count + len(piece):,} unpacked bytes:"
                    " what follows, and the message there, is left out; get a whole copy"
                ) from error
            if piece:
                yield piece
            count += len(piece)
            rest, is_between = member.unconsumed_tail, member.eof
            if is_between:
                rest, member = member.unused_data, zlib.decompressobj(_GZIP)
    if not is_between:
        raise UnreadableInput(
            f"{called}: its gzip ends too early, after {count:,} unpacked bytes: the message there"
            " is left out; get a whole copy"
        )


def _until_damage(member: zlib._Decompress, packed: bytes) -> bytes:
    """What can be unpacked before the error, byte by byte: zlib gives all of a call or nothing."""
    good = bytearray()
    with suppress(zlib.error):
        for at in range(len(packed)):
            good += member.decompress(packed[at : at + 1])
    return bytes(good)
