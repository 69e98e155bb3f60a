"""How large the store is, and whether its disk will hold more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from mailhook.health.model import Advice, Room

# Short is below so many bytes, on a small disk below a share of it.
_LEAST_BYTES, _LEAST_SHARE = 500_000_000, 0.05
# Less takes no commit: SQLite writes whole pages, and its log grows by several at once.
_FULL_BYTES = 64_000
FULL_TODO = "nothing can be written: mails wait, web hooks are answered 503; make room there"
# The file, and what SQLite keeps beside it while the store is open.
_FILES = ("", "-wal", "-shm")


def look(store: Path) -> Room | None:
    """The room there is; None where the folder of the store cannot be looked at."""
    try:
        disk = shutil.disk_usage(store.parent)
    except OSError:
        return None
    return Room(sum(_size(Path(f"{store}{end}")) for end in _FILES), disk.free, disk.total)


def is_short(room: Room, margin: float = 1) -> bool:
    """Whether the disk is nearly full: 500 MB left, on a small one 5 %; or `margin` times that."""
    return room.free_bytes < margin * min(_LEAST_BYTES, _LEAST_SHARE * room.disk_bytes)


def is_full(room: Room) -> bool:
    """Whether nothing can be written any more."""
    return is_short(room) and room.free_bytes < _FULL_BYTES


def advise(room: Room | None) -> Iterator[Advice]:
    """What to do before the disk is full, or when it is."""
    if room and is_full(room):
        words = f"the disk of the store is full: {left(room)}; {FULL_TODO}"
        yield Advice(words, topic="disk")
    elif room and is_short(room):
        yield Advice(
            f"the disk of the store is nearly full: {left(room)};"
            " make room there, or lower store.raw_days",
            topic="disk",
        )


def left(room: Room) -> str:
    """`312 MB of 20 GB free`."""
    return f"{in_words(room.free_bytes)} of {in_words(room.disk_bytes)} free"


def in_words(size: int) -> str:
    """A size in decimal units, with two digits at least: `0 kB`, `1.2 MB`, `312 MB`."""
    amount = size / 1000
    for unit in ("kB", "MB", "GB"):
        if amount < 999.5:  # noqa: PLR2004 - above, it is rounded to the next unit
            return _rounded(amount, unit)
        amount /= 1000
    return _rounded(amount, "TB")


def _rounded(amount: float, unit: str) -> str:
    digits = 1 if unit != "kB" and amount < 9.95 else 0  # noqa: PLR2004 - 9.95 rounds to 10
    return f"{amount:,.{digits}f} {unit}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
