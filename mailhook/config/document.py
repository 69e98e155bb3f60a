"""YAML text to plain values, each with its place in the text.

Stricter than YAML 1.1, because a settings file should mean what it looks like:
no anchors, aliases, tags, second documents or repeated keys, and numbers are
plain decimals (`0143` is text, not 99).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
Loc: TypeAlias = tuple[str | int, ...]

MAX_DEPTH = 16
_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"
_LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"(?:(yes|true|on)|no|false|off)", re.IGNORECASE)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]{0,17})")
_FLOAT = re.compile(
    r"[-+]?[0-9]{1,18}(?:\.[0-9]*(?:e[-+]?[0-9]{1,3})?|e[-+]?[0-9]{1,3})", re.IGNORECASE
)
# Quoted pieces of a parser's message may repeat a value, and a value may be a secret;
# the sign or the kind of token it expected is none.
_QUOTED = re.compile(r"'([-?:,\]}]|<[a-z ]+>)?[^']*'")


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands: offsets of its key (or itself), its start and its end."""

    key: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something written that YAML or we do not allow; `at` is an offset.

    `voids` is true where the value beneath is therefore not what was meant.
    """

    loc: Loc
    at: int
    message: str
    hint: str = ""
    voids: bool = False


class Unparsable(Exception):
    """The text cannot be read as YAML any further."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Document:
    """A settings file as plain values; every value, list item too, has its span.

    `skipped` are the spans of values that are no part of `root`.
    """

    text: str
    root: Plain = None
    spans: dict[Loc, Span] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    skipped: tuple[Span, ...] = ()


def read(text: str) -> Document:
    """The document the text spells; an empty one has `root` None.

    Raises:
        Unparsable: the text is no YAML, or nests too deeply.
    """
    composer = _Composer(text)
    try:
        root = composer.compose()
    except yaml.YAMLError as error:
        raise Unparsable(_syntax_fault(error, text)) from None
    return Document(text, root, composer.spans, tuple(composer.faults), tuple(composer.skipped))


class _Composer:
    """Builds values from the parser's events (YAML 1.1 section 3.1), which hold no recursion."""

    def __init__(self, text: str) -> None:
        self.spans: dict[Loc, Span] = {}
        self.faults: list[Fault] = []
        self.skipped: list[Span] = []
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=_LOADER))

    def compose(self) -> Plain:
        root: Plain = None
        seen = False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and seen:
                at = _start(event)
                self.faults.append(Fault((), at, "a second document begins", "remove the --- line"))
                break
            if isinstance(event, yaml.NodeEvent):
                root = self._value(event, (), _start(event))
                seen = True
        return root

    def _value(self, event: yaml.Event, loc: Loc, key: int) -> Plain:
        start = _start(event)
        if len(loc) > MAX_DEPTH:
            raise Unparsable(Fault((), start, _TOO_DEEP))
        self._refuse_indirection(event, loc)
        value: Plain = None
        end = _end(event)
        if isinstance(event, yaml.MappingStartEvent):
            value, end = self._mapping(loc)
        elif isinstance(event, yaml.SequenceStartEvent):
            value, end = self._sequence(loc)
        elif isinstance(event, yaml.ScalarEvent):
            value = _scalar(event.value) if event.implicit[0] else event.value
        self.spans[loc] = Span(key, start, end)
        return value

    def _mapping(self, loc: Loc) -> tuple[dict[str, Plain], int]:
        mapping: dict[str, Plain] = {}
        for event in self._events:
            at = _start(event)
            if isinstance(event, yaml.MappingEndEvent):
                return mapping, _end(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise Unparsable(Fault((), at, "a key must be one plain word"))
            self._refuse_indirection(event, loc)
            key = event.value
            if key not in mapping:
                mapping[key] = self._value(next(self._events), (*loc, key), at)
                continue
            message = "is written twice in the same section"
            self.faults.append(Fault((*loc, key), at, message, "keep one of the two"))
            self.skipped.append(self._skip(at))
        return mapping, 0

    def _sequence(self, loc: Loc) -> tuple[list[Plain], int]:
        items: list[Plain] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return items, _end(event)
            items.append(self._value(event, (*loc, len(items)), _start(event)))
        return items, 0

    def _skip(self, key: int) -> Span:
        first = event = next(self._events)
        depth = _depth(event)
        while depth:
            event = next(self._events)
            depth += _depth(event)
        return Span(key, _start(first), _end(event))

    def _refuse_indirection(self, event: yaml.Event, loc: Loc) -> None:
        what = ""
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            what = "YAML anchors and aliases (& and *) are not allowed here"
        elif getattr(event, "tag", None):
            what = "YAML tags (!) are not allowed here"
        if what:
            hint = "if the value begins with that character, put it in quotes"
            self.faults.append(Fault(loc, _start(event), what, hint, voids=True))


def _start(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0


def _end(event: yaml.Event) -> int:
    return event.end_mark.index if event.end_mark else 0


def _depth(event: yaml.Event) -> int:
    opens = isinstance(event, yaml.CollectionStartEvent)
    return opens - isinstance(event, yaml.CollectionEndEvent)


def _scalar(text: str) -> Plain:
    if _NULL.fullmatch(text):
        return None
    if match := _BOOL.fullmatch(text):
        return bool(match[1])
    if _INT.fullmatch(text):
        return int(text.replace("_", ""))
    return float(text) if _FLOAT.fullmatch(text) else text


def _harmless(quoted: re.Match[str]) -> str:
    return quoted[0] if quoted[0] == f"'{quoted[1]}'" else "something"


def _syntax_fault(error: yaml.YAMLError, text: str) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    at = min(mark.index if mark else getattr(error, "position", 0) or 0, len(text))
    line = text[text.rfind("\n", 0, at) + 1 :].split("\n", 1)[0]
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return Fault((), at, "a tab indents this line", "indent with blanks")
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    if "nesting depth" in reason:
        return Fault((), at, _TOO_DEEP)
    hint = "look for a missing quote, bracket, colon or blank here or on the line before"
    return Fault((), at, f"is not YAML: {_QUOTED.sub(_harmless, reason)}", hint)
