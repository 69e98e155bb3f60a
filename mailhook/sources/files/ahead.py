"""A stream of bytes of which some are held, so that one can look before one takes."""

from __future__ import annotations

from mailhook.errors import UnreadableInput
from mailhook.sources.files.opening import Opened, name


class Ahead:
    """The bytes of an open file from a front on, which `take` moves.

    `held` are the next ones, in a buffer to look into. Besides a chunk it grows to
    `bound_bytes` at most, where one looks so far; each byte is read once. Where
    reading fails all has `ended`: what is held can still be taken, then `check`.
    """

    def __init__(self, opened: Opened, bound_bytes: int) -> None:
        self.name = name(opened.path)
        self.held = bytearray()
        self.ended = False
        self._opened = opened
        self._chunks = opened.chunks()
        self._bound_bytes = bound_bytes
        self._front = 0
        self._failure: OSError | UnreadableInput | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left; reads on where nothing is held."""
        self.fill(1)
        return not self.held

    def fill(self, count: int) -> None:
        """Hold so many bytes; fewer only where all has `ended`."""
        while len(self.held) < count and not self.ended:
            try:
                chunk = next(self._chunks, b"")
            except (OSError, UnreadableInput) as error:
                chunk, self._failure = b"", error
            self.held += chunk
            self.ended = not chunk

    def take(self, count: int) -> bytes:
        """The next bytes of those held, which are then behind the front."""
        piece = bytes(self.held[:count])
        del self.held[:count]
        self._front += len(piece)
        return piece

    def look(self, offset: int, count: int) -> bytes | None:
        """The bytes so far from the front, fewer at the end; None where that is too far."""
        end = offset + count
        if end > len(self.held):
            seen = self._opened.at(self._front + offset, count)
            if seen is not None:
                return seen
            if end > self._bound_bytes:
                return None
            self.fill(end)
        return bytes(self.held[offset:end])

    def check(self) -> None:
        """Raise the OSError or UnreadableInput by which all ended too early, if one did."""
        if self._failure:
            raise self._failure
