"""From a label in a mail to the wire name of the field it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

from mailhook.catalog.source import Source
from mailhook.catalog.text import columns, fold, squeeze, stem, synonyms, words

_LONGEST_LABEL = 80
_LONGEST_START = 6


def kind_of(line: str) -> str:
    """The kind of value that a `fields` line declares."""
    return line.partition("|")[0].strip()


def vendor_label(line: str) -> str:
    """The label the vendor's own page gives to a `fields` line: its first in English."""
    return columns(line)[1][0]


def spellings(line: str) -> Iterator[str]:
    """All labels of a `fields` line, in every language."""
    for column in columns(line)[1:]:
        yield from column


class Labels:
    """Look-ups from labels to wire names, one table a type, built when first asked for.

    A label that is not written as in the catalogue is looked up once more by what its
    words mean, in any language and order ("Status da falha da validação" for "Validation
    failure status"), and at last without those that name the subject of the event
    ("Estado de la validación facial" for "Estado").
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._articles = frozenset(map(fold, synonyms(source["articles"])))
        self._meanings = _meanings(source["label_words"])
        generic = chain.from_iterable(map(words, synonyms(source["generic"])))
        self._generic = frozenset(map(self._meant, generic))
        self._meta = _with_telling(_spelled(source["meta"], from_column=0), self._telling)
        self._shared = self._table(source["fields"])
        self._by_type: dict[str, dict[str, str]] = {}
        self._subjects: dict[str, frozenset[str]] = {}

    def meta(self, label: str) -> str | None:
        """The part of the notice itself that a label names."""
        written = squeeze(label)
        if written in self._meta or written in self._written:
            return self._meta.get(written)
        return self._meta.get(self._telling(label))

    def field(self, label: str, type_name: str | None) -> str | None:
        """What `label` means on that type, else shared, else on the only type with it."""
        if len(label) > _LONGEST_LABEL:
            return None
        own = self._of(type_name) if type_name else {}
        written, meant = squeeze(label), self._telling(label)
        attribute = self._attribute(label, type_name)
        for key in (written, meant, attribute):
            if key and (found := own.get(key) or self._shared.get(key)):
                return found
        keys = (written, meant, attribute)
        return next((self._unanimous[key] for key in keys if key in self._unanimous), None)

    def written(self, label: str) -> bool:
        """Whether the catalogue has the label as it stands."""
        return squeeze(label) in self._known

    def known(self, label: str) -> bool:
        """Whether the label has a meaning on some type, or for the notice itself."""
        if len(label) > _LONGEST_LABEL:
            return False
        return self._telling(label) in self._known or self._attribute(label, None) in self._known

    def english(self, label: str) -> bool:
        """Whether no word of the label is one that only the other two languages have."""
        return all(stem(word) in self._english for word in words(label))

    def is_id_of(self, kind: str, label: str) -> bool:
        """Whether the label is the word for an id, and else the words of that type's name."""
        told = self._told(label)
        return "id" in told and told - {"id"} == self._told(kind)

    def meaning(self, label: str) -> str | None:
        """The field that the label stands for on one type or another."""
        keys = (squeeze(label), self._telling(label), self._attribute(label, None))
        tables = (self._shared, *map(self._of, self._source["types"]))
        return next((table[key] for key in keys for table in tables if key in table), None)

    def begins(self, word: str) -> bool:
        """Whether some label, as it is written, begins with the word."""
        return squeeze(word) in self._beginnings

    def leading(self, said: Sequence[str]) -> int:
        """How many of the words, folded, from the first are a known label; 0 if none are."""
        lengths = range(min(len(said), _LONGEST_START), 0, -1)
        return next((n for n in lengths if "".join(said[:n]) in self._written), 0)

    def _telling(self, label: str) -> str:
        """What the words of a label mean, in the order of the alphabet."""
        return " ".join(sorted(self._told(label)))

    def _attribute(self, label: str, type_name: str | None) -> str:
        """The label without the words that name what it is an attribute of."""
        said = self._told(label)
        subject = self._subject(type_name) if type_name else self._generic
        told = said - subject
        return " ".join(sorted(told)) if told != said else ""

    def _told(self, label: str) -> frozenset[str]:
        said = [word for word in words(label) if word not in self._articles]
        return frozenset(map(self._meant, said))

    def _meant(self, word: str) -> str:
        return self._meanings.get(stem(word), stem(word))

    def _subject(self, type_name: str) -> frozenset[str]:
        if type_name not in self._subjects:
            entry = self._source["types"].get(type_name, {})
            names = chain.from_iterable(columns(entry.get("names", "")))
            named = chain.from_iterable(map(words, names))
            self._subjects[type_name] = self._generic | frozenset(map(self._meant, named))
        return self._subjects[type_name]

    def _of(self, type_name: str) -> Mapping[str, str]:
        if type_name not in self._by_type:
            entry = self._source["types"].get(type_name, {})
            self._by_type[type_name] = self._table(entry.get("fields", {}))
        return self._by_type[type_name]

    def _table(self, fields: Mapping[str, str]) -> dict[str, str]:
        return _with_telling(_spelled(fields), self._telling)

    @cached_property
    def _english(self) -> frozenset[str]:
        tables = [self._source["fields"], *self._fields_of_types()]
        lines = chain.from_iterable(table.values() for table in tables)
        texts = [columns(line)[1] for line in lines]
        texts += [columns(line)[0] for line in self._source["meta"].values()]
        names = chain.from_iterable(self._source["fields"])
        said = chain.from_iterable(map(words, chain(chain.from_iterable(texts), names)))
        return frozenset(map(stem, said))

    def _fields_of_types(self) -> Iterator[Mapping[str, str]]:
        return (entry.get("fields", {}) for entry in self._source["types"].values())

    @cached_property
    def _unanimous(self) -> Mapping[str, str]:
        return _agreed(self._of(name) for name in self._source["types"])

    @cached_property
    def _known(self) -> frozenset[str]:
        tables = [self._meta, self._shared, *map(self._of, self._source["types"])]
        return frozenset(chain.from_iterable(tables))

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        lists = [self._source["fields"], *self._fields_of_types()]
        lines = chain.from_iterable(table.values() for table in lists)
        labels = chain(chain.from_iterable(map(spellings, lines)), *self._spelled_meta())
        return frozenset(said[0] for label in labels if (said := words(label)))

    def _spelled_meta(self) -> Iterator[Iterable[str]]:
        return (chain.from_iterable(columns(line)) for line in self._source["meta"].values())

    @cached_property
    def _written(self) -> frozenset[str]:
        return frozenset(key for key in self._known if " " not in key)


def _spelled(lines: Mapping[str, str], from_column: int = 1) -> Iterator[tuple[str, str]]:
    """Each spelling with the name it stands for: all names themselves first, then labels."""
    yield from ((name, name) for name in lines)
    for name, line in lines.items():
        for column in columns(line)[from_column:]:
            yield from ((label, name) for label in column)


def _with_telling(
    spelled: Iterable[tuple[str, str]], telling: Callable[[str], str]
) -> dict[str, str]:
    """The table by what is written; then, where that is nobody's yet, by the telling words."""
    pairs = list(spelled)
    table: dict[str, str] = {}
    for label, name in pairs:
        table.setdefault(squeeze(label), name)
    for label, name in pairs:
        meant = telling(label)
        # Of "Concluído em" one word would be left, which says something else.
        if " " in meant or " " not in label:
            table.setdefault(meant, name)
    table.pop("", None)
    return table


def _meanings(lines: Mapping[str, str]) -> dict[str, str]:
    return {
        stem(fold(word)): meaning
        for meaning, line in lines.items()
        for word in chain.from_iterable(columns(line))
    }


def _agreed(tables: Iterable[Mapping[str, str]]) -> dict[str, str]:
    meanings: dict[str, set[str]] = {}
    for table in tables:
        for label, name in table.items():
            meanings.setdefault(label, set()).add(name)
    return {label: names.pop() for label, names in meanings.items() if len(names) == 1}
