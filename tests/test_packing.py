"""What is kept of a delivery is a zlib stream, which everybody can read, whatever its size."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhook.store.packing import packed


@given(st.binary(max_size=300))
def test_zlib_makes_of_it_what_it_was(raw: bytes):
    assert zlib.decompress(packed(raw)) == raw


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2049, 65_535, 65_536, 300_000])
def test_at_every_limit_it_is_whole_and_hardly_longer(size: int):
    raw = b"a.b" * (size // 3) + b"c" * (size % 3)
    kept = packed(raw)
    assert zlib.decompress(kept) == raw
    assert len(kept) <= size + 11
