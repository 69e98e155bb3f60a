"""How much is tried: a little in `make test`, much in `make torture`, which sets TORTURE."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

DEEP = "TORTURE" in os.environ
_TIMES = 10


def examples(quick: int) -> int:
    """So many examples of a property, or in the long run ten times as many."""
    return quick * _TIMES if DEEP else quick


def deeper(test: Callable[..., None]) -> Callable[..., None]:
    """The test, which goes further in the long run and so belongs to that, too."""
    return _torture(test) if DEEP else test


def _torture(test: Callable[..., None]) -> Callable[..., None]:
    marked: Callable[..., None] = pytest.mark.torture(test)  # which marks the test itself
    return marked
