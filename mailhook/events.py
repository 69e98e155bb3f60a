"""From a notice to an event: normalise the words, find the subject, make the key.

Pure. What the vendor said stays beside what it means: `raw_*` and `object` as
sent, the other words by the catalogue's tables. The product of a type that these do
not know is the type: web hooks name no product, and a row must not depend on which
road was first. Whether the event is already known is not decided here but in `matching`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from mailhook import times
from mailhook.catalog import Catalog, TypeInfo
from mailhook.model import Channel, Event, Json, Notice, Object, TimeSource

# The vendor has some hundred names of events; what one means is remembered, of long ones not.
_LONGEST_NAME, _REMEMBERED = 200, 1024
# An object's ids that name who asked or where it belongs, never what it is about.
_CONTEXT_IDS = frozenset(
    "account_id client_id user_id flow_id process_id identity_process_id national_id".split()
)


@dataclass(frozen=True, slots=True)
class Context:
    """The delivery a notice was found in, as far as keys and times depend on it.

    `origin` names the delivery within keys: `mail:<Message-ID>`, or the
    sha256 of the raw bytes where there is none; or is called to say so, as few
    events need it.
    """

    channel: Channel
    origin: str | Callable[[], str]
    sent_at: datetime | None
    received_at: datetime
    verified: bool


def interpret(notice: Notice, nth: int, context: Context, catalog: Catalog) -> Event:
    """The event that `notice`, the `nth` (from 1) of its delivery, tells of."""
    info, event_type, action, repeatable = _words(notice, catalog)
    subject_type, subject_id = _subject(notice.object, event_type, info)
    occurred_at, time_source = _time(notice, context)
    base_key, mail_key = _base_key(notice, event_type, action, subject_id), None
    if base_key is None or (repeatable and time_source != "vendor"):
        mail_key = f"{_origin(context.origin)}#{nth}/{_kind(event_type, action)}"
        base_key = base_key or mail_key
    timed = repeatable and (subject_id is not None or event_type == "webhook")
    raw_status = _text(notice.object, *(info.status_fields if info else ("status",)))
    return Event(
        base_key=base_key,
        key=f"{base_key}@{times.short(occurred_at)}" if timed else base_key,
        mail_key=mail_key,
        repeatable=repeatable,
        product=info.product if info else event_type or "unknown",
        event_type=event_type,
        event_action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        process_id=_text(notice.object, "process_id", "identity_process_id"),
        account_id=_text(notice.object, "account_id"),
        flow_id=_text(notice.object, "flow_id"),
        status=catalog.normal_status(raw_status) if raw_status else None,
        occurred_at=occurred_at,
        time_source=time_source,
        updated_at=times.parse(_text(notice.object, "update_date") or ""),
        authenticity="verified" if _is_proven(notice, context) else "unverified",
        confidence=notice.confidence,
        truora_id=notice.truora_id,
        idempotency_key=notice.idempotency_key,
        version=notice.version,
        object=notice.object,
        raw_type=notice.type,
        raw_action=notice.action,
        raw_status=raw_status,
        raw_timestamp=notice.timestamp,
    )


def _words(notice: Notice, catalog: Catalog) -> tuple[TypeInfo | None, str, str, bool]:
    """The type as the catalogue knows it, its normalised name, the action's; may it repeat."""
    if len(notice.type) + len(notice.action) <= _LONGEST_NAME:
        return _recent_words(notice.type, notice.action, catalog)
    return _normalised(notice.type, notice.action, catalog)


def _normalised(
    raw_type: str, raw_action: str, catalog: Catalog
) -> tuple[TypeInfo | None, str, str, bool]:
    info = catalog.type(raw_type)
    event_type = info.name if info else catalog.normal_type(raw_type)
    action = catalog.normal_action(raw_action, event_type)
    return info, event_type, action, catalog.action(event_type, action).repeats


_recent_words = lru_cache(_REMEMBERED)(_normalised)


def _is_proven(notice: Notice, context: Context) -> bool:
    """A signature proves itself; the sender's proof is not that of a mail it passes on."""
    return notice.proven or (context.verified and not notice.passed_on)


def alias(vendor_id: str) -> str:
    """The vendor's id as it stands in `aliases`; never equal to a key, which has a slash."""
    return _word(vendor_id)


def endpoint(content: Object) -> str | None:
    """The address of the hook that an alert tells of, where it names one."""
    return _text(content, "endpoint")


def _kind(event_type: str, action: str) -> str:
    return f"{_word(event_type)}.{_word(action).replace('.', '%2E')}"


def _base_key(notice: Notice, event_type: str, action: str, subject_id: str | None) -> str | None:
    if event_type == "webhook":
        return f"webhook/{_word(endpoint(notice.object) or '-')}/{_word(action)}"
    owner = subject_id or notice.truora_id or notice.idempotency_key
    return f"{_word(owner)}/{_kind(event_type, action)}" if owner else None


def _subject(
    content: Object, event_type: str, info: TypeInfo | None
) -> tuple[str | None, str | None]:
    if info:
        subject_id = _text(content, *info.id_fields)
        return (info.subject_type, subject_id) if subject_id else (None, None)
    thing = event_type.rpartition(".")[2]
    for name in (f"{thing}_id", f"{thing.rpartition('_')[2]}_id"):
        if subject_id := _text(content, name):
            return name.removesuffix("_id"), subject_id
    ids = (name for name in content if name.endswith("_id") and name not in _CONTEXT_IDS)
    named = [name for name in ids if _text(content, name)]
    if len(named) == 1:
        return named[0].removesuffix("_id"), _text(content, named[0])
    return None, None


def _time(notice: Notice, context: Context) -> tuple[datetime, TimeSource]:
    moment = times.parse(notice.timestamp or "")
    if moment and ":" in (notice.timestamp or ""):  # a date alone is no time of an event
        return moment, "vendor"
    if context.sent_at:
        return context.sent_at, "mail"
    return context.received_at, "observed" if context.channel == "api" else "received"


def _text(content: Object, *names: str) -> str | None:
    """The first of the named members that is a text or a whole number, as text."""
    for name in names:
        value: Json = content.get(name)
        if isinstance(value, str):
            if bare := value.strip():
                return bare
        elif isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def _word(text: str) -> str:
    """Percent-encoded (RFC 3986), so that `/`, `@`, `#` and `~` in keys are always ours."""
    if text.isascii() and text.isalnum():
        return text
    return quote(text, safe="").replace("~", "%7E")


def _origin(origin: str | Callable[[], str]) -> str:
    name = origin if isinstance(origin, str) else origin()
    return quote(name, safe=":<>@+=!$*").replace("~", "%7E")
