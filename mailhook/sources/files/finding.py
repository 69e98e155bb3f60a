"""Which files there are to read, by the paths a person names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailhook.errors import UnreadableInput
from mailhook.sources.files import maildir, postmark
from mailhook.sources.files.opening import STDIN, cannot, opened

# Each may be packed besides: `.mbox.gz`.
_TELLING = (".eml", ".mbox", ".mbx")


@dataclass(frozen=True, slots=True)
class Listing:
    """The files to be read, in order, and a sentence for each path that cannot be."""

    files: tuple[Path, ...]
    problems: tuple[str, ...] = ()


def find(paths: Sequence[Path]) -> Listing:
    """The files that the paths name: themselves, and below folders those that hold mails.

    These are `.eml`, `.mbox`, `.mbx`, each of them with `.gz`, the messages of
    Maildirs, and whatever begins with a postmark: mail programs keep mailboxes in files
    without a suffix. Links to folders are not followed below a folder, so a loop of
    them ends.
    """
    files: dict[Path, None] = {}
    problems: list[str] = []
    for path in paths:
        try:
            mode = stat.S_IFREG if path == STDIN else path.stat().st_mode
        except OSError as error:
            problems.append(cannot(path, error))
            continue
        if stat.S_ISDIR(mode):
            files |= dict.fromkeys(_in_folder(path, problems))
        elif stat.S_ISREG(mode):
            files[path] = None
        else:
            problems.append(f"{path}: this is neither a file nor a folder")
    return Listing(tuple(files), tuple(problems))


def _in_folder(folder: Path, problems: list[str]) -> list[Path]:
    if maildir.is_read_part(folder):
        return list(_listed(folder, problems))
    found = list(_below(folder, problems))
    if not found and not maildir.is_folder(folder):
        problems.append(f"{folder}: there is no mail in this folder: no .eml, mbox or Maildir")
    return found


def _below(folder: Path, problems: list[str]) -> Iterator[Path]:
    def note(error: OSError) -> None:
        problems.append(cannot(Path(error.filename or folder), error))

    for parent, names, files in os.walk(folder, onerror=note):
        here = Path(parent)
        names.sort()
        yield from (path for name in sorted(files) if _is_mail(path := here / name, problems))
        if maildir.is_maildir(names):
            names[:] = [name for name in names if name not in maildir.PARTS]
            for part in maildir.READ_PARTS:
                yield from _listed(here / part, problems)


def _listed(part: Path, problems: list[str]) -> list[Path]:
    try:
        return maildir.messages(part)
    except OSError as error:
        problems.append(cannot(part, error))
        return []


def _is_mail(path: Path, problems: list[str]) -> bool:
    """Whether a file in a folder holds mails, by its name or else by its first line."""
    if path.name.lower().removesuffix(".gz").endswith(_TELLING):
        return True
    if not os.path.isfile(path):  # noqa: PTH113 - Path's raises on a loop of links
        return False
    try:
        with opened(path) as file:
            return postmark.begins(file.at(0, postmark.POSTMARK_BYTES) or b"")
    except UnreadableInput as error:
        problems.append(str(error))
        return False
