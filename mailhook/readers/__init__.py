"""Spellings of a notice, one file each, tried in this order: token, json, labelled, mention, alert.

The plain text goes first; HTML is parsed only when that gave no more than the
event's name. What the mail quotes is not looked at, unless it forwards it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from mailhook import markup, message
from mailhook.catalog import Catalog
from mailhook.errors import MalformedMessage
from mailhook.markup import Parts, View
from mailhook.model import Attachment, Json, Message, Notice
from mailhook.readers import alert, ids, json, labelled, mention, token
from mailhook.readers.naming import Mail
from mailhook.readers.pairs import plain, said
from mailhook.readers.reading import Reading

_READABLE = ("text/", "application/json", "application/jwt")
_READABLE_NAMES = (".json", ".jwt", ".txt")
_JSON = ("application/json", "text/json")
_JSON_NAMES = (".json",)
# What a mail program sets before the subject of a mail that is answered, or passed on.
_REPLY = re.compile(
    r"\s*(?:\[[^\]]{1,60}\]\s*)*(?:re|res|aw|resp?)\s*(?:\[\d+\])?\s*:", re.IGNORECASE
)
_FORWARD = re.compile(r"\s*(fw|fwd|rv|enc|i|tr|wg|reenv)\s*(\[\d+\])?\s*:\s*", re.IGNORECASE)
# With as few fields in the text, its page may have more.
_FEW = 2
# Nobody reads so long a mail for what it tells; a reader would take seconds.
_LINES_LIMIT = 5_000
_ATTACHED_LIMIT = 10

__all__ = ["Reading", "own_lines", "read", "suspicious"]


@dataclass(frozen=True, slots=True)
class _Means:
    """What every reader needs beside the words."""

    catalog: Catalog
    keys: Sequence[bytes]
    bulk: bool


def read(mail: Message, catalog: Catalog, keys: Sequence[bytes] = ()) -> Reading:
    """What the mail tells: in its own words, else in those of a mail that it passes on."""
    means = _Means(catalog, keys, bulk=message.is_bulk(mail))
    is_reply, forward = bool(_REPLY.match(mail.subject)), _FORWARD.match(mail.subject)
    subject = "" if is_reply or forward else mail.subject
    parts = [markup.split(markup.plain(mail.text))]
    reading = _read(parts[0].own, mail.attachments, subject, means)
    if mail.html and not (reading and _is_exact(reading)):
        parts.append(markup.split(markup.page(mail.html)))
        reading = _better(reading, _read(parts[1].own, (), subject, means), catalog)
    if reading is None and not is_reply:
        reading = _passed_on(mail, parts, means, is_forward=bool(forward))
    return reading or Reading()


def own_lines(mail: Message) -> list[str]:
    """The lines that a person reads as the mail's own words: of its text, then of its page."""
    views = [markup.plain(mail.text), markup.page(mail.html) if mail.html else View()]
    lines = (line.text for view in views for line in markup.split(view).own.lines)
    return list(dict.fromkeys(lines))


def suspicious(mail: Message, catalog: Catalog) -> bool:
    """Whether bulk mail may be a hook after all: a vendor's id or an alert's words are in it."""
    texts = (mail.subject, mail.text, mail.html)
    if ids.any_in(texts):
        return True
    words = catalog.alert_words()
    return any(words.stated(line) for text in texts for line in text.split("\n"))


def _read(
    view: View, attached: Sequence[Attachment], subject: str, means: _Means
) -> Reading | None:
    """What the first reader that takes it reads.

    A token proves itself wherever it stands. Of attachments only JSON is the
    mail's own word: a text may be anybody's mail, saved.
    """
    texts = [_text(part) for part in attached if _is_named(part, _READABLE, _READABLE_NAMES)]
    hrefs = [link.href for link in view.links]
    if reading := token.read([view.text, *texts, *hrefs], means.keys):
        return reading
    if means.bulk and means.catalog.speaks_of_examples(view.text):
        return None  # it shows to many how a notice looks
    own = [_text(part) for part in attached if _is_named(part, _JSON, _JSON_NAMES)]
    return json.read([view.text, *own], subject, means.catalog) or _words(view, subject, means)


def _words(view: View, subject: str, means: _Means) -> Reading | None:
    """What labels and sentences tell; labels that name no subject may be those of an alert."""
    if len(view.lines) > _LINES_LIMIT:
        return None
    catalog = means.catalog
    items = said(view, catalog)
    prose = plain(items, wrapped=view.wrapped)
    found = labelled.read(items, Mail(subject, prose, catalog, means.bulk))
    if found and any(_names_subject(notice, catalog) for notice in found.notices):
        return found
    mentioned = None if found else mention.read(prose, subject, catalog)
    return mentioned or alert.read(view, items, subject, catalog) or found


def _names_subject(notice: Notice, catalog: Catalog) -> bool:
    info = catalog.type(notice.type)
    return info is None or any(name in notice.object for name in info.id_fields)


def _passed_on(
    mail: Message, parts: Sequence[Parts], means: _Means, *, is_forward: bool
) -> Reading | None:
    """What a forwarded mail tells, in the text or attached; it has no proof from this one."""
    for part in parts:
        if (part.passed_on or is_forward) and part.other.lines:
            inner = markup.split(part.other).own
            if reading := _read(inner, (), _unmarked(part.subject or mail.subject), means):
                return _without_proof(reading)
    for raw in mail.forwarded[:_ATTACHED_LIMIT]:
        with suppress(MalformedMessage):
            inner_mail = replace(message.parse(raw), forwarded=())
            reading = read(inner_mail, means.catalog, means.keys)
            if reading.notices or reading.problem:
                return _without_proof(reading)
    return None


def _unmarked(subject: str) -> str:
    marked = _FORWARD.match(subject)
    return subject[marked.end() :] if marked else subject


def _without_proof(reading: Reading) -> Reading:
    return replace(reading, notices=tuple(replace(one, passed_on=True) for one in reading.notices))


def _better(first: Reading | None, second: Reading | None, catalog: Catalog) -> Reading | None:
    """The reading that tells more, the text's if both tell the same; what one missed counts."""
    if not (first and second):
        return first or second
    if first.notices and second.notices and not _agree(first, second, catalog):
        differ = "its text and its page tell of different events: the text counts"
        return replace(first, conflicts=(*first.conflicts, differ))
    told, other = (second, first) if _weight(second) > _weight(first) else (first, second)
    unread = other.unread if told.notices else max(told.unread, other.unread)
    return replace(told, unread=max(told.unread, unread))


def _agree(first: Reading, second: Reading, catalog: Catalog) -> bool:
    """Whether each event of the one may be one of the other's: of the same kind and subject."""
    there = [_identity(notice, catalog) for notice in second.notices]
    return all(
        any(kind == other and (not subject or not its or subject == its) for other, its in there)
        for kind, subject in (_identity(notice, catalog) for notice in first.notices)
    )


def _identity(notice: Notice, catalog: Catalog) -> tuple[tuple[str, str], Json]:
    kind = catalog.normal_type(notice.type)
    info = catalog.types.get(kind)
    names = info.id_fields if info else ()
    subject = next((notice.object[name] for name in names if name in notice.object), None)
    return (kind, catalog.normal_action(notice.action, kind)), subject


def _weight(reading: Reading) -> tuple[int, int, int]:
    exact = sum(one.confidence == "exact" for one in reading.notices)
    return exact, len(reading.notices), sum(len(one.object) for one in reading.notices)


def _is_exact(reading: Reading) -> bool:
    """Whether a page can add nothing: an event with few fields may have more of them there."""
    few = 0 if reading.reader == json.NAME else _FEW
    return reading.reader == token.NAME or any(
        notice.confidence == "exact" and len(notice.object) > few for notice in reading.notices
    )


def _is_named(part: Attachment, types: tuple[str, ...], names: tuple[str, ...]) -> bool:
    return part.content_type.startswith(types) or part.filename.lower().endswith(names)


def _text(part: Attachment) -> str:
    return part.payload.decode("utf-8", "replace").replace("\0", "")
