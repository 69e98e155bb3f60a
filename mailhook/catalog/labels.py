"""From a label in a mail to the wire name of the field it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mailhook.catalog.source import Source
from mailhook.catalog.text import columns, squeeze


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
    """Look-ups from labels to wire names, one table a type, built when first asked for."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._shared = _table(source["fields"])
        self._anywhere: dict[str, str] | None = None
        self._by_type: dict[str, dict[str, str]] = {}

    def field(self, label: str, type_name: str | None) -> str | None:
        """What `label` means on that type, else shared, else on the only type with it."""
        key = squeeze(label)
        own = self._of(type_name).get(key) if type_name else None
        return own or self._shared.get(key) or self._unanimous().get(key)

    def _of(self, type_name: str) -> Mapping[str, str]:
        if type_name not in self._by_type:
            entry = self._source["types"].get(type_name, {})
            self._by_type[type_name] = _table(entry.get("fields", {}))
        return self._by_type[type_name]

    def _unanimous(self) -> Mapping[str, str]:
        if self._anywhere is None:
            self._anywhere = _agreed(self._of(name) for name in self._source["types"])
        return self._anywhere


def meta(source: Source) -> dict[str, str]:
    """From squeezed labels of the notice itself to the names of its parts."""
    return {
        squeeze(label): name
        for name, line in source["meta"].items()
        for column in columns(line)
        for label in (*column, name)
    }


def _table(fields: Mapping[str, str]) -> dict[str, str]:
    table: dict[str, str] = {}
    for name, line in fields.items():
        for label in spellings(line):
            table.setdefault(squeeze(label), name)
    return table | {squeeze(name): name for name in fields}


def _agreed(tables: Iterable[Mapping[str, str]]) -> dict[str, str]:
    meanings: dict[str, set[str]] = {}
    for table in tables:
        for label, name in table.items():
            meanings.setdefault(label, set()).add(name)
    return {label: names.pop() for label, names in meanings.items() if len(names) == 1}
