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
from mailhook.readers import alert, ids, json, labelled, mention, tagged, token
from mailhook.readers.naming import Mail
from mailhook.readers.pairs import plain, said
from mailhook.readers.reading import Reading
from mailhook.readers.saying import Said
from mailhook.tag import Tag

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
_OPENING = 12
# By these an alert says of which hook it speaks.
_ADDRESSED = frozenset({"endpoint", "hook_name"})
_TWO = "its text and its page tell of different things"
_DIFFER = f"malformed_notice: {_TWO}"
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2068]")
# Whose words are read as they stand side by side.
_IN_ORDER = frozenset({labelled.NAME, mention.NAME})
_TURNED = "malformed_notice: some of it is shown in another order than it is written"
_TEST = "malformed_notice: it says of itself that it only tries a rule out"

__all__ = ["Reading", "own_lines", "read", "suspicious"]


@dataclass(frozen=True, slots=True)
class _Means:
    """What every reader needs beside the words."""

    catalog: Catalog
    keys: Sequence[bytes]
    tag: Tag | None
    bulk: bool


def read(
    mail: Message, catalog: Catalog, keys: Sequence[bytes] = (), tag: Tag | None = None
) -> Reading:
    """What the mail tells: in its own words, else in those of a mail that it passes on.

    Where there is a tag, labels count only behind it.
    """
    means = _Means(catalog, keys, tag, bulk=message.is_bulk(mail))
    is_reply, forward = bool(_REPLY.match(mail.subject)), _FORWARD.match(mail.subject)
    subject = "" if is_reply or forward else mail.subject
    parts = [markup.split(markup.plain(mail.text))]
    reading = _read(parts[0].own, mail.attachments, subject, means)
    if mail.html and not (reading and _is_exact(reading)):
        parts.append(markup.split(markup.page(mail.html)))
        by_page = _read(parts[1].own, (), subject, means)
        if by_page and not reading and _contradicts(parts[0].own, by_page, catalog):
            by_page = Reading((), len(by_page.notices), by_page.reader, _DIFFER)
        reading = _better(reading, by_page, catalog)
    if reading and reading.reader in _IN_ORDER and _is_turned(mail):
        return Reading((), len(reading.notices) or 1, reading.reader, _TURNED)
    if reading is None and not is_reply:
        reading = _passed_on(mail, parts, means, is_forward=bool(forward))
    return reading or Reading()


def _is_turned(mail: Message) -> bool:
    """Whether marks of direction show some of it in another order than it is written."""
    return any(not text.isascii() and _BIDI.search(text) for text in (mail.text, mail.html))


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
    if means.bulk and means.catalog.phrases.speaks_of_examples(view.text):
        return None  # it shows to many how a notice looks
    own = [_text(part) for part in attached if _is_named(part, _JSON, _JSON_NAMES)]
    reading = json.read([view.text, *own], subject, means.catalog) or _words(view, subject, means)
    if reading and means.catalog.phrases.is_test(f"{subject}\n{view.text}"):
        return Reading((), len(reading.notices), reading.reader, _TEST)
    return reading


def _words(view: View, subject: str, means: _Means) -> Reading | None:
    """What labels and sentences tell; labels that name no subject may be those of an alert."""
    if len(view.lines) > _LINES_LIMIT:
        return None
    catalog = means.catalog
    items = said(view, catalog)
    prose = plain(items, wrapped=view.wrapped)
    found = _labelled(view, items, Mail(subject, prose, catalog, means.bulk), means)
    if found and any(_names_subject(notice, catalog) for notice in found.notices):
        return _with_unread(found, view)
    mentioned = None if found else mention.read(prose, subject, catalog)
    if mentioned:
        return _with_unread(mentioned, view)
    told = alert.read(view, items, subject, catalog)
    if told and means.bulk and told.notices[0].object.keys().isdisjoint(_ADDRESSED):
        return found  # what is said to many of all hooks is news, not an alert
    return told or found


def _labelled(view: View, items: Sequence[Said], mail: Mail, means: _Means) -> Reading | None:
    """What labels tell; where there is a tag, those behind it, and nothing else is put to use."""
    if means.tag is None:
        return labelled.read(items, mail)
    own = tagged.behind(view, means.tag)
    told = said(own, means.catalog)
    if found := labelled.read(told, replace(mail, prose=plain(told, wrapped=own.wrapped))):
        return found
    found = labelled.read(items, mail)
    return found and Reading((), len(found.notices) or 1, labelled.NAME, tagged.UNTAGGED)


def _with_unread(reading: Reading, view: View) -> Reading:
    """The reading, with subjects that the mail names and no notice is about as not understood."""
    told = {value for notice in reading.notices for value in notice.object.values()}
    missed = [one for one in ids.of_subjects(view.text) if one not in told]
    return replace(reading, unread=max(reading.unread, len(missed))) if missed else reading


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
            reading = read(inner_mail, means.catalog, means.keys, means.tag)
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
        return replace(first, conflicts=(*first.conflicts, f"{_TWO}: the text counts"))
    if first.notices and second.notices and _differ(first, second):
        return replace(first, conflicts=(*first.conflicts, f"{_TWO}: the text counts"))
    told, other = (second, first) if _weight(second) > _weight(first) else (first, second)
    unread = other.unread if told.notices else max(told.unread, other.unread)
    return replace(told, unread=max(told.unread, unread))


def _contradicts(text: View, by_page: Reading, catalog: Catalog) -> bool:
    """Whether lines of the text are names of events, and all of others than the page tells."""
    lines = (catalog.find_event(line.text) for line in text.lines[:_OPENING])
    named = {(event.type, event.action) for event in lines if event and event.exact}
    told = {_identity(notice, catalog)[0] for notice in by_page.notices}
    return bool(named) and bool(told) and named.isdisjoint(told)


def _agree(first: Reading, second: Reading, catalog: Catalog) -> bool:
    """Whether each event of the one may be one of the other's: of the same kind and subject."""
    there = [_identity(notice, catalog) for notice in second.notices]
    return all(
        any(kind == other and (not subject or not its or subject == its) for other, its in there)
        for kind, subject in (_identity(notice, catalog) for notice in first.notices)
    )


def _differ(first: Reading, second: Reading) -> bool:
    """Whether a member of the only event has another value in the second reading."""
    if len(first.notices) != 1 or len(second.notices) != 1:
        return False
    one, other = first.notices[0].object, second.notices[0].object
    return any(one[name] != other[name] for name in one.keys() & other.keys())


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
