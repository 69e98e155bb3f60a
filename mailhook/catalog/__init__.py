"""The vendor's vocabulary: products, events, fields and words, and the look-ups on them.

All of it is data in `truora.yaml`; see there how to add a product. What the
catalogue does not know passes through as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from types import MappingProxyType

from mailhook.catalog import labels, names, source, structure
from mailhook.catalog.actions import ActionWords
from mailhook.catalog.alerts import AlertWords, alert_words
from mailhook.catalog.phrases import Phrases
from mailhook.catalog.statements import Statements
from mailhook.catalog.text import fold, squeeze, stem, synonyms, words
from mailhook.catalog.values import Values
from mailhook.catalog.vocabulary import (
    ActionInfo,
    EventInfo,
    EventName,
    Product,
    Resource,
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
    "Resource",
    "TypeInfo",
    "Variable",
    "fingerprint",
    "fold",
    "load",
    "words",
]

_LONGEST_NAME = 100
_LONGEST_LABEL = 80
_REMEMBERED = 4096
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

    @cached_property
    def resources(self) -> Mapping[str, Resource]:
        """What the vendor's API tells of subjects, by name."""
        return MappingProxyType(structure.resources(self._source))

    def resource(self, subject_type: str, subject_id: str) -> Resource | None:
        """Where to ask how the subject stands; its id's letters go before its type."""
        kinds = [one for one in self.resources.values() if one.subject_type]
        letters = subject_id[:3].upper()
        of_type = (one for one in kinds if one.subject_type == subject_type)
        named = next(of_type, None)
        # Letters are a hint: they choose between neighbours, never lead to another product.
        return next(
            (one for one in kinds if named and one.prefix == letters and one.base == named.base),
            named,
        )

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
        if "?" in text:
            return None  # who asks does not tell
        if len(text) <= _LONGEST_NAME:
            return self._recent_event(text, product)
        return self._find_event(text, product)

    def _find_event(self, text: str, product: str | None) -> EventName | None:
        if pair := self._names.whole(text, self._types_of(product) if product else ()):
            return EventName(*pair, exact=True)
        if pair := self._names.within(text):
            return EventName(*pair, exact=False)
        return None

    def stated_event(self, sentence: str, vendor_id: str = "") -> EventName | None:
        """The one event that a sentence states as a fact; `vendor_id` says of what it may be."""
        pair = self._statements.event(sentence, self.types_of_id(vendor_id))
        return EventName(*pair, exact=False) if pair else None

    def event_of_subject(self, id_field: str, action: str) -> EventName | None:
        """The event that a word for an action is, on the only type with that id; else None."""
        kinds = [n for n, info in self.types.items() if id_field in info.id_fields]
        known = self._actions.of(kinds[0], action) if len(kinds) == 1 else None
        return EventName(kinds[0], known, exact=True) if known else None

    def types_of_id(self, vendor_id: str) -> tuple[str, ...]:
        """The types whose subjects have ids that begin as this one does."""
        return self._prefixes.get(vendor_id[:3].upper(), ())

    def id_field(self, type_name: str, vendor_id: str) -> str:
        """The member of an object of the type, normalised, that holds an id like this one."""
        info = self.types[type_name]
        nth = info.prefixes.index(vendor_id[:3].upper()) if len(info.prefixes) > 1 else 0
        return info.id_fields[nth]

    def field_of_id(self, type_name: str, vendor_id: str) -> str | None:
        """The member of an object of the type that an id like this one is, by its letters."""
        letters = vendor_id[:3].upper()
        info = self.types.get(type_name)
        if info and letters in info.prefixes:
            return self.id_field(type_name, vendor_id)
        return self._source["ids"].get(letters)

    def is_id_of(self, kind: str, label: str) -> bool:
        """Whether the label says of itself that it is the id of such a thing."""
        return self._labels.is_id_of(kind, label)

    def is_moment(self, label: str) -> bool:
        """Whether the label is a word for what happened, so that a time beside it is when."""
        action = self._actions.anywhere(label)
        return action is not None and action not in {"created", "updated"}

    def is_english(self, label: str) -> bool:
        """Whether the label may be English, where a date may begin with the month."""
        return self._recent_english(label)

    def split_event(self, text: str) -> EventName | None:
        """An event of unknown type by a name that ends or begins with a word for an action."""
        pair = self._names.split(text)
        return EventName(*pair, exact=True) if pair else None

    def members(
        self, field: str, text: str, *, day_first: bool = False
    ) -> Iterator[tuple[str, Json]]:
        """The member of the object that a field is; of a country its name as written, too."""
        value = self._values.value(field, text, day_first=day_first)
        yield field, value
        if self.kind(field) == "country" and value != text.strip():
            yield f"{field}_name", text.strip()

    def find_product(self, text: str) -> str | None:
        """The most general type of the product that a label names."""
        return self._product_names.get(_singular(text))

    def field(self, label: str, type_name: str | None = None) -> str | None:
        """The wire name of the field that a label means on that type."""
        return self._recent_field(label, type_name) if len(label) <= _LONGEST_LABEL else None

    def kind(self, field: str) -> str:
        """The kind of a field: `text`, `number`, `time`, `boolean`, `country`, `status`, …."""
        return self._values.kind(field)

    def value(self, field: str, text: str) -> Json:
        """The value of the field as the wire would carry it; unknown text stripped."""
        return self._values.value(field, text)

    def meta(self, label: str) -> str | None:
        """The part of the notice itself that a label names: `event`, `product`, `timestamp`, …."""
        return self._recent_meta(label) if len(label) <= _LONGEST_LABEL else None

    def is_label(self, text: str) -> bool:
        """Whether the text is a label of some field, or of the notice itself."""
        return len(text) <= _LONGEST_LABEL and self._recent_label(text)

    def is_subject_id(self, label: str) -> bool:
        """Whether the label is that of the id by which some type knows its subjects."""
        return self._labels.meaning(label) in self._subject_ids

    def fits(self, label: str, value: str) -> bool:
        """Whether the value is one that a person would read after the label with no sign between.

        Of words from a list one that is on it, of an id one word, of a time digits.
        """
        if name := self.meta(label):
            return self._fits_meta(name, value)
        field = self._labels.meaning(label)
        if field is None:
            return False
        return self._values.fits(field, value, label)

    def _fits_meta(self, name: str, value: str) -> bool:
        if name in {"event", "action"}:
            return self.find_event(value) is not None
        if name in {"product", "type"}:
            return self.find_product(value) is not None
        return value[0].isdigit() if name in {"timestamp", "version"} else " " not in value

    def label_at_start(self, said: Sequence[str]) -> int:
        """How many of a line's folded words, from the first, are a label; 0 if none are."""
        return self._labels.leading(said)

    def begins_label(self, word: str) -> bool:
        """Whether some label begins with that word."""
        return self._recent_start(word)

    def is_objects_type(self, label: str, value: str) -> bool:
        """Whether `type: person` is meant: a field of the object, not the type of the event."""
        if self.meta(label) != "type" or self.type(value) or self.find_product(value):
            return False
        return self.field(label) is not None

    def alert_words(self) -> AlertWords:
        """The words by which mails tell of the delivery of hooks."""
        return self._alerts

    def spellings(self, event: EventInfo) -> Iterator[str]:
        """Every name by which `find_event` knows the event, in three languages."""
        return names.spellings(self._source, event.type, event.action.name)

    @cached_property
    def phrases(self) -> Phrases:
        """What mails say beside their notices."""
        return Phrases(self._source)

    @cached_property
    def _actions(self) -> ActionWords:
        return ActionWords(self._source)

    def _is_label(self, text: str) -> bool:
        if self._labels.written(text):
            return True
        event = self.find_event(text)
        named = self.find_product(text) or (event and event.exact)
        return not named and self._labels.known(text)

    # The next mail has the labels and lines of those before it: what they are is remembered.

    @cached_property
    def _recent_label(self) -> Callable[[str], bool]:
        return lru_cache(_REMEMBERED)(self._is_label)

    @cached_property
    def _recent_event(self) -> Callable[[str, str | None], EventName | None]:
        return lru_cache(_REMEMBERED)(self._find_event)

    @cached_property
    def _recent_meta(self) -> Callable[[str], str | None]:
        return lru_cache(_REMEMBERED)(self._labels.meta)

    @cached_property
    def _recent_english(self) -> Callable[[str], bool]:
        return lru_cache(_REMEMBERED)(self._labels.english)

    @cached_property
    def _recent_start(self) -> Callable[[str], bool]:
        return lru_cache(_REMEMBERED)(self._labels.begins)

    @cached_property
    def _recent_field(self) -> Callable[[str, str | None], str | None]:
        return lru_cache(_REMEMBERED)(self._labels.field)

    @cached_property
    def _subject_ids(self) -> frozenset[str]:
        return frozenset(name for info in self.types.values() for name in info.id_fields)

    @cached_property
    def _prefixes(self) -> Mapping[str, tuple[str, ...]]:
        letters = {prefix for info in self.types.values() for prefix in info.prefixes}
        return {
            prefix: tuple(n for n, info in self.types.items() if prefix in info.prefixes)
            for prefix in letters
        }

    @cached_property
    def _alerts(self) -> AlertWords:
        return alert_words(self._source["alerts"])

    @cached_property
    def _labels(self) -> labels.Labels:
        return labels.Labels(self._source)

    @cached_property
    def _names(self) -> names.Names:
        return names.Names(self._source, self._actions.of)

    @cached_property
    def _statements(self) -> Statements:
        return Statements(self._source, self._names)

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
        return {_singular(name): type_name for name, type_name in names.type_names(self._source)}

    def _types_of(self, product: str) -> tuple[str, ...]:
        """The types of the product that a label names, the named one first."""
        named = self.find_product(product)
        if named is None:
            return ()
        kin = (n for n, info in self.types.items() if info.product == self.types[named].product)
        return (named, *(name for name in kin if name != named))


@lru_cache(maxsize=1024)
def _singular(name: str) -> str:
    """A name of a product as it is compared: `Checks contínuos` is `check continuo`."""
    return " ".join(map(stem, words(name[:_LONGEST_NAME])))


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
