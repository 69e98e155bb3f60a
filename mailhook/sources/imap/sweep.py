"""What lies above a position in a folder: UIDs first, sizes next, bytes last and bounded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from mailhook import times
from mailhook.config import MailboxSettings
from mailhook.errors import TemporaryError
from mailhook.model import Batch, Delivery, Place, Position
from mailhook.sources.imap import folder

# UIDs in one command, and bytes in one batch.
_UIDS = 250
_BATCH_BYTES = 4_000_000
_TRIES = 3
_BODIES = (b"BODY[]", b"RFC822", b"BODY[HEADER]", b"RFC822.HEADER")


class Live(Protocol):
    """Gives the connection, a new one when asked `anew`."""

    def __call__(self, *, anew: bool = False) -> IMAPClient:
        """The connection, logged in."""
        ...


def sweep(
    live: Live, settings: MailboxSettings, name: str, source: str, position: Position | None
) -> Iterator[Batch]:
    """Batches of everything above the position, each with the position it leads to."""
    client = live()
    real = _known_name(client, settings, name, position)
    if position and _nothing_new(client, real, position):
        return
    uidvalidity = _examine(client, settings, real)
    start = _start(position, uidvalidity)
    uids = _above(client, start)
    if not uids and position is None:
        yield Batch((), Position(source, uidvalidity, start))
    for at in range(0, len(uids), _UIDS):
        look = _Look(live, settings, real, source, uidvalidity)
        yield from look.at(uids[at : at + _UIDS])


class _Look:
    """One slice of UIDs, fetched in batches bounded by bytes."""

    def __init__(
        self, live: Live, settings: MailboxSettings, name: str, source: str, uidvalidity: int
    ) -> None:
        self._live, self._settings, self._name = live, settings, name
        self._source, self._uidvalidity = source, uidvalidity

    def at(self, uids: Sequence[int]) -> Iterator[Batch]:
        """The slice's batches, the last one leading to the slice's end."""
        sizes = self._fetch(uids, [b"RFC822.SIZE", b"INTERNALDATE"])
        for part in self._parts(uids, sizes):
            deliveries = self._deliveries(part, sizes)
            yield Batch(deliveries, Position(self._source, self._uidvalidity, part[-1]))

    def _parts(
        self, uids: Sequence[int], sizes: Mapping[int, Mapping[bytes, Any]]
    ) -> Iterator[list[int]]:
        part: list[int] = []
        total = 0
        for uid in uids:
            size = min(_size(sizes.get(uid, {})), self._settings.max_message_bytes)
            if part and total + size > _BATCH_BYTES:
                yield part
                part, total = [], 0
            part.append(uid)
            total += size
        if part:
            yield part

    def _deliveries(
        self, uids: Sequence[int], sizes: Mapping[int, Mapping[bytes, Any]]
    ) -> tuple[Delivery, ...]:
        limit = self._settings.max_message_bytes
        large = [uid for uid in uids if _size(sizes.get(uid, {})) > limit]
        small = [uid for uid in uids if uid not in set(large)]
        whole = self._bodies(small, b"BODY.PEEK[]")
        heads = self._bodies(large, b"BODY.PEEK[HEADER]")
        deliveries = []
        for uid in uids:
            told = sizes.get(uid, {})
            if uid in heads:
                problem = f"too_large: {_size(told):,} bytes is over max_message_bytes ({limit:,})"
                deliveries.append(self._delivery(uid, heads[uid], told, problem))
            elif uid in whole:
                deliveries.append(self._delivery(uid, whole[uid], told))
            elif self._still_there(uid):
                problem = f"undeliverable: the server did not give it in {_TRIES} tries"
                deliveries.append(self._delivery(uid, b"", told, problem))
        return tuple(deliveries)

    def _bodies(self, uids: Sequence[int], item: bytes) -> dict[int, bytes]:
        """Bytes by UID; what one fetch leaves out is asked for again, one by one."""
        if not uids:
            return {}
        try:
            bodies = _only_bodies(self._fetch(uids, [item]))
        except (TemporaryError, *_BROKEN):
            self._reopen()
            bodies = {}
        for uid in uids:
            for _ in range(_TRIES):
                if uid in bodies or (bodies and not self._still_there(uid)):
                    break
                try:
                    bodies |= _only_bodies(self._fetch([uid], [item]))
                except (TemporaryError, *_BROKEN):
                    self._reopen()
        return bodies

    def _fetch(
        self, uids: Sequence[int], items: Sequence[bytes]
    ) -> Mapping[int, Mapping[bytes, Any]]:
        answer: Mapping[int, Mapping[bytes, Any]] = self._live().fetch(list(uids), list(items))
        return answer

    def _still_there(self, uid: int) -> bool:
        return uid in self._live().search(["UID", str(uid)])

    def _reopen(self) -> None:
        """A new connection onto the same folder; a folder made anew meanwhile ends the sweep."""
        uidvalidity = _examine(self._live(anew=True), self._settings, self._name)
        if uidvalidity != self._uidvalidity:
            raise TemporaryError(f"mailbox {self._settings.name}: {self._name} was made anew")

    def _delivery(
        self, uid: int, raw: bytes, told: Mapping[bytes, Any], problem: str | None = None
    ) -> Delivery:
        location = f"{self._source};UIDVALIDITY={self._uidvalidity}/;UID={uid}"
        if not self._uidvalidity:
            # Without UIDVALIDITY a UID may come to mean another mail.
            location += f"#{hashlib.sha256(raw).hexdigest()[:16]}"
        return Delivery(
            channel="email",
            location=location,
            received_at=_received_at(told),
            raw=raw,
            size=_size(told) if problem else None,
            problem=problem,
            place=Place(self._source, self._uidvalidity, uid),
        )


# How imapclient and imaplib say that one fetch went wrong.
_BROKEN = (IMAPClientError, OSError, ValueError, TypeError, IndexError, AssertionError)


def _known_name(
    client: IMAPClient, settings: MailboxSettings, name: str, position: Position | None
) -> str:
    """The name on the server; a folder read before is asked for by its plain name first."""
    plain = folder.spellings(client, name) if "/" in name else [name]
    if position and len(plain) == 1:
        return "INBOX" if name.upper() == "INBOX" else name
    return folder.find(client, settings, name)


def _nothing_new(client: IMAPClient, name: str, position: Position) -> bool:
    try:
        status = client.folder_status(name, ["UIDNEXT", "UIDVALIDITY"])
    except IMAPClientError:  # the folder may have another name by now: look closer
        return False
    same = position.uidvalidity and status.get(b"UIDVALIDITY") == position.uidvalidity
    return bool(same) and (status.get(b"UIDNEXT") or 0) == position.last_uid + 1


def _examine(client: IMAPClient, settings: MailboxSettings, name: str) -> int:
    try:
        answer = client.select_folder(name, readonly=True)
    except IMAPClientError:
        folder.find(client, settings, name)
        raise
    return int(answer.get(b"UIDVALIDITY") or 0)


def _start(position: Position | None, uidvalidity: int) -> int:
    if position is None or not uidvalidity or position.uidvalidity != uidvalidity:
        return 0
    return position.last_uid


def _above(client: IMAPClient, last_uid: int) -> list[int]:
    """UIDs above the last one; `n:*` names the last mail even if its UID is below n."""
    found = client.search(["UID", f"{last_uid + 1}:*"])
    return sorted(uid for uid in set(found) if uid > last_uid)


def _only_bodies(answer: Mapping[int, Mapping[bytes, Any]]) -> dict[int, bytes]:
    """Bodies as they come, under whichever name the server spells them."""
    return {
        uid: body
        for uid, items in answer.items()
        for body in [next((items[n] for n in _BODIES if isinstance(items.get(n), bytes)), None)]
        if body is not None
    }


def _size(told: Mapping[bytes, Any]) -> int:
    size = told.get(b"RFC822.SIZE", 0)
    return size if isinstance(size, int) else 0


def _received_at(told: Mapping[bytes, Any]) -> datetime:
    moment = told.get(b"INTERNALDATE")
    if not isinstance(moment, datetime):
        return times.now()
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
