"""PromQL, as much of it as our rules and panels use, taken apart; anything else is an error.

https://prometheus.io/docs/prometheus/latest/querying/basics/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"[^\"\\]*\"|'[^'\\]*')|(?P<range>\[(?:\d+[smhdw]|\$__rate_interval)\])"
    r"|(?P<number>\d+(?:\.\d+)?(?:e\d+)?)|(?P<name>[a-zA-Z_:][\w:]*)"
    r"|(?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},]))"
)
_OPERATORS = {*"+-*/%^<>", "==", "!=", "<=", ">=", "and", "or", "unless"}
_AGGREGATIONS = {"sum", "min", "max", "avg", "count"}
# Name: how many arguments, and whether the first is over a range of time.
_FUNCTIONS = {
    "rate": (1, True),
    "increase": (1, True),
    "delta": (1, True),
    "changes": (1, True),
    "time": (0, False),
    "absent": (1, False),
    "clamp_max": (2, False),
    "histogram_quantile": (2, False),
}


@dataclass
class Query:
    """What an expression asks for: metrics with the labels they are matched by, and grouping."""

    metrics: dict[str, set[str]] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)


def parse(text: str) -> Query:
    """Take the expression apart. Raises ValueError where it is none."""
    parser = _Parser(text)
    parser.expression()
    parser.expect("")
    return parser.query


class _Parser:
    def __init__(self, text: str) -> None:
        self.query = Query()
        self._tokens = [*_tokens(text), ("end", "")]

    def expression(self) -> bool:
        """Whether it is a bare selector over a range of time."""
        ranged = self._operand()
        while self._next()[1] in _OPERATORS:
            if ranged:
                raise ValueError("an operator beside a range")
            self._take()
            while self._next()[1] in {"on", "ignoring", "group_left", "group_right"}:
                self._take()
                self._labels()
            ranged = self._operand()
        return ranged

    def expect(self, value: str) -> None:
        kind, found = self._take()
        if found != value or kind == "string":
            raise ValueError(f"{found!r} where {value!r} should be")

    def _operand(self) -> bool:
        kind, value = self._take()
        if value == "-":
            return self._operand()
        if value == "(":
            ranged = self.expression()
            self.expect(")")
            return ranged
        if kind == "number":
            return False
        if kind != "name":
            raise ValueError(f"{value!r} where an operand should be")
        if value in _AGGREGATIONS:
            return self._aggregation()
        return self._function(value) if self._next()[1] == "(" else self._selector(value)

    def _aggregation(self) -> bool:
        if self._next()[1] in {"by", "without"}:
            self._take()
            self._labels()
        if self._arguments() != [False]:
            raise ValueError("an aggregation takes one instant vector")
        return False

    def _function(self, name: str) -> bool:
        count, ranged = _FUNCTIONS[name]
        if self._arguments() != [ranged, *[False] * count][:count]:
            raise ValueError(f"{name} is called with the wrong arguments")
        return False

    def _arguments(self) -> list[bool]:
        self.expect("(")
        found = []
        while self._next()[1] != ")":
            found.append(self.expression())
            if self._next()[1] != ")":
                self.expect(",")
        self.expect(")")
        return found

    def _selector(self, name: str) -> bool:
        matched = self.query.metrics.setdefault(name, set())
        if self._next()[1] == "{":
            self._take()
            while self._next()[1] != "}":
                matched.add(self._matcher())
                if self._next()[1] != "}":
                    self.expect(",")
            self.expect("}")
        if self._next()[0] == "range":
            self._take()
            return True
        return False

    def _matcher(self) -> str:
        (_, label), (_, sign), (kind, _) = self._take("name"), self._take("sign"), self._take()
        if sign not in {"=", "!=", "=~", "!~"} or kind != "string":
            raise ValueError(f"{label} is matched by no string")
        return label

    def _labels(self) -> None:
        self.expect("(")
        while self._next()[1] != ")":
            self.query.grouped.add(self._take("name")[1])
            if self._next()[1] != ")":
                self.expect(",")
        self.expect(")")

    def _next(self) -> tuple[str, str]:
        return self._tokens[0]

    def _take(self, kind: str = "") -> tuple[str, str]:
        token = self._tokens.pop(0)
        if kind and token[0] != kind:
            raise ValueError(f"{token[1]!r} where a {kind} should be")
        return token


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if not match:
            raise ValueError(f"{text[at : at + 20]!r} is no PromQL")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    return found
