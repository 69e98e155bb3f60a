"""JSON as it was before mail programs had it: straight quotes, plain blanks, unbroken lines.

Only what no JSON can hold is mended, so that JSON which arrives whole is read as
it came: typographic quotes around its words, no-break spaces between them, line
breaks inside a string.
"""

from __future__ import annotations

import re

# What word processors make of straight quotes; the others are then a text's own.
_CURLY = str.maketrans("“”„‟＂", '"""""')
_ANGLED = str.maketrans("«»", '""')
_SPACES = str.maketrans("\u00a0\u202f\u2007\u2003\u3000", "     ")
_CURLY_STRUCTURE = re.compile(r"[{,\[]\s*[“”„]")
_ANGLED_STRUCTURE = re.compile(r"[{,\[]\s*«")
# A string, as far as it goes: its backslashes count, its line breaks are a mail program's.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BREAK = re.compile(r"[ \t]*\r?\n[ \t]*")


def mended(text: str) -> str:
    """The text with its JSON as it was written; what stands before the first brace is left out."""
    starts = [at for at in map(text.find, "{[") if at >= 0]
    if not starts:
        return text
    text = text[min(starts) :].translate(_SPACES)
    if _CURLY_STRUCTURE.search(text):
        text = text.translate(_CURLY)
    elif _ANGLED_STRUCTURE.search(text):
        text = text.translate(_ANGLED)
    return _STRING.sub(_joined, text)


def _joined(found: re.Match[str]) -> str:
    """The string in one line; a word without blanks, such as an id, had none where it broke."""
    string = found[0]
    if "\n" not in string:
        return string
    blank = " " if " " in string.replace("\n", "").strip('" ') else ""
    return _BREAK.sub(blank, string)
