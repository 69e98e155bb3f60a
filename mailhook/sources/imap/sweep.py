"""What lies above a position in a folder: UIDs first, sizes next, bytes last and bounded."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from mailhook import times
from mailhook.config import MailboxSettings
from mailhook.model import Batch, Delivery, Place, Position
from mailhook.sources import place
from mailhook.sources.imap import folder
from mailhook.sources.imap.connection import BATCH_BYTES, later_seconds
from mailhook.sources.imap.fetch import LAST_UID, TRIES, Examined, Fetch, Live, Told

# UIDs in one command.
_UIDS = 250
# Of a mail over the limit; more header than this is an attack.
_HEADER = "BODY.PEEK[HEADER]<0.1000000>"
# QUIRK: iCloud and Exchange answer BODY[] as RFC822 and the other way round.
_BODIES = (b"BODY[]", b"RFC822", b"BODY[HEADER]<0>", b"BODY[HEADER]", b"RFC822.HEADER")
# So long what was read in a folder without UIDVALIDITY is not read again.
_READ_SECONDS = 3600
# Sizes are 63 bits wide (RFC 9051 section 9).
_MOST_BYTES = 2**63 - 1


def sweep(  # noqa: PLR0913 - a folder's place, and what is known of it
    live: Live,
    settings: MailboxSettings,
    name: str,
    source: str,
    position: Position | None,
    *,
    told_in: str | None = None,
) -> Iterator[Batch]:
    """Batches of everything above the position, each with the position it leads to.

    `told_in` is the folder's name on the server where STATUS is not to be asked for: it
    has said that something came, or the folder is open.
    """
    client = live()
    if told_in:
        real = told_in
    elif position is None:
        real = folder.find(client, settings, name)
    else:
        real = place.plain(name)
        status = _status(client, real)
        if status is None:  # the server has another name for it, or it is gone
            client.selected = None
            real = folder.find(client, settings, name)
            status = _status(client, real)
        if status and _nothing_new(status, position):
            return
    box = Examined.open(client, settings, real)
    start = _start(position, box.uidvalidity)
    found = [] if box.is_empty else client.search(["UID", f"{start + 1}:*"])
    uids = sorted(uid for uid in set(found) if start < uid <= LAST_UID)
    if not box.uidvalidity:
        uids = _unread(client, real, uids)
    if uids:
        fetch = Fetch(live, settings, box, uids[-1])
        yield from Look(fetch, settings, source, box.uidvalidity).batches(uids)
        client.read.setdefault(real, set()).update(() if box.uidvalidity else uids)
        return
    # `n:*` names the last mail even if its UID is below n: only an answer with it, or an
    # empty folder, proves that whatever came has gone, so that we need not look again.
    reached = Position(source, box.uidvalidity, max(start, box.uidnext - 1))
    known = bool(client.read.get(real))  # then it was without UIDVALIDITY that they were read
    if reached != position and (found or box.is_empty) and not known:
        yield Batch((), reached)


class Look:
    """UIDs fetched in batches bounded by number and by bytes."""

    def __init__(
        self, fetch: Fetch, settings: MailboxSettings, source: str, uidvalidity: int
    ) -> None:
        self._fetch, self._limit = fetch, settings.max_message_bytes
        self._source, self._uidvalidity = source, uidvalidity

    def batches(self, uids: Sequence[int]) -> Iterator[Batch]:
        """Batches in the order of UIDs, the last one leading to the last UID."""
        for at in range(0, len(uids), _UIDS):
            some = uids[at : at + _UIDS]
            told = self._fetch.each(some, "RFC822.SIZE INTERNALDATE", _has_size)
            for part in self._parts(some, told):
                position = Position(self._source, self._uidvalidity, part[-1])
                yield Batch(self._deliveries(part, told), position)

    def _parts(
        self, uids: Sequence[int], told: Mapping[int, Told | None]
    ) -> Iterator[Sequence[int]]:
        part: list[int] = []
        total = 0
        for uid in uids:
            size = min(_size(told.get(uid)), self._limit)
            if part and total + size > BATCH_BYTES:
                yield part
                part, total = [], 0
            part.append(uid)
            total += size
        yield part

    def _deliveries(
        self, uids: Sequence[int], told: Mapping[int, Told | None]
    ) -> tuple[Delivery, ...]:
        small = [uid for uid in uids if told.get(uid) and _size(told[uid]) <= self._limit]
        large = [uid for uid in uids if _size(told.get(uid)) > self._limit]
        answers = {
            **dict.fromkeys(uid for uid in uids if uid in told and told[uid] is None),
            **self._fetch.each(small, "BODY.PEEK[]", _has_body),
            **self._fetch.each(large, _HEADER, _has_body),
        }
        return tuple(
            self._delivery(uid, answers[uid], told.get(uid) or {}) for uid in uids if uid in answers
        )

    def _delivery(self, uid: int, answer: Told | None, told: Told) -> Delivery:
        raw = _body(answer) or b""
        problem = self._problem(answer, _size(told))
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

    def _problem(self, answer: Told | None, size: int) -> str | None:
        if answer is None:
            return f"undeliverable: the server did not give it in {TRIES} tries"
        if size and not _body(answer):
            return f"undeliverable: of {size:,} bytes the server gave none"
        if size > self._limit:
            return f"too_large: {size:,} bytes is over max_message_bytes ({self._limit:,})"
        return None


def _status(client: IMAPClient, name: str) -> Told | None:
    try:
        status: Told = client.folder_status(name, ["UIDNEXT", "UIDVALIDITY"])
    except IMAPClientAbortError:
        raise
    except IMAPClientError as error:
        if later_seconds(error):
            raise
        return None
    return status


def _nothing_new(status: Told, position: Position) -> bool:
    same = position.uidvalidity and status.get(b"UIDVALIDITY") == position.uidvalidity
    return bool(same) and status.get(b"UIDNEXT") == position.last_uid + 1


def _start(position: Position | None, uidvalidity: int) -> int:
    if position is None or not uidvalidity or position.uidvalidity != uidvalidity:
        return 0
    return position.last_uid


def _unread(client: IMAPClient, name: str, uids: Sequence[int]) -> list[int]:
    """Those not read lately on this connection.

    Without UIDVALIDITY a UID is good for one session (RFC 9051 section 2.3.1.1),
    and not even that where the folder may have been made anew.
    """
    now = time.monotonic()
    read: set[int] = client.read.setdefault(name, set())
    if now - client.read_since > _READ_SECONDS or (uids and uids[-1] < max(read, default=0)):
        client.read.clear()
        client.read_since = now
        return list(uids)
    return [uid for uid in uids if uid not in read]


def _has_size(told: Told) -> bool:
    return isinstance(told.get(b"RFC822.SIZE"), int)


def _size(told: Told | None) -> int:
    return min(told[b"RFC822.SIZE"], _MOST_BYTES) if told else 0


def _has_body(told: Told) -> bool:
    return _body(told) is not None


def _body(told: Told | None) -> bytes | None:
    """The bytes, under whichever name the server spells them."""
    named = (told.get(name) for name in _BODIES) if told else ()
    return next((body for body in named if isinstance(body, bytes)), None)


def _received_at(told: Told) -> datetime:
    moment = told.get(b"INTERNALDATE")
    if isinstance(moment, datetime):
        with suppress(OverflowError):  # the last hour of year 9999, west of Greenwich
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return times.now()
