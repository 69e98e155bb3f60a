"""What is asked, as it travels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from mailhook.control import command
from mailhook.model import Json, Object

# A batch of mails has 250; more is not ours.
_RAWS = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A command by its name, its arguments, and the sizes of the mails that follow, in bytes."""

    name: str
    arguments: command.Request
    sizes: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes follow."""
        return sum(self.sizes)

    def spelled(self) -> Object:
        """As JSON."""
        return {
            "command": self.name,
            "arguments": dict(self.arguments),
            "sizes": list[Json](self.sizes),
        }

    @classmethod
    def read(cls, spelled: Object) -> Self:
        """The inverse of `spelled`. Raises ValueError for what nobody asks."""
        match spelled:
            case {"command": str(name), "arguments": dict(arguments), "sizes": list(sizes)}:
                known = tuple(size for size in sizes if type(size) is int and size >= 0)
                if len(known) == len(sizes) <= _RAWS:
                    return cls(name, arguments, known)
        raise ValueError("this is no request")

    def cut(self, joined: bytes) -> Sequence[bytes]:
        """The mails that were sent as one. Raises ValueError where they are not of these sizes."""
        if len(joined) != self.size:
            raise ValueError("there are more bytes, or fewer, than announced")
        raws, at = [], 0
        for size in self.sizes:
            raws.append(joined[at : at + size])
            at += size
        return raws
