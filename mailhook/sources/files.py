"""Mails that lie in files: `.eml` files, and folders of them. Read only."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from mailhook.errors import UnreadableInput
from mailhook.model import Batch, Delivery

_BATCH_BYTES = 4_000_000
_BATCH_FILES = 250
_HEADERS_BYTES = 1_000_000
_CHUNK_BYTES = 1 << 20
_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Listing:
    """The files to be read, in order, and a sentence for each path that cannot be."""

    files: tuple[Path, ...]
    problems: tuple[str, ...] = ()


def find(paths: Sequence[Path]) -> Listing:
    """The files that the paths name: themselves, and every `.eml` below folders.

    Links to folders are not followed below a folder, so a loop of them ends.
    """
    files: dict[Path, None] = {}
    problems: list[str] = []
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError as error:
            problems.append(_cannot(path, error))
            continue
        if stat.S_ISDIR(mode):
            below = list(_below(path, problems))
            files |= dict.fromkeys(below)
            if not below:
                problems.append(f"{path}: there is no .eml file in this folder")
        elif stat.S_ISREG(mode):
            files[path] = None
        else:
            problems.append(f"{path}: this is neither a file nor a folder")
    return Listing(tuple(files), tuple(problems))


def read(files: Sequence[Path], limit_bytes: int, problems: list[str]) -> Iterator[Batch]:
    """Batches of deliveries, one a file, bounded by bytes; a file that fails adds a sentence."""
    waiting: list[Delivery] = []
    size = 0
    for path in files:
        try:
            delivery = delivered(path, limit_bytes)
        except UnreadableInput as error:
            problems.append(str(error))
            continue
        if waiting and (size + len(delivery.raw) > _BATCH_BYTES or len(waiting) >= _BATCH_FILES):
            yield Batch(tuple(waiting))
            waiting, size = [], 0
        waiting.append(delivery)
        size += len(delivery.raw)
    if waiting:
        yield Batch(tuple(waiting))


def delivered(path: Path, limit_bytes: int) -> Delivery:
    """The delivery that a file is; of one over the limit only its headers are held.

    These have a location of their own: once the limit is raised, the whole of the
    file is something new. Raises UnreadableInput where it cannot be read.
    """
    try:
        # A FIFO put in its place must not hold us up.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableInput(f"{path}: this is neither a file nor a folder")
            raw, digest, size = _content(stream, limit_bytes)
    except OSError as error:
        raise UnreadableInput(_cannot(path, error)) from error
    received_at = datetime.fromtimestamp(min(max(status.st_mtime, 0), _LATEST), UTC)
    if size <= limit_bytes:
        return Delivery("file", f"file:{digest}", received_at, raw)
    problem = f"too_large: {size:,} bytes is over {limit_bytes:,}"
    return Delivery("file", f"file:{digest};headers", received_at, raw, size, problem)


def _content(stream: BinaryIO, limit_bytes: int) -> tuple[bytes, str, int]:
    """What to keep, the sha256 of everything, and the size of everything."""
    raw = stream.read(limit_bytes + 1)
    digest, size = hashlib.sha256(raw), len(raw)
    if size > limit_bytes:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
        raw = _headers(raw)
    return raw, digest.hexdigest(), size


def _headers(raw: bytes) -> bytes:
    head = raw[:_HEADERS_BYTES]
    ends = [at for at in (head.find(b"\r\n\r\n"), head.find(b"\n\n")) if at >= 0]
    return head[: min(ends)] + b"\r\n\r\n" if ends else head


def _below(folder: Path, problems: list[str]) -> Iterator[Path]:
    def note(error: OSError) -> None:
        problems.append(_cannot(Path(error.filename or folder), error))

    for parent, names, files in os.walk(folder, onerror=note):
        names.sort()
        yield from (Path(parent, name) for name in sorted(files) if name.lower().endswith(".eml"))


def _cannot(path: Path, error: OSError) -> str:
    return f"{path}: cannot be read: {(error.strerror or 'system error').lower()}"
