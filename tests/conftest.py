from __future__ import annotations

import gc
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from depth import DEEP, examples
from dovecot import Account, Dovecot, installed, start
from hypothesis import settings

from mailhook.config import TrustSettings
from mailhook.trust import Trust

_NEEDED = "dovecot-imapd (and isync) is not installed"
_MEMORY = "/dev/shm"  # noqa: S108 - pytest makes a folder of its own in it
_MEMORY_BYTES = 2**30
# What says nothing else; no property is about how long one example takes. A short run tries the
# same examples each time, so that it fails by what was changed; the long run goes looking.
settings.register_profile("depth", max_examples=examples(50), deadline=None, derandomize=not DEEP)
settings.load_profile("depth")


def pytest_configure() -> None:
    """Let the tests' folders be in memory: most make a store, which waits for a disk ten times.

    What a disk may do to a store is tested on small ones that are mounted for it.
    """
    if Path(_MEMORY).is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", _MEMORY)
    # Whatever the caller's habits: what is started hundreds of times is to be compiled once.
    for habit in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        os.environ.pop(habit, None)
    # A million objects are made for the tests and stay: to look through them again and again
    # takes longer than many a test.
    gc.set_threshold(100_000)


def pytest_collection_finish() -> None:
    """Let the garbage collector look only at what the tests make."""
    gc.freeze()  # with the little garbage there is: to find it takes half a second a worker


@pytest.fixture
def trust() -> Trust:
    return Trust(TrustSettings(authserv_id=("mx.example.com",)))


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    if not installed():
        if os.environ.get("CI"):
            pytest.fail(f"{_NEEDED}; under CI these tests must run")
        pytest.skip(_NEEDED)
    server = start()
    yield server
    server.stop()


@pytest.fixture
def account(dovecot: Dovecot, tmp_path: Path) -> Account:
    """A mailbox nobody has used before."""
    return Account(dovecot, f"hooks-{uuid.uuid4().hex[:12]}", tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    missed = sum(_NEEDED in str(report.longrepr) for report in skipped)
    if missed:
        terminalreporter.write_line(f"{missed} tests with Dovecot did not run: {_NEEDED}", red=True)
