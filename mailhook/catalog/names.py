"""Finding the name of an event in a line of English, Spanish or Portuguese.

A name is either one of the vendor's own ("Step succeeded"), or a type beside
an action ("Verificación de antecedentes finalizada", "Se creó el chequeo").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias

from mailhook.catalog import actions
from mailhook.catalog.source import Source
from mailhook.catalog.text import columns, fold, synonyms, words
from mailhook.catalog.trie import Mark, Trie

Pair: TypeAlias = tuple[str, str]
ActionOf: TypeAlias = Callable[[str, str], str | None]

_LONGEST_NAME = 300
# "Check created by: …" tells who, not that.
# As words for what was done end in the three languages: flagged, marcado, revisadas.
_PARTICIPLE = re.compile(r"(?:ed|[ai]d[oa])s?$")
AGENTS = frozenset({"by", "por", "pelo", "pela"})
DENIALS = frozenset({"not", "no", "nao", "never", "nunca", "sin", "sem"})


class Names:
    """The names of all events; `action_of` says what an action's word means on a type."""

    def __init__(self, source: Source, action_of: ActionOf) -> None:
        self._action_of = action_of
        self._products = {name: entry["product"] for name, entry in source["types"].items()}
        self._adverbs = {" ".join(words(adverb)) for adverb in synonyms(source["adverbs"])}
        self._generic = frozenset(map(fold, synonyms(source["generic"])))
        self._trie = _trie(source)

    def whole(self, text: str, types: Sequence[str] = ()) -> Pair | None:
        """The event that the whole text names.

        Where the product is known, `types` are its types, and the bare action
        is a name already.
        """
        if len(text) > _LONGEST_NAME:
            return None
        marks = self._bare(self.marks(words(text)))
        if marks and types and (pair := self._with_product(marks, types)):
            return pair
        if any(mark.kind == "type" for mark in marks):
            marks = [mark for mark in marks if mark.kind != "generic"]
        if not marks or any(mark.kind in {"other", "generic"} for mark in marks):
            return None
        return self._stated(marks)

    def within(self, text: str) -> Pair | None:
        """The one event that is named somewhere in the text; None where it names several."""
        found = set(self.side_by_side(self.marks(words(text[:_LONGEST_NAME]))))
        return found.pop() if len(found) == 1 else None

    def split(self, text: str) -> Pair | None:
        """Type and action of a name of which only the action is known, or has the form of one."""
        marks = self.marks(words(text[:_LONGEST_NAME]))
        if len(marks) < 2:  # noqa: PLR2004 - what it is about, and what happened
            return None
        told = [mark for mark in marks if mark.kind == "action"]
        if not told and _PARTICIPLE.search(marks[-1].key):
            told = [marks[-1]]
        if len(told) != 1 or told[0] not in {marks[0], marks[-1]}:
            return None
        rest = [mark.key for mark in marks if mark is not told[0]]
        if len(rest) == 1 and _PARTICIPLE.search(rest[0]):
            return None  # two words for what happened, and none for what it happened to
        return " ".join(rest), told[0].key

    def product(self, type_name: str) -> str:
        """The product that a type belongs to."""
        return self._products[type_name]

    def marks(self, said: Sequence[str]) -> list[Mark]:
        """The folded words as names, those without meaning left out."""
        return self._trie.marks(said)

    def pair(self, type_name: str, told: Mark) -> Pair | None:
        """The event that an action's word is on that type."""
        action = self._action_of(type_name, told.key) if told.kind == "action" else None
        return (type_name, action) if action else None

    def side_by_side(self, marks: Sequence[Mark]) -> Iterator[Pair]:
        """Each event whose name, or whose type and action, stand side by side."""
        end = Mark("other", "")
        padded = [end, *marks, end, end]
        for before, one, two, after in zip(
            padded, padded[1:], padded[2:], padded[3:], strict=False
        ):
            if before.key in DENIALS:
                continue
            if one.kind == "event" and two.key not in AGENTS:
                yield one.type, one.action
            elif one.kind == "type" and after.key not in AGENTS:
                yield from filter(None, [self.pair(one.type, two)])
            elif one.kind == "action" and before.kind != "type" and two.kind == "type":
                yield from filter(None, [self.pair(two.type, one)] if not tells(after) else [])

    def _bare(self, marks: list[Mark]) -> list[Mark]:
        while len(marks) > 1 and marks[-1].key in self._adverbs and tells(marks[-2]):
            marks.pop()
        return marks

    def _with_product(self, marks: Sequence[Mark], types: Sequence[str]) -> Pair | None:
        told = [mark for mark in marks if mark.key not in self._generic]
        if len(told) != 1 or told[0].kind != "action":
            return None
        pairs = (self.pair(name, told[0]) for name in types)
        return next((pair for pair in pairs if pair), None)

    def _stated(self, marks: Sequence[Mark]) -> Pair | None:
        subjects = [mark for mark in marks if mark.kind == "type"]
        told = [mark for mark in marks if mark.kind != "type"]
        if len(told) != 1 or not (marks[0] is told[0] or marks[-1] is told[0]):
            return None
        pair = self._told(subjects, told[0])
        return pair if pair and all(self._kin(mark.type, pair[0]) for mark in subjects) else None

    def _told(self, subjects: Sequence[Mark], told: Mark) -> Pair | None:
        if told.kind == "event":
            return told.type, told.action
        return self.pair(subjects[-1].type, told) if subjects else None

    def _kin(self, one: str, other: str) -> bool:
        return self._products[one] == self._products[other]


def tells(mark: Mark) -> bool:
    """Whether the mark says what happened."""
    return mark.kind in {"action", "event"}


def _trie(source: Source) -> Trie:
    trie = Trie(synonyms(source["fillers"]))
    for spelling, (type_name, action) in event_names(source):
        trie.add(spelling, "event", type_name, action)
    for spelling, type_name in type_names(source):
        trie.add(spelling, "type", type_name)
    for spelling in actions.spellings(source):
        trie.add(spelling, "action")
    for spelling in synonyms(source["adverbs"]):
        trie.add(spelling, "adverb")
    for spelling in synonyms(source["generic"]):
        trie.add(spelling, "generic")
    return trie


def spellings(source: Source, type_name: str, action: str) -> Iterator[str]:
    """Every name of one event: its own, and each name of its type beside each word for it."""
    yield from (name for name, pair in event_names(source) if pair == (type_name, action))
    kinds = [name for name, known in type_names(source) if known == type_name]
    written = source["types"][type_name].get("actions", {})[action]
    lines = (written.get("words", ""), source["actions"][action]["words"])
    told = [word for line in lines for word in chain.from_iterable(columns(line))]
    yield from (f"{kind} {word}" for kind in kinds for word in told)


def event_names(source: Source) -> Iterator[tuple[str, Pair]]:
    """Whole names of events, the vendor's and their synonyms, in every language."""
    for type_name, entry in source["types"].items():
        for action, written in entry.get("actions", {}).items():
            names = chain.from_iterable(columns(written.get("names", "")))
            for name in (written.get("rule", ""), *names):
                if name:
                    yield name, (type_name, action)


def type_names(source: Source) -> Iterator[tuple[str, str]]:
    """Names of types and of products (for their most general type), in every language.

    The type `webhook` is not among them: its mails are told by sentences.
    """
    for name, entry in source["types"].items():
        if name != "webhook":
            listed = chain.from_iterable(columns(entry.get("names", "")))
            yield from ((label, name) for label in (*listed, name, *synonyms(entry["aliases"])))
    for product, written in source["products"].items():
        if product != "webhook":
            listed = chain.from_iterable(columns(written.get("names", "")))
            yield from ((label, written["type"]) for label in (written["label"], *listed, product))
