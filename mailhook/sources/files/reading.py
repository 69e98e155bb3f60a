"""Files become deliveries, one a message, in bounded batches."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from mailhook.errors import UnreadableInput
from mailhook.model import Batch, Delivery
from mailhook.sources.files import maildir, mbox, postmark
from mailhook.sources.files.ahead import Ahead
from mailhook.sources.files.opening import GZIP_MAGIC, STDIN, Opened, opened

_BATCH_BYTES = 4_000_000
_BATCH_MESSAGES = 250
_HEADERS_BYTES = 1_000_000
_CHUNK_BYTES = 1 << 18


@dataclass(slots=True)
class Report:
    """What reading says beside its batches: a sentence for each file that fails, and how far it is.

    `done` counts files, the one that is being read by its share of bytes.
    """

    problems: list[str] = field(default_factory=list)
    done: float = 0


def read(files: Sequence[Path], limit_bytes: int, report: Report) -> Iterator[Batch]:
    """Batches of deliveries, one a message, bounded by bytes and by number.

    What cannot be read adds a sentence to the report; all before it is in the batches.
    """
    waiting: list[Delivery] = []
    size = 0
    for delivery in _readable(files, limit_bytes, report):
        if waiting and (size + len(delivery.raw) > _BATCH_BYTES or len(waiting) >= _BATCH_MESSAGES):
            yield Batch(tuple(waiting))
            waiting, size = [], 0
        waiting.append(delivery)
        size += len(delivery.raw)
    if waiting:
        yield Batch(tuple(waiting))


def delivered(path: Path, limit_bytes: int) -> Delivery:
    """The delivery that a file with one message is; over the limit, with its headers only.

    These have a location of their own: once the limit is raised, the whole of the
    message is something new. Raises UnreadableInput where it cannot be read, or holds
    no message or several.
    """
    with opened(path) as file, closing(_messages(file, limit_bytes)) as messages:
        found = tuple(islice(messages, 2))
    if len(found) != 1:
        many = "several messages" if found else "no message"
        raise UnreadableInput(f"{path}: holds {many}: name a file that is one, or ingest this one")
    return found[0]


def _readable(files: Sequence[Path], limit_bytes: int, report: Report) -> Iterator[Delivery]:
    for nth, path in enumerate(files):
        try:
            with opened(path) as file:
                for delivery in _messages(file, limit_bytes):
                    report.done = nth + file.share
                    yield delivery
        except UnreadableInput as error:
            report.problems.append(str(error))
        report.done = nth + 1


def _messages(file: Opened, limit_bytes: int) -> Generator[Delivery]:
    """The deliveries of an open file. Raises OSError or UnreadableInput after the last good one."""
    ahead = Ahead(file, limit_bytes)
    if _is_mbox(file, ahead):
        while line := mbox.begin(ahead):
            content = _Content(limit_bytes)
            for piece in mbox.pieces(ahead):
                content.add(piece)
            if ahead.finished:
                _refuse_cut(file, ahead, is_mbox=True)
            received_at = postmark.received_at(line) or file.changed_at
            yield content.delivery(received_at, is_quoted=True)
    else:
        content = _Content(limit_bytes)
        while not ahead.finished:
            content.add(ahead.take(_CHUNK_BYTES))
        _refuse_cut(file, ahead, is_mbox=False)
        yield content.delivery(file.changed_at)


def _is_mbox(file: Opened, ahead: Ahead) -> bool:
    """Whether messages lie there behind postmarks, by the first bytes; else it is one message.

    A file of a Maildir is always one: a postmark in it was written by the sender.
    """
    ahead.fill(len(postmark.BEGINNING))
    is_single = maildir.is_read_part(file.path.parent)
    if ahead.held:
        if file.is_packed and ahead.held.startswith(GZIP_MAGIC):
            raise UnreadableInput(f"{ahead.name}: is packed twice; unpack it once, and read that")
        return ahead.held.startswith(postmark.BEGINNING) and not is_single
    ahead.check()
    if file.path == STDIN:
        raise UnreadableInput(f"{ahead.name}: is empty; pipe a mail or an mbox into it")
    # Mailboxes are empty at times; a mail never, so that a person has to look at it.
    return not is_single and ".eml" not in file.path.suffixes


def _refuse_cut(file: Opened, ahead: Ahead, *, is_mbox: bool) -> None:
    """Raise where the message that was taken last is not whole."""
    ahead.check()
    added = file.added(postmark.POSTMARK_BYTES)
    if added and not (is_mbox and postmark.begins(added.lstrip(b"\r\n"))):
        raise UnreadableInput(
            f"{ahead.name}: is still being written: its last message was cut, and is left out;"
            " read it again later"
        )


class _Content:
    """What is kept of one message, which comes in pieces: all, or, over the limit, its headers."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept = bytearray()
        self._size = 0
        self._digest: hashlib._Hash | None = None

    def add(self, piece: bytes) -> None:
        """Take the next piece; memory stays bounded by the limit and one piece."""
        self._size += len(piece)
        if self._digest:
            self._digest.update(piece)
            return
        self._kept += piece
        if self._size > self._limit_bytes:
            self._digest = hashlib.sha256(self._kept)
            self._kept = _headers(self._kept[: self._limit_bytes + 1])

    def delivery(self, received_at: datetime, *, is_quoted: bool = False) -> Delivery:
        """The message as one; over the limit named by its bytes as they stand in an mbox."""
        raw = bytes(self._kept)
        if self._digest:
            location = f"file:{self._digest.hexdigest()};headers"
            problem = f"too_large: {self._size:,} bytes is over {self._limit_bytes:,}"
            return Delivery("file", location, received_at, raw, self._size, problem)
        raw = mbox.unquoted(raw) if is_quoted else raw
        return Delivery("file", f"file:{hashlib.sha256(raw).hexdigest()}", received_at, raw)


def _headers(raw: bytearray) -> bytearray:
    head = raw[:_HEADERS_BYTES]
    ends = [at for at in (head.find(b"\r\n\r\n"), head.find(b"\n\n")) if at >= 0]
    return head[: min(ends)] + b"\r\n\r\n" if ends else head
