"""What is done to mails after their outcome is committed: seen, moved, deleted.

Never a plain EXPUNGE: it would delete what somebody else has flagged. A killed
worker copies nothing twice: "copying" is committed before COPY is sent, and
the target is searched before it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from imapclient import DELETED, SEEN, IMAPClient
from imapclient.exceptions import IMAPClientError

from mailhook.model import Action
from mailhook.sources.imap import folder

Note = Callable[[Action, str], None]

_UIDS = 250


def perform(client: IMAPClient, name: str, queued: Sequence[Action], note: Note) -> None:
    """Work off the actions of the folder `name`, `note` being told each step."""
    source = _spelled(client, name)
    answer = client.select_folder(source)
    uidvalidity = int(answer.get(b"UIDVALIDITY") or 0)
    live = [one for one in queued if one.place.uidvalidity == uidvalidity and uidvalidity]
    for stale in queued:
        if stale not in live:
            note(stale, "dropped")
    order = sorted(live, key=lambda one: (one.verb, one.target or ""))
    for _, group in groupby(order, key=lambda one: (one.verb, one.target)):
        same = list(group)
        for at in range(0, len(same), _UIDS):
            some = _present(client, same[at : at + _UIDS], note)
            if some and not _done(client, source, some, note):
                return


def _present(client: IMAPClient, some: Sequence[Action], note: Note) -> list[Action]:
    """Those whose mail is still there; the others are noted gone."""
    uids = ",".join(str(one.place.uid) for one in some)
    there = set(client.search(["UID", uids]))
    for one in some:
        if one.place.uid not in there:
            note(one, "gone")
    return [one for one in some if one.place.uid in there]


def _done(client: IMAPClient, source: str, some: Sequence[Action], note: Note) -> bool:
    """Whether the server did it; a refusal is noted and ends the round."""
    verb, target = some[0].verb, some[0].target
    uids = [one.place.uid for one in some]
    try:
        if verb == "seen":
            client.add_flags(uids, [SEEN], silent=True)
        elif verb == "delete":
            _delete(client, uids)
        else:
            _move(client, source, some, note)
    except IMAPClientError as error:
        for one in some:
            note(one, f"refused: {verb}{f' to {target}' if target else ''}: {error}"[:300])
        return False
    for one in some:
        note(one, "done")
    return True


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
    for one in to_copy:
        note(one, "copying")
    if to_copy:
        client.copy([one.place.uid for one in to_copy], name)
        for one in to_copy:
            note(one, "copied")
    _delete(client, uids)


def _uncopied(client: IMAPClient, source: str, target: str, some: Sequence[Action]) -> list[Action]:
    """Those not yet in the target: what was being copied when we were killed is looked for."""
    unsure = [one for one in some if one.state == "copying" and one.message_id]
    copied = {one.id for one in some if one.state == "copied"}
    if unsure:
        client.select_folder(target, readonly=True)
        copied |= {
            one.id for one in unsure if client.search(["HEADER", "Message-ID", one.message_id])
        }
        client.select_folder(source)
    return [one for one in some if one.id not in copied]


def _target(client: IMAPClient, name: str) -> str:
    """The target's name on the server; made, and subscribed to, where it is missing."""
    for spelled in folder.spellings(client, name):
        if client.folder_exists(spelled):
            return spelled
    made = folder.spellings(client, name)[-1]
    client.create_folder(made)
    client.subscribe_folder(made)
    return made


def _spelled(client: IMAPClient, name: str) -> str:
    for spelled in folder.spellings(client, name):
        if client.folder_exists(spelled):
            return spelled
    return name
