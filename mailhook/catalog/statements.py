"""What a sentence states of an event as a fact: not what it denies, supposes or asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailhook.catalog.names import DENIALS, Names, Pair, tells
from mailhook.catalog.source import Source
from mailhook.catalog.text import consecutive, synonyms, words
from mailhook.catalog.trie import Mark

_LONGEST = 80
# "has been deleted", "fue reiniciada", "foi excluído": what follows is what the sentence says.
_AUXILIARIES = frozenset(
    "has have had been was were is are ha han fue fueron sido esta estan foi foram estao".split()
)


class Statements:
    """Reads sentences by the names of events."""

    def __init__(self, source: Source, names: Names) -> None:
        self._names = names
        self._doubts = tuple(tuple(words(doubt)) for doubt in synonyms(source["doubts"]))

    def event(self, sentence: str, types: Sequence[str] = ()) -> Pair | None:
        """The one event that the sentence states; None where it states none, or several.

        Where it names no type, it is about one of `types`.
        """
        if "?" in sentence:
            return None
        said = words(sentence)[:_LONGEST]
        marks = self._names.marks(said)
        told = [mark for mark in marks if tells(mark)]
        verbs = [mark for mark in told if _is_verb(mark, said)]
        told = verbs or told  # "the reported face has been deleted" tells of one thing only
        if not told or self._doubted(said[: told[-1].end]) or _is_partly(told[0], said):
            return None
        marks = self._about(marks, told[0])
        found = set() if verbs else set(self._names.side_by_side(marks))
        found = found or set(self._apart(marks, told, types))
        return found.pop() if len(found) == 1 else None

    def _about(self, marks: Sequence[Mark], told: Mark) -> list[Mark]:
        """The marks without what the sentence is not about.

        Where a type stands before what is told, those after it are said by the way; two
        products before it ("the signature for process IDP… failed") leave none.
        """
        before = [mark for mark in marks if mark.kind == "type" and mark.end <= told.start]
        if not before:
            return list(marks)
        if len({self._names.product(mark.type) for mark in before}) > 1:
            return [mark for mark in marks if mark.kind == "other"]
        return [mark for mark in marks if mark.kind != "type" or mark in before]

    def _apart(
        self, marks: Sequence[Mark], told: Sequence[Mark], types: Sequence[str]
    ) -> Iterator[Pair]:
        """The events that the types of the sentence and what is told of them make."""
        if any(mark.key in DENIALS and mark.start < told[0].start for mark in marks):
            return
        if not any(tells(mark) for mark in marks):
            return
        events = [mark for mark in marks if mark.kind == "event" and mark.start >= told[0].start]
        named = [mark.type for mark in marks if mark.kind == "type"] or list(types)
        named = named or [mark.type for mark in events]
        pairs = [
            pair
            for name in dict.fromkeys(named)
            for mark in told
            if (pair := self._names.pair(name, mark))
        ]
        yield from pairs or ((mark.type, mark.action) for mark in events)

    def _doubted(self, before: Sequence[str]) -> bool:
        return any(consecutive(before, doubt) for doubt in self._doubts)


def _is_partly(mark: Mark, said: Sequence[str]) -> bool:
    """Whether a number stands right before what is told: `90 % finished`."""
    return mark.start > 0 and said[mark.start - 1].isdecimal()


def _is_verb(mark: Mark, said: Sequence[str]) -> bool:
    """Whether it is what a sentence says: `cadastro foi excluído`, not `o cadastro excluído`."""
    inside = said[max(0, mark.start - 1) : mark.end - 1]
    return any(word in _AUXILIARIES for word in inside)
