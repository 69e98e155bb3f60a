"""Words of names in a tree, so that the longest name at a place costs its own length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from mailhook.catalog.text import words

Kind = Literal["event", "type", "action", "adverb", "filler", "generic", "other"]


class Mark(NamedTuple):
    """What a run of words in a line is.

    `key` is the words as folded; `type` is set for types and events, `action`
    for events.
    """

    kind: Kind
    key: str
    type: str = ""
    action: str = ""


class _Node:
    __slots__ = ("mark", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.mark: Mark | None = None


class Trie:
    """Names to be found in lines; of two meanings of one spelling the first added stays."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, spelling: str, kind: Kind, type_name: str = "", action: str = "") -> None:
        """Make the spelling known; one without letters or digits is not."""
        names = words(spelling)
        node = self._root
        for word in names:
            node = node.next.setdefault(word, _Node())
        if names and node.mark is None:
            node.mark = Mark(kind, " ".join(names), type_name, action)

    def marks(self, line: Sequence[str]) -> list[Mark]:
        """The line as marks, each the longest known name at its place, else one word."""
        found, at = [], 0
        while at < len(line):
            mark, length = self._longest(line, at)
            found.append(mark or Mark("other", line[at]))
            at += length
        return found

    def _longest(self, line: Sequence[str], start: int) -> tuple[Mark | None, int]:
        node, best, length = self._root, None, 1
        for at in range(start, len(line)):
            following = node.next.get(line[at])
            if following is None:
                break
            node = following
            if node.mark:
                best, length = node.mark, at - start + 1
        return best, length
