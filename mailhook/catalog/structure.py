"""From the catalogue's file to types, products and the rows of `mailhook catalog`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from mailhook.catalog.labels import kind_of, vendor_label
from mailhook.catalog.source import ActionEntry, ResourceEntry, Source, TypeEntry
from mailhook.catalog.text import synonyms
from mailhook.catalog.vocabulary import (
    ActionInfo,
    EventInfo,
    Product,
    Resource,
    TypeInfo,
    Variable,
)

UNKNOWN_RANK = 0


def types(source: Source) -> dict[str, TypeInfo]:
    """Every type by its normalised name."""
    return {name: _type(name, entry, source) for name, entry in source["types"].items()}


def products(source: Source) -> tuple[Product, ...]:
    """Every product, its most general type first."""
    return tuple(
        Product(name, entry["label"], _types_of(name, entry["type"], source))
        for name, entry in source["products"].items()
    )


def events(source: Source, known: Mapping[str, TypeInfo]) -> Iterator[EventInfo]:
    """Every event of the vendor's two lists and of the alerts, in the file's order."""
    for info in known.values():
        entry = source["types"][info.name]
        for action, written in (entry.get("actions") or {}).items():
            yield EventInfo(
                product=info.product,
                type=info.name,
                action=info.actions[action],
                rule=written.get("rule"),
                legacy=_legacy(info, action, source),
                id_fields=info.id_fields,
                variables=tuple(_variables(info.name, written, source)),
            )


def resources(source: Source) -> dict[str, Resource]:
    """Every resource of the vendor's API by its name."""
    return {name: _resource(name, entry) for name, entry in source["resources"].items()}


def _resource(name: str, entry: ResourceEntry) -> Resource:
    return Resource(
        name=name,
        subject_type=entry.get("of", ""),
        prefix=entry.get("prefix", ""),
        base=entry["base"],
        path=entry["path"],
        id_fields=synonyms(entry["id"]),
        within=entry.get("within", ""),
        status_fields=synonyms(entry["status"]),
        open_statuses=frozenset(synonyms(entry["open"])),
        final_statuses=frozenset(synonyms(entry["final"])),
    )


def _type(name: str, entry: TypeEntry, source: Source) -> TypeInfo:
    actions = {
        action: _action(action, written, source)
        for action, written in (entry.get("actions") or {}).items()
    }
    return TypeInfo(
        name=name,
        product=entry["product"],
        subject_type=entry.get("subject", name),
        id_fields=synonyms(entry.get("id", "")),
        status_fields=synonyms(entry.get("status", "")),
        prefixes=synonyms(entry.get("prefix", "")),
        actions=MappingProxyType(actions),
    )


def _action(name: str, written: ActionEntry, source: Source) -> ActionInfo:
    words = source["actions"][name]
    return ActionInfo(
        name=name,
        rank=words.get("rank", UNKNOWN_RANK),
        repeats=words.get("repeats", False),
        final=words.get("final", False),
        follows_final=words.get("follows_final", False),
        alert_kind=written.get("alert"),
    )


def _types_of(product: str, general: str, source: Source) -> tuple[str, ...]:
    others = (name for name, entry in source["types"].items() if entry["product"] == product)
    return (general, *(name for name in others if name != general))


def _legacy(info: TypeInfo, action: str, source: Source) -> str | None:
    product = source["products"][info.product]
    if product["type"] != info.name or action not in synonyms(product.get("legacy", "")):
        return None
    return f"{product['label']} {action}"


def _variables(type_name: str, written: ActionEntry, source: Source) -> Iterator[Variable]:
    for field in synonyms(written.get("variables", "")):
        line = source["types"][type_name].get("fields", {}).get(field) or source["fields"][field]
        yield Variable(vendor_label(line), field, kind_of(line))
