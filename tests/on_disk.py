"""A folder on a disk, for tests of what is said of one: the others' folders are in memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In place of pytest's, where a module imports it."""
    folder = Path(tempfile.mkdtemp(prefix="mailhook-", dir="/var/tmp"))
    yield folder
    shutil.rmtree(folder)
