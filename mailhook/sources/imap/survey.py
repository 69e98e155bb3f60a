"""A closer look at a mailbox, which changes nothing: its line, its last mails, its junk."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from imapclient import IMAPClient

from mailhook.config import MailboxSettings
from mailhook.model import Delivery
from mailhook.sources.imap import folder, idle
from mailhook.sources.imap.client import Client
from mailhook.sources.imap.fetch import LAST_UID, Examined, Fetch, Live
from mailhook.sources.imap.sweep import Look

# What a survey may fetch of one folder, and of one mail.
_MOST_BYTES = 20_000_000
_LARGE_BYTES = 300_000
# Mails asked for before it is looked at how many bytes they were.
_AT_ONCE = 25
# Where no folder is marked as that (RFC 6154), the names that servers and people give it.
_JUNK = {
    "junk",
    "spam",
    "junk e-mail",
    "junk email",
    "junk mail",
    "junk-e-mail",
    "bulk",
    "bulk mail",
    "correo no deseado",
    "correo basura",
    "no deseado",
    "lixo eletrônico",
    "lixo electrónico",
    "spamverdacht",
}
_NO_FOLDER = {b"\\noselect", b"\\nonexistent"}
_TOLD = ("IDLE", "UIDPLUS", "MOVE", "CONDSTORE", "NAMESPACE", "SPECIAL-USE")


@dataclass(frozen=True, slots=True)
class Line:
    """One connection. `capabilities`: those that matter to mailhook and that the server names.

    `tls` is the protocol's version and `certificate_until` the certificate's last moment,
    both None without TLS; `idle_seconds` is how long it takes to begin and end IDLE,
    None where it is not granted.
    """

    capabilities: frozenset[str]
    tls: str | None
    certificate_until: datetime | None
    round_trip_seconds: float
    idle_seconds: float | None


def line(client: Client) -> Line:
    """Two round trips, measured, and what is known of the connection."""
    granted = frozenset(name for name in _TOLD if client.has_capability(name))
    sock = client.wire.sock
    tls, until = None, None
    if isinstance(sock, ssl.SSLSocket):
        tls, until = sock.version(), _until(sock)
    begun = time.monotonic()
    client.wire.noop()
    return Line(granted, tls, until, time.monotonic() - begun, _idle_seconds(client, granted))


def _idle_seconds(client: Client, granted: frozenset[str]) -> float | None:
    if "IDLE" not in granted:
        return None
    client.wire.heard_news()  # or IDLE would not even begin
    begun = time.monotonic()
    idle.wait(client, client.wire.sock, 0)
    return time.monotonic() - begun if client.grants_idle else None


def _until(sock: ssl.SSLSocket) -> datetime | None:
    last = (sock.getpeercert() or {}).get("notAfter")
    if not isinstance(last, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(last), UTC)


def newest(
    live: Live, settings: MailboxSettings, name: str, source: str, count: int
) -> Iterator[Delivery]:
    """The last mails of a folder, the newest parts first, by EXAMINE and PEEK."""
    client = live()
    box = Examined.open(client, settings, folder.find(client, settings, name))
    if box.is_empty:
        return
    # A sequence set among the criteria: the answer is short however full the folder is.
    found = client.search([f"{max(1, box.exists - count + 1)}:*"])
    uids = sorted(uid for uid in set(found) if 0 < uid <= LAST_UID)[-count:]
    small = min(settings.max_message_bytes, _LARGE_BYTES)
    settings = settings.model_copy(update={"max_message_bytes": small})
    look = Look(Fetch(live, settings, box, max(uids, default=1)), settings, source, box.uidvalidity)
    fetched = 0
    for end in range(len(uids), 0, -_AT_ONCE):
        for batch in look.batches(uids[max(0, end - _AT_ONCE) : end]):
            yield from batch.deliveries
            fetched += sum(len(delivery.raw) for delivery in batch.deliveries)
        if fetched >= _MOST_BYTES:
            return


def junk(client: IMAPClient) -> list[str]:
    """The folders marked as junk; where none is, those that are called so."""
    listed = [
        ({flag.lower() for flag in flags}, (delimiter or b"").decode("ascii", "replace"), name)
        for flags, delimiter, name in client.list_folders("", "*")
    ]
    listed = [one for one in listed if not one[0] & _NO_FOLDER]
    marked = [name for flags, _, name in listed if b"\\junk" in flags]
    return marked or [name for _, delimiter, name in listed if _is_called_junk(name, delimiter)]


def _is_called_junk(name: str, delimiter: str) -> bool:
    last = name.rpartition(delimiter)[2] if delimiter else name
    return last.strip().casefold() in _JUNK
