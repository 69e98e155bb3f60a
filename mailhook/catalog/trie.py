"""Words of names in a tree, so that the longest name at a place costs its own length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from mailhook.catalog.text import stem, words

Kind = Literal["event", "type", "action", "adverb", "generic", "other"]


class Mark(NamedTuple):
    """What a run of words in a line is.

    `key` is the words as the catalogue writes them, folded; `type` is set for types
    and events, `action` for events. `start` and `end` are the places of its first word
    and behind its last among the words of the line, from 0.
    """

    kind: Kind
    key: str
    type: str = ""
    action: str = ""
    start: int = 0
    end: int = 0


class _Node:
    __slots__ = ("mark", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.mark: Mark | None = None


class Trie:
    """Names to be found in lines, in singular and plural, whatever `fillers` are between.

    Of two meanings of one spelling the first added stays.
    """

    def __init__(self, fillers: Iterable[str]) -> None:
        self._root = _Node()
        self._fillers = frozenset(fillers)

    def add(self, spelling: str, kind: Kind, type_name: str = "", action: str = "") -> None:
        """Make the spelling known; one without letters or digits is not."""
        names = words(spelling)
        node = self._root
        telling = [word for word in names if word not in self._fillers]
        for word in telling:
            node = node.next.setdefault(stem(word), _Node())
        if telling and node.mark is None:
            node.mark = Mark(kind, " ".join(names), type_name, action)

    def marks(self, line: Sequence[str]) -> list[Mark]:
        """The folded words as marks, each the longest known name at its place, else one word."""
        places = [at for at, word in enumerate(line) if word not in self._fillers]
        stems = [stem(line[at]) for at in places]
        found, at = [], 0
        while at < len(stems):
            mark, length = self._longest(stems, at)
            start, end = places[at], places[at + length - 1] + 1
            mark = mark or Mark("other", line[start])
            found.append(mark._replace(start=start, end=end))
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
