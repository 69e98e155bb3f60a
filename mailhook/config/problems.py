"""What is wrong, each thing with its path, its line and what to do, in the file's order."""

from __future__ import annotations

import re

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mailhook.config.document import Document, Fault, Loc, Unparsable
from mailhook.config.excerpt import Excerpts
from mailhook.config.keys import (
    dotted,
    is_secret,
    may_be_said,
    pattern,
    secret_depth,
    spelled,
    suggestion,
)
from mailhook.config.rules import Breach
from mailhook.config.secret import HOW, Secret
from mailhook.errors import Problem

_REFERENCE_STEP = 1  # a secret's own key, such as `file`, may be named; what is below may not

_EXPECTED = {
    "string_type": ("must be text", ""),
    "path_type": ("must be a path", ""),
    "bool_type": ("must be true or false", ""),
    "int_type": ("must be a whole number", "digits only, no quotes"),
    "int_from_float": ("must be a whole number", ""),
    "float_type": ("must be a number", "digits only, no quotes, no unit"),
    "finite_number": ("must be a number", ""),
    "model_type": ("must be a section with keys", "key: value, one a line, indented alike"),
    "tuple_type": ("must be a list", "[a, b], or one item a line, each after '- '"),
    "too_short": ("is an empty list", "remove the line to get the default"),
}
_TEXT_TYPES = {"string_type", "path_type", "literal_error"}
_LIST_TYPES = {"tuple_type", "too_short"}


def of_unparsable(error: Unparsable, text: str, name: str) -> list[Problem]:
    """The one problem of a text that cannot be read as YAML; `name` is the file's."""
    excerpts = Excerpts(Document(text))
    fault = error.fault
    line, content = excerpts.line(fault.at), excerpts.content_of_unparsed(fault.at)
    return [Problem(name, fault.message, fault.hint, line, content)]


class Report:
    """Collects the problems of one document."""

    def __init__(self, document: Document, name: str) -> None:
        self._document = document
        self._name = name
        self._excerpts = Excerpts(document)
        self._found: dict[tuple[str, str], tuple[int, Problem]] = {}
        for fault in document.faults:
            self._add(fault.loc, fault, fault.at)

    def problems(self) -> list[Problem]:
        """All that were added, in the order of their lines."""
        return [problem for _, problem in sorted(self._found.values(), key=lambda item: item[0])]

    def add_breach(self, breach: Breach) -> None:
        """Adds a rule broken between settings."""
        self._add(breach.loc, breach)

    def add_errors(self, error: ValidationError) -> None:
        """Adds what the models refused."""
        for detail in error.errors(include_url=False):
            if _follows_from_others(detail) or self._voided(detail["loc"]):
                continue
            self._add(detail["loc"], Breach(detail["loc"], *self._sentence(detail)))

    def _add(self, loc: Loc, what: Fault | Breach, at: int | None = None) -> None:
        loc = self._nameable(loc)
        place = at if at is not None else self._offset(loc)
        line, content = self._excerpts.line(place), self._excerpts.content(place)
        path = dotted(loc) or self._name
        problem = Problem(path, what.message, what.hint, line, content)
        self._found.setdefault((path, what.message), (place, problem))

    def _nameable(self, loc: Loc) -> Loc:
        """The place without what the file does not spell, and without what may be a secret."""
        loc = spelled(loc)
        depth = secret_depth(loc)
        if depth is not None:
            below = loc[depth : depth + _REFERENCE_STEP]
            loc = (*loc[:depth], *(step for step in below if step in Secret.model_fields))
        for n in range(len(loc), 0, -1):
            parent = self._document.spans.get(loc[: n - 1])
            if loc[:n] in self._document.spans or (parent and self._is_section(loc[: n - 1])):
                last = loc[n - 1]
                is_odd = n > 1 and isinstance(last, str) and not may_be_said(last)
                return loc[: n - 1] if is_odd else loc[:n]
        return loc[:1]

    def _is_section(self, loc: Loc) -> bool:
        value = self._document.root
        for step in loc:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return False
        return isinstance(value, dict)

    def _offset(self, loc: Loc) -> int:
        spans = self._document.spans
        return next((spans[loc[:n]].key for n in range(len(loc), -1, -1) if loc[:n] in spans), 0)

    def _voided(self, loc: Loc) -> bool:
        return any(
            fault.voids and loc[: len(fault.loc)] == fault.loc for fault in self._document.faults
        )

    def _sentence(self, detail: ErrorDetails) -> tuple[str, str]:
        kind, loc, facts = detail["type"], detail["loc"], detail.get("ctx", {})
        if kind == "refused":
            return facts["message"], facts["hint"]
        if kind == "extra_forbidden":
            return _unknown_key(loc)
        if kind == "missing":
            return "is missing", HOW if is_secret(pattern(loc)) else ""
        return self._misread(detail) or _expected(kind, loc, detail["input"], facts)

    def _misread(self, detail: ErrorDetails) -> tuple[str, str] | None:
        value, wants_text = detail["input"], detail["type"] in _TEXT_TYPES
        if value is None:
            return "has no value", "write one, or remove the line to get the default"
        if wants_text and isinstance(value, bool):
            word = self._written(detail["loc"])
            return f"{word} is read as {str(value).lower()}", f'for the word itself write "{word}"'
        if wants_text and isinstance(value, int | float):
            return "is read as a number", "put it in quotes"
        return None

    def _written(self, loc: Loc) -> str:
        # A folder given by its name alone stands where the model has a section.
        spans = self._document.spans
        span = spans.get(loc) or spans.get(loc[:-1])
        return self._document.text[span.start : span.end] if span else "it"


def _follows_from_others(detail: ErrorDetails) -> bool:
    """Whether pydantic says it only because it has refused something else."""
    kind = detail["type"]
    return kind == "default_factory_not_called" or (kind == "too_short" and bool(detail["input"]))


def _unknown_key(loc: Loc) -> tuple[str, str]:
    return "unknown key", suggestion(loc)


def _expected(kind: str, loc: Loc, value: object, facts: dict[str, object]) -> tuple[str, str]:
    if kind == "literal_error":
        return _one_of(value, re.findall(r"'([^']*)'", str(facts["expected"])))
    if kind == "greater_than_equal":
        return f"must be at least {_plain(facts['ge'])}", ""
    if kind == "less_than_equal":
        return f"must be at most {_plain(facts['le'])}", ""
    if kind in _LIST_TYPES and secret_depth(loc) is not None:
        return "must be a list of words, the program first", "[program, argument]"
    return _EXPECTED.get(kind, ("is not valid here", ""))


def _one_of(value: object, words: list[str]) -> tuple[str, str]:
    import difflib

    near = difflib.get_close_matches(str(value).lower()[:64], words, n=1)
    return f"must be {_either(words)}", f"did you mean '{near[0]}'?" if near else ""


def _plain(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _either(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
