"""The vendor's vocabulary: counted against the vendor's lists, looked up in three languages."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from mailhook import catalog
from mailhook.catalog import Catalog, EventInfo, EventName, source
from mailhook.catalog.text import columns

LISTS = Path(__file__).parents[1] / "fixtures" / "catalog"
WORDS = catalog.load()
SOURCE = source.read(source.PATH.read_bytes())


def listed(name: str) -> dict[str, Any]:
    return json.loads((LISTS / name).read_text(encoding="utf-8"))


LEGACY, RULES = listed("legacy.json"), listed("rule-events.json")
VARIABLES, VALUES = listed("variables.json"), listed("values.json")
HOOKS = [event for event in WORDS.events if event.type != "webhook"]
every_event = pytest.mark.parametrize(
    "event", [pytest.param(event, id=f"{event.type}.{event.action.name}") for event in HOOKS]
)


def wire(type_name: str, label: str) -> tuple[str, str]:
    """The wire name and the kind of a rule's variable."""
    name, kind = VARIABLES.get(f"{type_name}: {label}") or VARIABLES[label]
    return name, kind


def test_the_lists_are_the_vendors():
    assert (len(LEGACY), sum(len(entry["actions"]) for entry in LEGACY.values())) == (16, 45)
    assert (len(RULES), sum(not entry["variables"] for entry in RULES.values())) == (45, 11)


def test_every_product_of_the_legacy_page_is_known_with_its_events_and_no_other():
    types = {product.label: product.types[0] for product in WORDS.products}
    assert {label: types[label] for label in LEGACY} == {
        label: entry["type"] for label, entry in LEGACY.items()
    }
    assert {(event.legacy, event.type, event.action.name) for event in HOOKS if event.legacy} == {
        (f"{label} {action}", entry["type"], action)
        for label, entry in LEGACY.items()
        for action in entry["actions"]
    }


def test_every_rule_event_is_known_and_no_other():
    known = {e.rule: (e.product, e.type, e.action.name) for e in WORDS.events if e.rule}
    assert known == {rule: (e["product"], e["type"], e["action"]) for rule, e in RULES.items()}


@pytest.mark.parametrize("rule", RULES)
def test_every_variable_of_a_rule_event_has_its_wire_name_and_its_kind(rule: str):
    event = next(event for event in WORDS.events if event.rule == rule)
    wanted = {label.lower(): wire(event.type, label) for label in RULES[rule]["variables"]}
    assert {v.label.lower(): (v.field, v.kind) for v in event.variables} == wanted
    for label, (name, kind) in wanted.items():
        assert WORDS.field(label, event.type) == name
        assert WORDS.kind(name) == kind


def test_every_subject_id_that_a_rule_event_carries_is_the_id_of_its_type():
    for event in filter(lambda event: event.variables, HOOKS):
        named = {variable.field for variable in event.variables}
        assert named & set(event.id_fields), event.rule


def test_every_type_has_names_in_three_languages():
    names = {name: columns(entry.get("names", "")) for name, entry in SOURCE["types"].items()}
    assert [name for name, written in names.items() if not all(written) or len(written) < 3] == [
        "webhook"  # told by sentences
    ]


def test_every_variable_has_labels_in_three_languages():
    for event in HOOKS:
        fields = SOURCE["types"][event.type].get("fields", {})
        for variable in event.variables:
            line = fields.get(variable.field) or SOURCE["fields"][variable.field]
            _, *languages = columns(line)
            assert len(languages) == 3, line
            assert all(languages), line


@pytest.mark.parametrize("kind", VALUES)
def test_every_value_that_the_vendor_allows_has_its_wire_word(kind: str):
    field = next(name for name, one in VARIABLES.values() if one == kind)
    read = {text: WORDS.value(field, text) for text in VALUES[kind]}
    assert read == VALUES[kind]
    assert {WORDS.value(field, str(word).lower()) for word in read.values()} >= set(read.values())


@every_event
def test_an_event_is_found_by_each_of_its_names(event: EventInfo):
    wanted = EventName(event.type, event.action.name, exact=True)
    names = list(WORDS.spellings(event))
    assert names
    wrong = {name: found for name in names if (found := WORDS.find_event(name)) != wanted}
    assert not wrong


@every_event
def test_case_accents_blanks_and_marks_do_not_matter_in_a_name(event: EventInfo):
    wanted = EventName(event.type, event.action.name, exact=True)
    for name in list(WORDS.spellings(event))[:20]:
        bare = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode()
        for spelled in (name.upper(), bare, f"  {name.replace(' ', '   ')}.", f"«{name}»!"):
            assert WORDS.find_event(spelled) == wanted, spelled


def test_labels_of_one_type_never_stand_for_two_fields():
    for name, entry in SOURCE["types"].items():
        seen: dict[str, str] = {}
        for field, line in entry.get("fields", {}).items():
            for label in {catalog.fold(label) for column in columns(line)[1:] for label in column}:
                assert seen.setdefault(label, field) == field, f"{label} on {name}"


NEW_PRODUCT = "  iris: {label: Iris Scan, type: iris_scan, legacy: created}\n"
NEW_TYPE = """\
  iris_scan:
    product: iris
    id: scan_id
    status: status
    aliases: iris-scan
    names: Iris scan | Escaneo de iris | Leitura de íris
    fields:
      scan_id: text | Scan ID | ID del escaneo | ID da leitura
    actions:
      created: {rule: Iris scan created, variables: scan_id}
"""


def test_a_new_product_is_a_few_lines_of_data():
    text = source.PATH.read_text(encoding="utf-8")
    text = text.replace("\nproducts:\n", f"\nproducts:\n{NEW_PRODUCT}")
    text = text.replace("\ntypes:\n", f"\ntypes:\n{NEW_TYPE}")
    words = Catalog(text.encode())
    created = EventName("iris_scan", "created", exact=True)
    assert words.find_event("Se creó el escaneo de iris") == created
    assert words.find_event("criada", product="Iris Scan") == created
    assert words.field("id da leitura", "iris_scan") == "scan_id"
    assert words.type("IRIS-SCAN") == words.types["iris_scan"]
    assert any(event.rule == "Iris scan created" for event in words.events)
