"""The words by which a mail tells that hooks are failing, disabled or changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from mailhook.catalog.source import AlertEntry
from mailhook.catalog.text import columns, consecutive, fold, squeeze, synonyms, words

# "has not been disabled", "ningún webhook ha sido desactivado"
_NEGATION_REACH = 4
# "The deliveries of the last hour have failed": a few words may stand within a phrase.
_REACH = 6
# Between "are disabled" and "when more than 80 % fail" stands no more than "automatically".
_RULE_REACH = 3

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertWords:
    """Phrases for each alert action, and what turns them into their opposite.

    All words are folded. A `phrases` entry is words that occur in one sentence
    in that order; the sentence (or its mail) also names one of `hooks`.
    `generally` are the words after which "are disabled when …" tells a rule, not
    a fact. `labels` maps squeezed labels to `endpoint`, `failure_percentage`,
    `window_minutes` or `hook_name`.
    """

    phrases: Mapping[str, tuple[Phrase, ...]]
    hooks: frozenset[str]
    negations: frozenset[str]
    conditions: tuple[Phrase, ...]
    generally: tuple[Phrase, ...]
    labels: Mapping[str, str]

    def label(self, text: str) -> str | None:
        """The field of an alert that a label names."""
        return self.labels.get(squeeze(text))

    def names_hook(self, sentence: str) -> bool:
        """Whether a hook, an endpoint or a subscription is named in it."""
        return not self.hooks.isdisjoint(words(sentence))

    def supposed(self, text: str) -> bool:
        """Whether there is a condition in the text, so that what follows may not be so."""
        return _any_in(self.generally, words(text))

    def stated(self, sentence: str, *, named: bool = False) -> str | None:
        """The alert action that the sentence states as a fact.

        `named` says that a hook is already named beside the sentence, for
        example in the subject. Negated ("has not been disabled") and
        conditional ("if it fails it will be disabled") statements are none.
        """
        said = words(sentence)
        if not (named or not self.hooks.isdisjoint(said)):
            return None
        places = {word: at for at, word in reversed(list(enumerate(said)))}
        for action, phrases in self.phrases.items():
            if any(self._states(said, places, phrase) for phrase in phrases):
                return action
        return None

    def _states(self, said: Sequence[str], places: Mapping[str, int], phrase: Phrase) -> bool:
        if any(word not in places for word in phrase):
            return False
        at = _in_order(said, phrase)
        if not at or at[-1] - at[0] >= len(phrase) + _REACH:
            return False
        return not self._denied(said, at) and not self._supposed(said, at)

    def _denied(self, said: Sequence[str], at: Sequence[int]) -> bool:
        nearby = range(max(0, at[0] - _NEGATION_REACH), at[-1])
        return any(said[i] in self.negations for i in nearby if i not in at)

    def _supposed(self, said: Sequence[str], at: Sequence[int]) -> bool:
        after = said[at[-1] + 1 : at[-1] + 1 + _RULE_REACH]
        before = [word for i, word in enumerate(said[: at[-1]]) if i not in at]
        return _any_in(self.conditions, before) or _any_in(self.generally, after)


def alert_words(entry: AlertEntry) -> AlertWords:
    """The words of the catalogue's `alerts` part."""
    return AlertWords(
        phrases={action: _phrases(line) for action, line in entry["phrases"].items()},
        hooks=frozenset(map(fold, synonyms(entry["hooks"]))),
        negations=frozenset(map(fold, synonyms(entry["negations"]))),
        conditions=tuple(tuple(words(item)) for item in synonyms(entry["conditions"])),
        generally=tuple(tuple(words(item)) for item in synonyms(entry["generally"])),
        labels={
            squeeze(text): name for name, line in entry["labels"].items() for text in _all(line)
        },
    )


def _all(line: str) -> tuple[str, ...]:
    return tuple(chain.from_iterable(columns(line)))


def _phrases(line: str) -> tuple[Phrase, ...]:
    return tuple(dict.fromkeys(tuple(words(phrase)) for phrase in _all(line)))


def _in_order(said: Sequence[str], phrase: Phrase) -> list[int]:
    """Where the phrase's words stand, each after the one before; empty if they do not."""
    places: list[int] = []
    for word in phrase:
        start = places[-1] + 1 if places else 0
        try:
            places.append(said.index(word, start))
        except ValueError:
            return []
    return places


def _any_in(phrases: Sequence[Phrase], said: Sequence[str]) -> bool:
    return any(consecutive(said, phrase) for phrase in phrases)
