"""FETCH from one folder, where a mail may be gone, be broken, or break the connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, ProtocolError

from mailhook.config import MailboxSettings
from mailhook.errors import TemporaryError
from mailhook.sources.imap import folder
from mailhook.sources.imap.connection import FAILED, later_seconds

Told: TypeAlias = Mapping[bytes, Any]
Usable = Callable[[Told], bool]

TRIES = 3
# So many mails in a row may be broken; if more are, it may be the server that is.
_BROKEN_MAILS = 3
# UIDs and UIDVALIDITY are 32 bits wide (RFC 9051 section 9).
LAST_UID = 2**32 - 1


class Live(Protocol):
    """Gives the connection, a new one when asked `anew`."""

    def __call__(self, *, anew: bool = False) -> IMAPClient:
        """The connection, logged in."""
        ...


@dataclass(frozen=True, slots=True)
class Examined:
    """A folder opened read-only; each number is 0 where the server gave none."""

    name: str
    uidvalidity: int
    uidnext: int
    is_empty: bool
    exists: int = 0

    @classmethod
    def open(cls, client: IMAPClient, settings: MailboxSettings, name: str) -> Self:
        """EXAMINE the folder. Raises ConfigError, naming near ones, if there is none."""
        try:
            told = client.select_folder(name, readonly=True)
        except IMAPClientError:
            folder.find(client, settings, name)
            raise
        keys = (b"UIDVALIDITY", b"UIDNEXT", b"EXISTS")
        uidvalidity, uidnext, exists = (_number(told.get(key)) for key in keys)
        return cls(name, uidvalidity, uidnext, told.get(b"EXISTS") == 0, exists)


class Fetch:
    """Fetches from one folder and outlives what single mails do to the server."""

    def __init__(self, live: Live, settings: MailboxSettings, box: Examined, newest: int) -> None:
        self._live, self._settings, self._box = live, settings, box
        self._newest = newest
        self._in_vain = 0

    def each(self, uids: Sequence[int], item: str, usable: Usable) -> dict[int, Told | None]:
        """What the server tells of each; None for what it has but does not give.

        A mail that is gone is left out. What one FETCH for all breaks on or
        leaves out is asked for alone, three times.
        """
        found: dict[int, Told | None] = dict(self._attempt(uids, item, usable))
        if found:
            self._in_vain = 0
        for uid in self._present([uid for uid in uids if uid not in found]):
            found |= self._alone(uid, item, usable)
        return found

    def _alone(self, uid: int, item: str, usable: Usable) -> Mapping[int, Told | None]:
        for _ in range(TRIES):
            if found := self._attempt([uid], item, usable):
                self._in_vain = 0
                return found
        if not self._present([uid]):
            return {}
        self._in_vain += 1
        if self._in_vain > _BROKEN_MAILS and not self._attempt([self._newest], item, usable):
            where = f"mailbox {self._settings.name}: {self._box.name}"
            raise TemporaryError(f"{where}: the server gives no mail; will be tried again")
        return {uid: None}

    def _attempt(self, uids: Sequence[int], item: str, usable: Usable) -> dict[int, Told]:
        """One FETCH; nothing if the server refuses it or breaks on it."""
        if not uids:
            return {}
        try:
            answer = self._live().fetch(list(uids), [item])
        except FAILED as error:
            if later_seconds(error):
                raise
            if not _refused(error):
                self._reopen()
            return {}
        return {uid: told for uid, told in answer.items() if usable(told)}

    def _present(self, uids: Sequence[int]) -> list[int]:
        if not uids:
            return []
        there = set(self._live().search(["UID", ",".join(map(str, uids))]))
        return [uid for uid in uids if uid in there]

    def _reopen(self) -> None:
        """A new connection onto the same folder; a folder made anew meanwhile ends the sweep."""
        client = self._live(anew=True)
        box = Examined.open(client, self._settings, self._box.name)
        # What has come since the SEARCH is no news to this connection: before the folder
        # can be watched, it has to be opened and swept again.
        client.selected = None
        if box.uidvalidity != self._box.uidvalidity:
            raise TemporaryError(f"mailbox {self._settings.name}: {box.name} was made anew")


def _number(told: object) -> int:
    return told if isinstance(told, int) and 0 < told <= LAST_UID else 0


def _refused(error: Exception) -> bool:
    """Whether the server said no in good order, so that the connection can go on."""
    broken = (IMAPClientAbortError, ProtocolError)
    return isinstance(error, IMAPClientError) and not isinstance(error, broken)
