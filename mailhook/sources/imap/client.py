"""imapclient on a connection of ours, and what is known of that connection."""

from __future__ import annotations

import imaplib
import ssl
import time
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientReadOnlyError

from mailhook.sources.imap.wire import Patience, Wire


class Client(IMAPClient):  # type: ignore[misc] # imapclient ships no types
    """An IMAPClient on a `Wire`."""

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext | None, patience: Patience
    ) -> None:
        self._patience = patience
        super().__init__(
            host,
            port,
            ssl=context is not None,
            ssl_context=context,
            timeout=SocketTimeout(patience.connect, patience.read),
        )
        self.normalise_times = False
        self.selected: tuple[str, bool] | None = None
        self.grants_idle = True
        # UIDs read on this connection, by folder, where there is no UIDVALIDITY.
        self.read: dict[str, set[int]] = {}
        self.read_since = time.monotonic()
        # At imapclient's level every answer is spelled out for a log that nobody reads.
        self._imap.debug = 0

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - imapclient's name
        return Wire(self.host, self.port, self.ssl_context if self.ssl else None, self._patience)

    @property
    def wire(self) -> Wire:
        """What lies beneath."""
        wire: Wire = self._imap
        return wire

    def select_folder(self, folder: str, readonly: bool = False) -> dict[bytes, Any]:  # noqa: FBT001, FBT002 - imapclient's signature
        """SELECT or EXAMINE, remembered in `selected` as name and whether read-only."""
        self.selected = None
        try:
            told: dict[bytes, Any] = super().select_folder(folder, readonly)
        except IMAPClientReadOnlyError:
            self.wire.forget("READ-ONLY")  # or imaplib would refuse whatever comes next
            raise
        self.selected = (folder, readonly)
        self.wire.heard_news()  # that was the answer
        return told
