"""Labels with their values, as people see them: `Label: value` lines and two-column tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailhook.markup import View

# A label is short; what stands before a colon in prose rarely is. Stars and
# underscores are a mail program's bold type (`*Check ID:* CHK…`).
_LABELLED = re.compile(
    r"^[\s*•·\-–]{0,20}(?P<label>[^:=\t]{2,60}?)\s*"
    r"(?:[:=][*_]{1,2}(?=\s)|[:=]|\t|\s[-–—]\s)\s*(?P<value>\S.*)$"
)
_EMPHASIS = re.compile(r"(\*\*|__|\*|`)(?P<inner>.+)\1")


def pairs(view: View) -> Iterator[tuple[str, str]]:
    """Each label with its value, those of tables first."""
    for row in view.rows:
        if len(row) == 2:  # noqa: PLR2004 - label and value
            yield _bare(row[0]).rstrip(" :"), _bare(row[1])
    for matched in filter(None, (found for line in view.lines for found in _matches(line))):
        yield matched["label"].strip(" *_"), _bare(matched["value"])


def _matches(line: str) -> list[re.Match[str] | None]:
    """The labels of a line; `Label: value | Label: value` has several."""
    several = [_LABELLED.match(part) for part in line.split(" | ")]
    return several if all(several) else [_LABELLED.match(line)]


def _bare(text: str) -> str:
    """The text without the emphasis around it; an underscore inside an id is the id's own."""
    matched = _EMPHASIS.fullmatch(text.strip())
    return matched["inner"].strip() if matched else text.strip()
