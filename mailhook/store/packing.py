"""The bytes of deliveries as the column `raw` holds them: a zlib stream (RFC 1950)."""

from __future__ import annotations

import struct
import zlib

# Level 1 halves a notification in a tenth of the time level 6 takes for a little more.
_LEVEL = 1
# Of a token as the web hook brings it a quarter could be saved, for as much time as
# all its columns take; the stream that holds so little as it is can be written by hand.
_STORED_BYTES = 2048
_HEADER = b"\x78\x01"
_LAST_AND_STORED = b"\x01"  # RFC 1951 section 3.2.4


def packed(raw: bytes) -> bytes:
    """The stream that `zlib.decompress` makes `raw` of."""
    if len(raw) > _STORED_BYTES:
        return zlib.compress(raw, _LEVEL)
    lengths = struct.pack("<HH", len(raw), len(raw) ^ 0xFFFF)
    return b"".join((_HEADER, _LAST_AND_STORED, lengths, raw, struct.pack(">I", zlib.adler32(raw))))
