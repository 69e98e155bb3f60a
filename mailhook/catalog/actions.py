"""From the word for an action, in any language, to the action."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from mailhook.catalog.source import Source
from mailhook.catalog.text import columns, squeeze


class ActionWords:
    """What a word for an action means on a type.

    A word may stand for several actions: the one that the type has is meant,
    else the first of the table (`approved` is an approval of an outbound and a
    success of everything else). A type's own words come before the shared ones.
    """

    def __init__(self, source: Source) -> None:
        self._shared = _meanings(
            (action, entry["words"]) for action, entry in source["actions"].items()
        )
        self._types = {name: entry.get("actions", {}) for name, entry in source["types"].items()}
        self._own = {
            name: _meanings((action, entry.get("words", "")) for action, entry in actions.items())
            for name, actions in self._types.items()
        }

    def of(self, type_name: str, word: str) -> str | None:
        """The action of that type that the word stands for, None where the type has none."""
        key = squeeze(word)
        candidates = (*self._own.get(type_name, {}).get(key, ()), *self._shared.get(key, ()))
        actions = self._types.get(type_name, {})
        return next((action for action in candidates if action in actions), None)

    def anywhere(self, word: str) -> str | None:
        """The action that the word stands for where its type does not decide."""
        return next(iter(self._shared.get(squeeze(word), ())), None)


def spellings(source: Source) -> Iterator[str]:
    """Every word for an action, as the catalogue writes it."""
    for action, entry in source["actions"].items():
        yield from (action, *chain.from_iterable(columns(entry["words"])))
    for type_entry in source["types"].values():
        for own in type_entry.get("actions", {}).values():
            yield from chain.from_iterable(columns(own.get("words", "")))


def _meanings(lines: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    meanings: dict[str, dict[str, None]] = {}
    for action, line in lines:
        for word in (action, *chain.from_iterable(columns(line))):
            meanings.setdefault(squeeze(word), {})[action] = None
    return {word: tuple(actions) for word, actions in meanings.items()}
