"""From the text of a value to what the wire would carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from mailhook import times
from mailhook.catalog.labels import kind_of
from mailhook.catalog.source import Source
from mailhook.catalog.text import columns, squeeze
from mailhook.model import Json

# A decimal comma, but not "1,234", which may be a thousand.
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{1,15})?|0,\d{1,15}|\d{1,15},(?:\d{1,2}|\d{4,15}))")
_SHORT = 60
_BOOLEANS = {"true": True, "false": False}


class Values:
    """Typed readings of values, by the kind the catalogue gives a field."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tables: dict[str, dict[str, str]] = {}

    def value(self, field: str, text: str, *, day_first: bool = False) -> Json:
        """The value of the field as JSON; text that its kind does not know is only stripped.

        `day_first`: 04/05/2026 is in May.
        """
        stripped = text.strip()
        kind = self._kinds.get(field, "text")
        if kind == "number":
            return _number(stripped)
        if kind == "boolean":
            word = self._table("boolean").get(squeeze(stripped), "")
            return _BOOLEANS.get(word, stripped)
        if kind == "time":
            return _time(stripped, day_first=day_first)
        if kind == "text":
            return stripped
        return self._table(kind).get(squeeze(stripped), stripped)

    def kind(self, field: str) -> str:
        """The kind of the field, `text` where the catalogue does not know it."""
        return self._kinds.get(field, "text")

    def fits(self, field: str, text: str, label: str) -> bool:
        """Whether the text looks like a value of the field, to a person who reads the label."""
        kind = self.kind(field)
        if kind == "number":
            return not isinstance(_number(text), str)
        if kind == "time":
            return text[0].isdigit()
        if kind != "text":
            return squeeze(text) in self._table(kind)
        if field.endswith("_id"):
            return " " not in text and (any(map(str.isdigit, text)) or "_" in text)
        return len(text) <= _SHORT and " " in label and text[-1] not in ".!?:"

    def status(self, raw: str) -> str:
        """The normalised word for a status."""
        known = self._table("status").get(squeeze(raw))
        return known or "_".join(raw.casefold().split())

    @cached_property
    def _kinds(self) -> dict[str, str]:
        lists = [self._source["fields"]]
        lists += [entry["fields"] for entry in self._source["types"].values() if "fields" in entry]
        return {name: kind_of(line) for fields in lists for name, line in fields.items()}

    def _table(self, kind: str) -> Mapping[str, str]:
        if kind not in self._tables:
            self._tables[kind] = _inverted(self._lines(kind))
        return self._tables[kind]

    def _lines(self, kind: str) -> Mapping[str, str]:
        if kind == "status":
            return self._source["statuses"]
        if kind == "country":
            return self._source["countries"]
        return self._source["kinds"][kind]


def _inverted(lines: Mapping[str, str]) -> dict[str, str]:
    table: dict[str, str] = {}
    for word, line in lines.items():
        table[squeeze(word)] = word
        for column in columns(line):
            for name in column:
                table.setdefault(squeeze(name), word)
    return table


def _time(text: str, *, day_first: bool) -> str:
    """A time or date that a person wrote as the vendor would; one that is not sure stays."""
    if times.parse(text):
        return text
    moment = times.spoken(text, day_first=day_first)
    if moment:
        return times.short(moment)
    return times.spoken_date(text, day_first=day_first) or text


def _number(text: str) -> Json:
    if not _NUMBER.fullmatch(text) or not text.isascii():
        return text
    plain = text.replace(",", ".")
    return float(plain) if "." in plain else int(plain)
