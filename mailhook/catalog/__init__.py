"""The vendor's vocabulary: products, events, fields and words, and the look-ups on them.

All of it is data in `truora.yaml`; see there how to add a product. What the
catalogue does not know passes through as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from types import MappingProxyType

from mailhook.catalog import labels, names, source, structure
from mailhook.catalog.actions import ActionWords
from mailhook.catalog.alerts import AlertWords, alert_words
from mailhook.catalog.text import fold, squeeze, synonyms
from mailhook.catalog.values import Values
from mailhook.catalog.vocabulary import (
    ActionInfo,
    EventInfo,
    EventName,
    Product,
    TypeInfo,
    Variable,
)
from mailhook.model import Json

__all__ = [
    "ActionInfo",
    "AlertWords",
    "Catalog",
    "EventInfo",
    "EventName",
    "Product",
    "TypeInfo",
    "Variable",
    "fingerprint",
    "fold",
    "load",
]

_BLANKS = re.compile(r"[-\s]+")
_UNKNOWN = ActionInfo(
    name="", rank=structure.UNKNOWN_RANK, repeats=True, final=False, follows_final=False
)


class Catalog:
    """Look-ups on the vendor's vocabulary; each costs about the length of what is looked up."""

    def __init__(self, raw: bytes) -> None:
        self._source = source.read(raw)
        self.types: Mapping[str, TypeInfo] = MappingProxyType(structure.types(self._source))

    @cached_property
    def products(self) -> tuple[Product, ...]:
        """Every product, those of the legacy page first."""
        return structure.products(self._source)

    @cached_property
    def events(self) -> tuple[EventInfo, ...]:
        """Every event of the vendor's two lists, and the alerts."""
        return tuple(structure.events(self._source, self.types))

    def type(self, raw: str) -> TypeInfo | None:
        """The type by wire word, alias or name; dotted words by their last part."""
        name = self._type_names.get(squeeze(raw)) or self._type_names.get(
            squeeze(raw.rpartition(".")[2])
        )
        return self.types[name] if name else None

    def normal_type(self, raw: str) -> str:
        """The normalised word for a type; an unknown one in lower case, joined by underscores."""
        info = self.type(raw)
        return info.name if info else _joined(raw)

    def normal_action(self, raw: str, type_name: str | None = None) -> str:
        """The normalised word for an action on that type; unknown ones as types are."""
        for word in (raw, raw.rpartition(".")[2]):
            known = self._actions.of(type_name, word) if type_name else None
            if known := known or self._actions.anywhere(word):
                return known
        return _joined(raw)

    def normal_status(self, raw: str) -> str:
        """The normalised word for a status; an unknown one in lower case, joined by underscores."""
        return self._values.status(raw)

    def action(self, type_name: str, action_name: str) -> ActionInfo:
        """What the action means on the type, both normalised; an unknown one may repeat."""
        info = self.types.get(type_name)
        known = info.actions.get(action_name) if info else None
        return known or ActionInfo(
            action_name, _UNKNOWN.rank, _UNKNOWN.repeats, _UNKNOWN.final, _UNKNOWN.follows_final
        )

    def find_event(self, text: str, product: str | None = None) -> EventName | None:
        """The event that a line, subject or heading names in English, Spanish or Portuguese.

        With `product`, as a label names it, the bare action is enough.
        """
        if pair := self._names.whole(text, self._types_of(product) if product else ()):
            return EventName(*pair, exact=True)
        if pair := self._names.within(text):
            return EventName(*pair, exact=False)
        return None

    def find_product(self, text: str) -> str | None:
        """The most general type of the product that a label names."""
        return self._product_names.get(squeeze(text))

    def field(self, label: str, type_name: str | None = None) -> str | None:
        """The wire name of the field that a label means on that type."""
        return self._labels.field(label, type_name)

    def kind(self, field: str) -> str:
        """The kind of a field: `text`, `number`, `time`, `boolean`, `country`, `status`, …."""
        return self._values.kind(field)

    def value(self, field: str, text: str) -> Json:
        """The value of the field as the wire would carry it; unknown text stripped."""
        return self._values.value(field, text)

    def meta(self, label: str) -> str | None:
        """The part of the notice itself that a label names: `event`, `product`, `timestamp`, …."""
        return self._meta.get(squeeze(label))

    def alert_words(self) -> AlertWords:
        """The words by which mails tell of the delivery of hooks."""
        return self._alerts

    def spellings(self, event: EventInfo) -> Iterator[str]:
        """Every name by which `find_event` knows the event, in three languages."""
        return names.spellings(self._source, event.type, event.action.name)

    @cached_property
    def _actions(self) -> ActionWords:
        return ActionWords(self._source)

    @cached_property
    def _alerts(self) -> AlertWords:
        return alert_words(self._source["alerts"])

    @cached_property
    def _labels(self) -> labels.Labels:
        return labels.Labels(self._source)

    @cached_property
    def _meta(self) -> Mapping[str, str]:
        return labels.meta(self._source)

    @cached_property
    def _names(self) -> names.Names:
        return names.Names(self._source, self._actions.of)

    @cached_property
    def _values(self) -> Values:
        return Values(self._source)

    @cached_property
    def _type_names(self) -> Mapping[str, str]:
        spelled = (
            (name, (name, *synonyms(e["aliases"]))) for name, e in self._source["types"].items()
        )
        return {squeeze(word): name for name, words in spelled for word in words}

    @cached_property
    def _product_names(self) -> Mapping[str, str]:
        """Names of types and products to the type; a product's own name goes first."""
        return {squeeze(name): type_name for name, type_name in names.type_names(self._source)}

    def _types_of(self, product: str) -> tuple[str, ...]:
        """The types of the product that a label names, the named one first."""
        named = self.find_product(product)
        if named is None:
            return ()
        kin = (n for n, info in self.types.items() if info.product == self.types[named].product)
        return (named, *(name for name in kin if name != named))


def _joined(raw: str) -> str:
    """An unknown word as it is kept: lower case, hyphens and blanks to underscores."""
    return _BLANKS.sub("_", raw.strip().lower())


@cache
def load() -> Catalog:
    """The catalogue this version ships."""
    return Catalog(source.PATH.read_bytes())


def fingerprint() -> str:
    """The sha256 of that catalogue, hexadecimal: by which one a store was filled."""
    return hashlib.sha256(source.PATH.read_bytes()).hexdigest()
