"""Maildir: a folder with `cur`, `new` and `tmp`, one message a file.

Source: https://cr.yp.to/proto/maildir.html. What a message is called after its
unique name (`:2,S`) is flags, which say nothing of its content. Folders of
Maildir++ (`.Sent`) are Maildirs beside the three, and found as any folder is.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

# `tmp` holds what is being written, and is not read.
READ_PARTS = ("cur", "new")
PARTS = (*READ_PARTS, "tmp")


def is_maildir(names: Collection[str]) -> bool:
    """Whether a folder is a Maildir, by the names of the folders in it."""
    return all(part in names for part in PARTS)


def is_folder(folder: Path) -> bool:
    """Whether the path is a Maildir."""
    # Path's own raises where a link leads to itself.
    return is_maildir([part for part in PARTS if os.path.isdir(folder / part)])  # noqa: PTH112


def is_read_part(folder: Path) -> bool:
    """Whether the path is the `cur` or `new` of a Maildir."""
    whole = folder.absolute()
    return whole.name in READ_PARTS and is_folder(whole.parent)


def messages(part: Path) -> list[Path]:
    """The messages in a `cur` or `new`, in the order of their names. Raises OSError.

    Names that begin with a dot are none, by the book, nor are folders.
    """
    # A link that leads to itself is no folder to os.path; to scandir it is an error.
    paths = (part / name for name in sorted(os.listdir(part)) if not name.startswith("."))  # noqa: PTH208
    return [path for path in paths if not os.path.isdir(path)]  # noqa: PTH112
