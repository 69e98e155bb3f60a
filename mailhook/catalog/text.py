"""How words are compared: without case, accents, blanks and punctuation.

`fold` keeps words apart, `squeeze` runs them together. Both are linear in the
text. The catalogue writes its words as `English | Spanish | Portuguese`
columns of comma-separated synonyms; `columns` reads that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_LONGEST_LABEL = 200
_SHORTEST_PLURAL = 4
_LONG_PLURALS = ("iones", "ales", "ores")


def fold(text: str) -> str:
    """The text case-folded, accents stripped, blanks collapsed to one."""
    if not text.isascii():
        spread = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(char for char in spread if not unicodedata.combining(char))
    return " ".join(text.casefold().split())


def words(text: str) -> list[str]:
    """The folded words of the text, punctuation dropped."""
    return _WORD.findall(fold(text))


@lru_cache(maxsize=4096)  # labels and statuses come again in every mail
def squeeze(text: str) -> str:
    """The folded letters and digits alone; empty for what is too long to be a label or name."""
    return "".join(words(text)) if len(text) <= _LONGEST_LABEL else ""


def stem(word: str) -> str:
    """A folded word in the singular, as far as its ending tells: checks, sesiones, validações."""
    if len(word) <= _SHORTEST_PLURAL or word[-1] != "s" or word[-2] == "s":
        return word
    if word.endswith("oes"):
        return f"{word[:-3]}ao"
    return word[:-2] if word.endswith(_LONG_PLURALS) else word[:-1]


def consecutive(said: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the words of the phrase stand side by side among those said."""
    length, first = len(phrase), phrase[0]
    return first in said and any(
        said[at : at + length] == list(phrase) for at, word in enumerate(said) if word == first
    )


def columns(cell: str) -> tuple[tuple[str, ...], ...]:
    """The synonyms in each language of a catalogue line, `a, b/c | d` as written there."""
    return tuple(synonyms(column) for column in cell.split("|"))


def synonyms(column: str) -> tuple[str, ...]:
    """The comma-separated words of one language, `creado/a` as both its forms."""
    listed = (item.strip() for item in column.split(","))
    return tuple(form for item in listed if item for form in _forms(item))


def _forms(item: str) -> tuple[str, ...]:
    if "/a" not in item:
        return (item,)
    choices = [
        (word[:-2], f"{word[:-3]}a") if word.endswith("/a") else (word,) for word in item.split()
    ]
    masculine, feminine = zip(*((choice[0], choice[-1]) for choice in choices), strict=True)
    return (" ".join(masculine), " ".join(feminine)) if masculine != feminine else (item,)
