"""The road of mails: a Maildir that Dovecot serves, and what happens to mails on the way there."""

from __future__ import annotations

import os
from datetime import datetime
from itertools import count
from pathlib import Path

from dovecot import Account
from stores import asked

_POSITION = "SELECT uidvalidity, last_uid FROM positions"
_TRIES = 200


class Mailbox:
    """An account's INBOX, written to as a mail server writes, beneath IMAP."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._client = account.dovecot.client(account.user)
        self._client.status("INBOX", "(UIDNEXT)")
        self._folder = account.dovecot.home / "mail" / account.user
        self._owner = self._folder.stat()
        self._numbers = count(1)

    def put(self, raw: bytes, arrived_at: datetime) -> None:
        """A mail that arrived then, whatever its Date says."""
        name = f"{int(arrived_at.timestamp())}.M{next(self._numbers)}.month"
        path = self._folder / "tmp" / name
        path.write_bytes(raw)
        os.chown(path, self._owner.st_uid, self._owner.st_gid)
        stamp = arrived_at.timestamp()
        os.utime(path, (stamp, stamp))
        path.rename(self._folder / "new" / name)

    def renumber(self) -> None:
        """Give the folder another UIDVALIDITY, as a server that lost its index does.

        A session that is still open writes the old one back; nobody's should be.
        """
        before = self._status()[0]
        for _ in range(_TRIES):
            self.close()
            self._forget()
            self._client = self._account.dovecot.client(self._account.user)
            if self._status()[0] != before:
                return
        raise TimeoutError("a session keeps the old UIDVALIDITY")

    def _forget(self) -> None:
        for path in self._folder.glob("dovecot*"):
            if path.is_file():
                path.unlink(missing_ok=True)

    def is_read(self, store: Path) -> bool:
        """Whether every mail that lies there was looked at."""
        validity, following = self._status()
        return (validity, following - 1) in asked(store, _POSITION)

    def close(self) -> None:
        """Look no more."""
        self._client.logout()

    def _status(self) -> tuple[int, int]:
        answer = self._client.status("INBOX", "(UIDVALIDITY UIDNEXT)")[1][0]
        assert isinstance(answer, bytes)
        words = answer.replace(b"(", b" ").replace(b")", b" ").split()
        return int(words[words.index(b"UIDVALIDITY") + 1]), int(words[words.index(b"UIDNEXT") + 1])
