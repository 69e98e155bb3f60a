"""What is wrong with the endpoint for web hooks: found out without serving anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from mailhook.config import Settings, WebSettings
from mailhook.errors import ConfigError, Problem
from mailhook.sources.web import listening

_LOCKS = Path("/proc/locks")  # proc_locks(5)
_BY_SYSTEMD = "systemd"


def problems(settings: Settings) -> list[Problem]:
    """All that would keep hooks out."""
    return [*without_key(settings), *_taken(settings)]


def without_key(settings: Settings) -> Iterator[Problem]:
    """That no hook could be told from a forgery."""
    if settings.web and not settings.trust.signing_keys:
        message = "no signing key is set, so every hook would be refused"
        yield Problem("web", message, "trust: {signing_keys: [{credential: truora-signing-key}]}")


def warnings(settings: Settings) -> Iterator[Problem]:
    """What works, but should be seen to."""
    web = settings.web
    if not web:
        return
    if web.public:
        message = "true: what is sent to mailhook itself is not encrypted, and anybody may send"
        yield Problem("web.public", message, "false, and a proxy on this machine that speaks TLS")
    yield from _other_path(web)
    if (holder := _holder(settings.store.path)) and list(_untaken(web)):
        message = f"{web.listen} was not tried, for the service is running: {holder}"
        yield Problem("web.listen", message)


def _other_path(web: WebSettings) -> Iterator[Problem]:
    told = (urlsplit(web.url).path or "/") if web.url else web.path
    if told != web.path:
        message = f"the vendor sends to {told}, and mailhook answers at {web.path}"
        yield Problem("web.url", message, "well if your proxy rewrites the one to the other")


def _taken(settings: Settings) -> Iterator[Problem]:
    """That its address cannot be had; the service itself may have it."""
    if settings.web and not _holder(settings.store.path):
        yield from _untaken(settings.web)


def _untaken(web: WebSettings) -> Iterator[Problem]:
    if web.listen == _BY_SYSTEMD:
        return
    try:
        listening.try_out(web)
    except ConfigError as error:
        yield from error.problems


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
