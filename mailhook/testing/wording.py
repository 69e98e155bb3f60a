"""How the vendor's words read in a mail: names, labels and values in three languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Literal, get_args

from mailhook import catalog
from mailhook.catalog import source
from mailhook.catalog.text import columns
from mailhook.model import Json
from mailhook.testing.happening import Happening

Language = Literal["en", "es", "pt"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_FEMININE = ("a", "ión", "ão", "agem")


def name(event: Happening, language: Language) -> str:
    """What the event is called, such as `Chequeo finalizado`."""
    return _name(event.type, event.action, language)


def labelled(event: Happening, language: Language) -> list[tuple[str, str]]:
    """The members of the object as a mail tells them: label and value, in order."""
    return [
        (label(event.type, member, language), spoken(member, value, language))
        for member, value in event.object.items()
        if not isinstance(value, dict | list) and value is not None
    ]


@cache
def meta(part: str, language: Language) -> str:
    """What a part of the notice itself is called: `event`, `timestamp`, `id`."""
    return _column(vocabulary()["meta"][part], language)[0]


@cache
def label(type_name: str, member: str, language: Language) -> str:
    """What a member of the object is called; as it is written where the catalogue has no word."""
    own = vocabulary()["types"][type_name].get("fields", {}) if type_name in _types() else {}
    line = own.get(member) or vocabulary()["fields"].get(member)
    if line is None:
        return member
    spelled = chain(_column(line, language, 1), _column(line, "en", 1))
    known = catalog.load()
    return next((one for one in spelled if known.field(one, type_name) == member), member)


def spoken(member: str, value: Json, language: Language) -> str:
    """A value as a person reads it; what has no word is told as the wire has it."""
    written = {True: "true", False: "false"}.get(value, "") if isinstance(value, bool) else value
    text = str(written)
    kind = catalog.load().kind(member)
    lines = {"status": vocabulary()["statuses"], "country": vocabulary()["countries"]}
    line = (lines.get(kind) or vocabulary()["kinds"].get(kind, {})).get(text)
    words = _column(line, language) if line else ()
    known = catalog.load()
    return next((word for word in words if known.value(member, word) == value), text)


@cache
def _name(type_name: str, action: str, language: Language) -> str:
    known = catalog.load()
    for words in chain(_own_names(type_name, action, language), _names(type_name, action, "en")):
        found = known.find_event(words)
        if found and found.exact and (found.type, found.action) == (type_name, action):
            return words
    return f"{type_name}.{action}"


def _own_names(type_name: str, action: str, language: Language) -> Iterator[str]:
    if type_name in _types():
        yield from _names(type_name, action, language)


def _names(type_name: str, action: str, language: Language) -> Iterator[str]:
    """The vendor's own name first, then what people make of the type and the word."""
    if type_name not in _types():
        return
    entry = vocabulary()["types"][type_name]
    own = entry["actions"].get(action, {})
    if language == "en" and "rule" in own:
        yield own["rule"]
    yield from _column(own.get("names", ""), language)
    verbs = [*_column(own.get("words", ""), language), *_column(_verbs(action), language)]
    for thing in _column(entry.get("names", ""), language):
        yield from (f"{thing} {verb}" for verb in _agreeing(verbs, thing))


def _agreeing(verbs: Sequence[str], thing: str) -> Iterable[str]:
    """The words for an action, first those in the gender of the thing."""
    if not thing.split(maxsplit=1)[0].endswith(_FEMININE):
        return verbs
    return sorted(verbs, key=lambda verb: not verb.endswith("a"))


def _verbs(action: str) -> str:
    entry = vocabulary()["actions"].get(action)
    return entry["words"] if entry else ""


def _column(line: str, language: Language, first: int = 0) -> tuple[str, ...]:
    """The words of that language; none where the line has no such column."""
    spelled = columns(line)[first:]
    nth = LANGUAGES.index(language)
    return spelled[nth] if nth < len(spelled) else ()


@cache
def vocabulary() -> source.Source:
    """The catalogue as it is written."""
    return source.read(source.PATH.read_bytes())


@cache
def _types() -> frozenset[str]:
    return frozenset(vocabulary()["types"])
