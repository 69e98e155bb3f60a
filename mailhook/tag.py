"""`trust.tag`: the secret word before each labelled line of a rule's mail; never shown."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

T = TypeVar("T")

# What no mail program changes on the way, and no page has to spell otherwise.
_WORD = re.compile(r"[A-Za-z0-9_-]{8,200}")
_BLANK = "[tag]"
# What stands before the first word of a list's line.
_BULLETS = " \t*•·-–"


class Tag:
    """The word; compared in constant time, and blanked wherever it stands."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._bytes = word.encode()

    def __repr__(self) -> str:
        return "Tag(…)"

    def behind(self, line: str) -> str | None:
        """What follows the tag in a line that begins with it; None for any other line."""
        bare = line.lstrip(_BULLETS)
        word, rest = bare[: len(self._word)], bare[len(self._word) :]
        is_tag = hmac.compare_digest(word.encode("utf-8", "replace"), self._bytes)
        return rest.strip() if is_tag and (not rest or rest[0].isspace()) else None

    def blanked(self, value: T) -> T:
        """The same value without the tag: text, and what holds text at any depth."""
        return cast("T", self._blanked(value))

    def _blanked(self, value: Any) -> Any:  # noqa: ANN401 - it goes into whatever there is
        if isinstance(value, str):
            return value.replace(self._word, _BLANK)
        if isinstance(value, bytes):
            return value.replace(self._bytes, _BLANK.encode())
        if isinstance(value, Mapping):
            return {self._blanked(name): self._blanked(one) for name, one in value.items()}
        if type(value) in {list, tuple}:
            return type(value)(self._blanked(one) for one in value)
        if is_dataclass(value) and not isinstance(value, type):
            names = (one.name for one in fields(value))
            return replace(value, **{name: self._blanked(getattr(value, name)) for name in names})
        return value


def unfit(word: str) -> str | None:
    """Why the word protects nothing or would not arrive as it is, in words; None if it may do."""
    if _WORD.fullmatch(word):
        return None
    return "it is not one word of 8 to 200 letters, digits, - and _"
