"""What a mail says beside its notice: that it takes leave, shows examples, tries something out."""

from __future__ import annotations

from collections.abc import Sequence

from mailhook.catalog.source import Source
from mailhook.catalog.text import consecutive, fold, synonyms, words


class Phrases:
    """Look-ups of words and phrases that are no part of a notice."""

    def __init__(self, source: Source) -> None:
        self._sign_offs = frozenset(map(fold, synonyms(source["sign_offs"])))
        self._closings = frozenset(map(fold, synonyms(source["closings"])))
        self._columns = frozenset(map(fold, synonyms(source["columns"])))
        self._examples = synonyms(source["examples"])
        self._tests = synonyms(source["tests"])

    def signs_off(self, line: str) -> bool:
        """Whether the line takes leave, so that what follows is a signature."""
        return line.strip() in {"--", "—", "–"} or fold(line).rstrip(" ,.!-") in self._sign_offs

    def closes(self, label: str) -> bool:
        """Whether what looks like a label is a greeting, a note, a part of a signature."""
        return fold(label) in self._closings

    def are_columns(self, cells: Sequence[str]) -> bool:
        """Whether the cells of a row are the heads of its columns: Field, Value."""
        return all(fold(cell) in self._columns for cell in cells)

    def speaks_of_examples(self, text: str) -> bool:
        """Whether the text says of itself that it shows examples."""
        return _says(text, self._examples)

    def is_test(self, text: str) -> bool:
        """Whether the text says of itself that it only tries something out."""
        return _says(text, self._tests)


def _says(text: str, phrases: Sequence[str]) -> bool:
    """Whether one of the phrases stands in it; few texts are so near that all is folded."""
    lower = text.lower()
    likely = [words(phrase) for phrase in phrases if _has_last_word(lower, phrase)]
    said = words(text) if likely else []
    return any(consecutive(said, phrase) for phrase in likely)


def _has_last_word(lower: str, phrase: str) -> bool:
    last = phrase.rpartition(" ")[2].lower()
    return last in lower or fold(last) in lower
