"""Whether the addresses to listen on can be had: found out without serving anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mailhook.config import Settings
from mailhook.errors import ConfigError, Problem
from mailhook.sources.web import listening

_LOCKS = Path("/proc/locks")  # proc_locks(5)
_BY_SYSTEMD = "systemd"


def problems(settings: Settings) -> Iterator[Problem]:
    """Those that cannot be had; the service itself may have them."""
    if not _holder(settings.store.path):
        for _, found in _untaken(settings):
            yield from found


def warnings(settings: Settings) -> Iterator[Problem]:
    """Those that cannot be had while the service runs, which most likely has them."""
    if holder := _holder(settings.store.path):
        for listen, found in _untaken(settings):
            message = f"{listen} was not tried, for the service is running: {holder}"
            yield Problem(found[0].path, message)


def _untaken(settings: Settings) -> Iterator[tuple[str, tuple[Problem, ...]]]:
    for listen, attempt in _attempts(settings):
        try:
            attempt()
        except ConfigError as error:
            yield listen, error.problems


def _attempts(settings: Settings) -> Iterator[tuple[str, Callable[[], None]]]:
    web, metrics = settings.web, settings.metrics
    if web and web.listen != _BY_SYSTEMD:
        yield web.listen, lambda: listening.try_out(web)
    if metrics:
        from mailhook.metrics import server  # which nobody else needs before it serves

        yield metrics.listen, lambda: server.try_out(metrics.listen)


def _holder(store: Path) -> str:
    """Who holds the store, in his own words; empty where nobody does.

    The kernel's list is read: to try the lock would be in the way of who starts just now.
    """
    lock = store.with_name(store.name + ".lock")
    try:
        inode = lock.stat().st_ino
        fields = [line.split() for line in _LOCKS.read_text().splitlines()]
        is_held = any(row[1] == "FLOCK" and row[5].endswith(f":{inode}") for row in fields)
        return (lock.read_text(errors="replace").strip() or "another process") if is_held else ""
    except (OSError, IndexError):
        return ""
