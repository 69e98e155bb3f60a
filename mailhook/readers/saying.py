"""What is said in a mail, label by label."""

from __future__ import annotations

from typing import NamedTuple


class Said(NamedTuple):
    """A label with its value; without a label, `value` is the whole line.

    `line` is the line it was read from. `known`: the catalogue has the label.
    `starts`: a row of a table begins here, a notice of its own. `whole` is the value
    up to the end of the line where it is read as one of several in it. `gap` as for lines.
    """

    label: str
    value: str
    line: str
    known: bool = False
    starts: bool = False
    whole: str = ""
    gap: bool = False
