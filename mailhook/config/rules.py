"""What must hold between settings, checked on the file as written.

On plain values, not on models, so that these problems show together with
those of single values.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from mailhook.config.document import Loc, Plain


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule broken at a place."""

    loc: Loc
    message: str
    hint: str = ""


def breaches(root: dict[str, Plain]) -> Iterator[Breach]:
    """Every rule between settings that the file breaks; ill-typed values are passed over."""
    mailboxes = list(_mappings(root.get("mailboxes")))
    yield from _repeated_names(mailboxes)
    yield from _repeated_accounts(mailboxes)
    for nth, mailbox in mailboxes:
        folders = list(_folders(mailbox))
        yield from _repeated_folders(nth, folders)
        yield from _moves_into_watched(nth, mailbox, folders)


def _repeated_names(mailboxes: list[tuple[int, dict[str, Plain]]]) -> Iterator[Breach]:
    names = ((nth, mailbox.get("name")) for nth, mailbox in mailboxes)
    for nth, first in _repeats((nth, name) for nth, name in names if isinstance(name, str)):
        yield Breach(("mailboxes", nth, "name"), f"is also the name of mailboxes[{first}]")


def _repeated_accounts(mailboxes: list[tuple[int, dict[str, Plain]]]) -> Iterator[Breach]:
    accounts = (
        (nth, (host.lower(), user))
        for nth, mailbox in mailboxes
        if isinstance(host := mailbox.get("host"), str)
        and isinstance(user := mailbox.get("username"), str)
    )
    for nth, first in _repeats(accounts):
        message = f"is the same account as mailboxes[{first}]"
        hint = "one mailbox may have several folders"
        yield Breach(("mailboxes", nth, "username"), message, hint)


def _repeated_folders(nth: int, folders: list[tuple[int, str]]) -> Iterator[Breach]:
    for repeat, _ in _repeats(folders):
        yield Breach(("mailboxes", nth, "folders", repeat), "is listed twice")


def _moves_into_watched(
    nth: int, mailbox: dict[str, Plain], folders: list[tuple[int, str]]
) -> Iterator[Breach]:
    after = mailbox.get("after")
    target = after.get("move") if isinstance(after, dict) else None
    watched = {name for _, name in folders} or {"INBOX"}
    if isinstance(target, str) and _canonical(target) in watched:
        message = "mail would be moved into a folder that is itself watched"
        yield Breach(("mailboxes", nth, "after", "move"), message, "name another folder")


def _folders(mailbox: dict[str, Plain]) -> Iterator[tuple[int, str]]:
    folders = mailbox.get("folders")
    for nth, folder in enumerate(folders if isinstance(folders, list) else []):
        name = folder.get("name") if isinstance(folder, dict) else folder
        if isinstance(name, str):
            yield nth, _canonical(name)


def _canonical(folder: str) -> str:
    # INBOX is the one name that knows no case, RFC 9051 section 5.1.
    return "INBOX" if folder.upper() == "INBOX" else folder


def _mappings(value: Plain) -> Iterator[tuple[int, dict[str, Plain]]]:
    for nth, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, dict):
            yield nth, item


def _repeats(items: Iterable[tuple[int, Hashable]]) -> Iterator[tuple[int, int]]:
    """Each index whose value came before, with the index where it came first."""
    seen: dict[Hashable, int] = {}
    for nth, value in items:
        first = seen.setdefault(value, nth)
        if first != nth:
            yield nth, first
