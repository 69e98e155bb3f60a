"""What is done to mails after their outcome is committed: seen, moved, deleted.

Never a plain EXPUNGE: it would delete what somebody else has flagged. A killed
worker copies nothing twice: "copying" is committed before COPY is sent, and
the target is searched before it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from imapclient import DELETED, SEEN, IMAPClient
from imapclient.exceptions import (
    IMAPClientAbortError,
    IMAPClientError,
    IMAPClientReadOnlyError,
)

from mailhook.model import Action
from mailhook.sources.imap import folder

Note = Callable[[Sequence[Action], str], None]

_UIDS = 250
# COPY keeps both (RFC 9051 section 6.4.7), so they tell a copy from another mail of the same name.
_TRAITS = ("RFC822.SIZE", "INTERNALDATE")


def perform(client: IMAPClient, name: str, queued: Sequence[Action], note: Note) -> None:
    """Work off the actions of the folder `name`, `note` being told each step."""
    source = folder.found(client, name) or name
    try:
        uidvalidity = int(client.select_folder(source).get(b"UIDVALIDITY") or 0)
    except IMAPClientReadOnlyError as error:
        _refuse(queued, error, note)
        return
    if not uidvalidity:
        _refuse(queued, "without UIDVALIDITY no mail can be named safely", note)
        return
    live = [one for one in queued if one.place.uidvalidity == uidvalidity]
    note([one for one in queued if one.place.uidvalidity != uidvalidity], "dropped")
    for same in _alike(live):
        for at in range(0, len(same), _UIDS):
            some = _present(client, same[at : at + _UIDS], note)
            if some and not _done(client, source, some, note):
                break


def _alike(live: Sequence[Action]) -> Iterator[list[Action]]:
    """The actions by what is to be done."""

    def what(action: Action) -> tuple[str, str]:
        return action.verb, action.target or ""

    for _, group in groupby(sorted(live, key=what), key=what):
        yield list(group)


def _present(client: IMAPClient, some: Sequence[Action], note: Note) -> list[Action]:
    """Those whose mail is still there; the others are noted gone."""
    uids = ",".join(str(one.place.uid) for one in some)
    there = set(client.search(["UID", uids]))
    note([one for one in some if one.place.uid not in there], "gone")
    return [one for one in some if one.place.uid in there]


def _done(client: IMAPClient, source: str, some: Sequence[Action], note: Note) -> bool:
    """Whether the server did it; a refusal is noted and ends what is alike."""
    uids = [one.place.uid for one in some]
    try:
        match some[0].verb:
            case "seen":
                client.add_flags(uids, [SEEN], silent=True)
            case "delete":
                _delete(client, uids)
            case "move":
                _move(client, source, some, note)
    except IMAPClientAbortError:
        raise
    except IMAPClientError as error:
        _refuse(some, error, note)
        return False
    note(some, "done")
    return True


def _refuse(some: Sequence[Action], why: object, note: Note) -> None:
    """Noted by what was to be done: the same server may grant the one and refuse the other."""
    for same in _alike(some):
        target = f" to {same[0].target}" if same[0].target else ""
        note(same, f"refused: {same[0].verb}{target}: {why}"[:300])


def _delete(client: IMAPClient, uids: Sequence[int]) -> None:
    if not client.has_capability("UIDPLUS"):
        raise IMAPClientError("the server has no UIDPLUS, so only these cannot be expunged")
    client.add_flags(uids, [DELETED], silent=True)
    client.uid_expunge(uids)


def _move(client: IMAPClient, source: str, some: Sequence[Action], note: Note) -> None:
    name = _target(client, some[0].target or "")
    uids = [one.place.uid for one in some]
    if client.has_capability("MOVE"):
        client.move(uids, name)
        return
    if not client.has_capability("UIDPLUS"):
        raise IMAPClientError("the server has neither MOVE nor UIDPLUS, so nothing can be moved")
    to_copy = _uncopied(client, source, name, some)
    if to_copy:
        note(to_copy, "copying")
        client.copy([one.place.uid for one in to_copy], name)
        note(to_copy, "copied")
    _delete(client, uids)


def _uncopied(client: IMAPClient, source: str, target: str, some: Sequence[Action]) -> list[Action]:
    """Those not yet in the target: what was being copied when we were killed is looked for."""
    copied = {one.id for one in some if one.state == "copied"}
    unsure = [one for one in some if one.state == "copying" and _searchable(one.message_id)]
    if unsure:
        traits = client.fetch([one.place.uid for one in unsure], _TRAITS)
        client.select_folder(target, readonly=True)
        for one in unsure:
            twins = client.search(["HEADER", "Message-ID", one.message_id])
            here = _traits(traits.get(one.place.uid, {}))
            if here in map(_traits, client.fetch(twins[-_UIDS:], _TRAITS).values()):
                copied.add(one.id)
        client.select_folder(source)
    return [one for one in some if one.id not in copied]


def _searchable(message_id: str | None) -> bool:
    """Whether it can stand in a SEARCH: a sender may have put anything into it."""
    return bool(message_id and message_id.isascii() and message_id.isprintable())


def _traits(told: Mapping[bytes, Any]) -> tuple[Any, ...]:
    return tuple(told.get(name.encode()) for name in _TRAITS)


def _target(client: IMAPClient, name: str) -> str:
    """The target's name on the server; made, and subscribed to, where it is missing."""
    known = folder.found(client, name)
    if known:
        return known
    made = folder.spellings(client, name)[-1]
    client.create_folder(made)
    client.subscribe_folder(made)
    return made
