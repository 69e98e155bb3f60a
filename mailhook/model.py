"""The field's words as frozen values. No I/O, no third-party types.

A `Delivery` is one arrival of bytes; readers find `Notice`s in it; a notice
becomes an `Event`; what `examine` concluded about the delivery is its
`Finding`; what the store made of that is an `Outcome`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Object: TypeAlias = Mapping[str, Json]

# What was JSON has no circles.
_CANONICAL = json.JSONEncoder(sort_keys=True, check_circular=False).encode

Channel = Literal["email", "web", "api", "file"]
Authenticity = Literal["verified", "unverified"]
Confidence = Literal["exact", "mentioned"]
TimeSource = Literal["vendor", "mail", "received", "observed"]
Verdict = Literal["read", "ignored", "quarantined"]
Verb = Literal["seen", "move", "delete"]


class Outcome(StrEnum):
    """What became of a delivery."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    ALERT = "alert"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail lies, in IMAP's terms (RFC 9051 section 2.3.1.1).

    `source` is the folder's URL without UID parts, `imap://user@host/INBOX`,
    and names one row of `positions`. `uidvalidity` is 0 where the server gave none.
    """

    source: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Position:
    """How far a folder has been read: every UID up to `last_uid` has its outcome."""

    source: str
    uidvalidity: int
    last_uid: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One arrival of bytes by one road.

    `location` is unique and readable (RFC 5092 URL, `file:<sha256>`, `web:<sha256>`).
    `problem` is set by a source that could not get the whole of it, as
    `code: sentence`; `raw` then holds what there is (headers only, or nothing),
    and the delivery is quarantined unread. `size` is the size in bytes at the
    source where that is not `len(raw)`.
    """

    channel: Channel
    location: str
    received_at: datetime
    raw: bytes
    size: int | None = None
    problem: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries to be committed together with the position they lead to."""

    deliveries: tuple[Delivery, ...]
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class After:
    """What to do with a mail once its outcome is committed; `target` only for move."""

    verb: Verb
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One queued deed on the mailbox, a row of `actions`.

    `state` is `queued`, or `copying` and `copied` while a move is done by
    COPY and UID EXPUNGE, so that a killed worker does not copy twice.
    """

    id: int
    place: Place
    verb: Verb
    target: str | None = None
    state: Literal["queued", "copying", "copied"] = "queued"
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A leaf of a MIME tree that is not body text. `filename` is as sent, or empty."""

    content_type: str
    filename: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """An RFC 5322 message, decoded.

    `headers` are the outer message's, in order, names lower-cased, values
    unfolded, undecoded, bytes as latin-1 (so nothing is lost). `senders` are
    the addresses of all From headers, lower-cased. `date` is aware UTC, None
    where absent or unreadable. `text` and `html` join all body parts of their
    kind; `forwarded` are attached messages (message/rfc822) as bytes.
    """

    message_id: str | None
    subject: str
    senders: tuple[str, ...]
    date: datetime | None
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    forwarded: tuple[bytes, ...] = ()

    def header(self, name: str) -> list[str]:
        """All values of the named header (lower-case), topmost first."""
        return [value for key, value in self.headers if key == name]


@dataclass(frozen=True, slots=True)
class Notice:
    """What the vendor said, in the vendor's words, by whatever spelling.

    `proven` is true where the notice carried its own valid signature; `passed_on`
    where it stands in a mail that this one forwards, and has none of its proof.
    `told_in` says of each part, by name, on which words of the mail it was read.
    `timestamp` is the vendor's time of the event as written, None where the
    spelling had none. What a spelling calls the product is left: web hooks call it nothing,
    and the catalogue knows.
    """

    reader: str
    type: str
    action: str
    object: Object
    timestamp: str | None = None
    truora_id: str | None = None
    idempotency_key: str | None = None
    version: str | None = None
    confidence: Confidence = "exact"
    proven: bool = False
    passed_on: bool = False
    told_in: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the mail is from whom it says, and a sentence on why (not).

    `temporary`: not proven only because DNS did not answer; it may be another time.
    """

    verified: bool
    detail: str
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One event, the vendor's words and the normalised ones beside them.

    `base_key` is `<subject>/<type>.<action>`; `key` is what this spelling alone
    would be stored under; `ids` are the vendor's ids as aliases; `mail_key`
    names this notice within its mail, where that may be what it is known again by.
    `undated` means no time of the vendor's. Columns and their meaning: docs/tables.md.
    """

    base_key: str
    key: str
    repeatable: bool
    product: str
    event_type: str
    event_action: str
    subject_type: str | None
    subject_id: str | None
    process_id: str | None
    account_id: str | None
    flow_id: str | None
    status: str | None
    occurred_at: datetime
    time_source: TimeSource
    updated_at: datetime | None
    authenticity: Authenticity
    confidence: Confidence
    truora_id: str | None
    idempotency_key: str | None
    version: str | None
    object: Object
    raw_type: str
    raw_action: str
    raw_status: str | None
    raw_timestamp: str | None
    mail_key: str | None = None

    @property
    def undated(self) -> bool:
        """Whether the time is when we saw it rather than when the vendor says it was."""
        return self.time_source != "vendor"

    @property
    def telling(self) -> str | None:
        """A digest of the vendor's time and the object; None where one of them is not told."""
        if self.undated or not self.object:
            return None
        content = _CANONICAL(self.object)
        return hashlib.sha256(f"{self.occurred_at.isoformat()} {content}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Known:
    """A recorded event, as far as matching and merging look at it.

    `columns` holds the columns of `events` that a merge may change, by name.
    `taken` says which authenticities the event's road has already brought here:
    one place each. `tellings` are the kinds of vendor's ids that came with a time
    and an object, and the digest of these two. `fetched` names what no road has told and the
    subject stands in for: columns, and members as `object.<name>`.
    """

    id: int
    key: str
    subject_id: str | None
    event_type: str
    event_action: str
    occurred_at: datetime
    time_source: TimeSource
    authenticity: Authenticity
    confidence: Confidence
    object: Object
    columns: Mapping[str, Any] = field(repr=False)
    taken: frozenset[Authenticity] = frozenset()
    tellings: frozenset[tuple[str, str]] = frozenset()
    fetched: tuple[str, ...] = ()

    @property
    def dated(self) -> bool:
        """Whether its time is the vendor's."""
        return self.time_source == "vendor"


@dataclass(frozen=True, slots=True)
class Clash:
    """A value that was there and another one that came: a row of `conflicts`."""

    field: str
    had: Json
    got: Json


@dataclass(frozen=True, slots=True)
class Finding:
    """What `examine` concluded about one delivery.

    `reason` is `code: sentence` unless the verdict is `read`; `unread` counts
    notices that were recognised as such but not understood. `conflicts` are
    sentences on what the mail says in two ways.
    """

    delivery: Delivery
    verdict: Verdict
    reason: str | None = None
    events: tuple[Event, ...] = ()
    unread: int = 0
    reader: str | None = None
    authenticity: Authenticity = "unverified"
    authenticity_detail: str = ""
    message_id: str | None = None
    sender: str | None = None
    subject: str | None = None
    sent_at: datetime | None = None
    notices: tuple[Notice, ...] = field(default=(), repr=False)
    conflicts: tuple[str, ...] = ()
