"""Whether what is committed is on the disk, and stays there: measured beside the store."""

from __future__ import annotations

import errno
import os
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mailhook.doctor.model import Remark, advice, ok, wrong
from mailhook.errors import MailhookError, StoreError
from mailhook.health import in_words, room
from mailhook.store.file import open_writable

_SYNCS, _SYNC_BYTES = 20, 4096
_SLOW_SECONDS, _INCREDIBLE_SECONDS = 0.05, 0.000_02
_LARGE_WAL_BYTES = 64_000_000
# Why nothing can be measured there.
_NOT_ALLOWED = "this user may not write there: run this as the service's user"
_WHY = {
    errno.ENOSPC: "it is full",
    errno.EDQUOT: "it is full",
    errno.EROFS: "its file system is read-only",
}
_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")

# Where SQLite's locks and its shared memory cannot be relied on, and its WAL must not lie.
_NETWORK = frozenset(
    "nfs nfs4 cifs smb3 smbfs 9p ceph glusterfs lustre afs gpfs beegfs ncpfs vboxsf prl_fs drvfs"
    " fuse.sshfs fuse.glusterfs fuse.s3fs fuse.rclone fuse.davfs fuse.ceph-fuse".split()
)
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_OF_A_CONTAINER = frozenset({"overlay", "aufs"})


def remarks(store: Path) -> Iterator[Remark]:
    """The sentences on the disk of the store; the store itself is only looked at."""
    folder = store.parent
    if not _is_there(folder):
        return  # which has been told
    if kind := file_system(folder):
        yield _on_kind(kind)
    yield from _measured(folder)
    if space := room.look(store):
        left = room.left(space)
        words = f"disk of the store: {left}"
        if room.is_full(space):
            yield wrong("store", f"{words}, which is full: {room.FULL_TODO}")
        elif room.is_short(space):
            yield wrong("store", f"{words}, nearly full: make room there before mails have to wait")
        else:
            yield ok("store", words)
    yield from _on_wal(Path(f"{store}-wal"))


def _is_there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except PermissionError:
        return False


def file_system(folder: Path, mounts: Path = _MOUNTS) -> str | None:
    """The type of the file system the folder lies on, as Linux names it (proc(5), mountinfo)."""
    try:
        real, lines = folder.resolve(), mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    best: tuple[int, str] | None = None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        point = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        # Of mounts on one point the last is the one that is seen.
        if real.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = len(point.parts), after.split(" ")[0]
    return best[1] if best else None


def _on_kind(kind: str) -> Remark:
    if kind in _NETWORK:
        return wrong(
            "store",
            f"the store lies on a network file system ({kind}), where locks and WAL cannot be"
            " relied on and events may be lost: put it on a local disk",
        )
    if kind in _IN_MEMORY:
        return wrong(
            "store",
            f"the store lies in memory ({kind}), so all events are gone after a restart: put it on"
            " a disk",
        )
    if kind in _OF_A_CONTAINER:
        return advice(
            "store",
            f"the store lies in a container's own layer ({kind}), which goes with the container:"
            " put it on a volume",
        )
    return ok("store", f"the store lies on {kind}")


def _measured(folder: Path) -> Iterator[Remark]:
    try:
        with tempfile.TemporaryDirectory(prefix=".mailhook-doctor-", dir=folder) as scratch:
            seconds = _sync_seconds(Path(scratch) / "sync")
            # The writer's own opening: it sets both and reads both back.
            open_writable(Path(scratch) / "store.db").close()
    except StoreError:
        yield _unmeasured("it is full")
        return
    except MailhookError:
        yield wrong(
            "store",
            "SQLite cannot keep journal_mode=WAL with synchronous=FULL beside the store, so a"
            " commit would not outlive a power loss: put the store on a local disk",
        )
        return
    except OSError as error:
        yield _unmeasured(_WHY.get(error.errno or 0, _NOT_ALLOWED))
        return
    yield _on_sync(seconds)
    yield ok("store", "beside the store, SQLite keeps WAL and synchronous=FULL (read back)")


def _unmeasured(why: str) -> Remark:
    return advice("store", f"how quick and durable the disk of the store is cannot be told: {why}")


def _sync_seconds(path: Path) -> float:
    """How long fsync takes of a few kilobytes, the median of some."""
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            file.write(os.urandom(_SYNC_BYTES))
            begun = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def _on_sync(seconds: float) -> Remark:
    took = f"an fsync beside the store takes {seconds * 1000:.2f} ms"
    if seconds > _SLOW_SECONDS:
        todo = "each commit waits so long; a quicker disk helps where many mails come at once"
        return advice("store", f"{took}: {todo}")
    if seconds < _INCREDIBLE_SECONDS:
        todo = "no disk is so quick, so what is committed may not be there after a power loss"
        return advice("store", f"{took}: {todo}; see that the (virtual) disk writes through")
    return ok("store", took)


def _on_wal(wal: Path) -> Iterator[Remark]:
    try:
        size = wal.stat().st_size
    except OSError:
        return
    if size > _LARGE_WAL_BYTES:
        yield advice(
            "store",
            f"the write-ahead log has {in_words(size)}: somebody has kept the store open for"
            " reading, which it cannot shrink under; end that program, or restart the service",
        )
    else:
        yield ok("store", f"the write-ahead log has {in_words(size)}")
