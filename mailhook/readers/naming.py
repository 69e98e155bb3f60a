"""Which event the labels of a mail are about: by a label, a heading, the subject, a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mailhook import markup
from mailhook.catalog import Catalog, EventName, words
from mailhook.markup import Line, View
from mailhook.readers import ids
from mailhook.readers.blocks import Block, blocks
from mailhook.readers.pairs import said
from mailhook.readers.sentences import sentences

_NAME_WORDS = 8


@dataclass(frozen=True, slots=True)
class Mail:
    """What all blocks of a mail share: its subject, and what stands without a label.

    `bulk`: it went to many.
    """

    subject: str
    prose: View
    catalog: Catalog
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """An event and the words by which the mail names it.

    `weak` where only a sentence does, which says nothing unless it says of what.
    """

    event: EventName
    words: str
    weak: bool = False


def by_label(block: Block, catalog: Catalog) -> Named | None:
    """The event that the block's own labels name, one that nobody knows too."""
    meta = block.meta
    if "type" in meta and "action" in meta:
        named = EventName(_type(meta["type"].value, catalog), meta["action"].value, exact=True)
        said_in = f"{meta['type'].line}; {meta['action'].line}"
        return Named(named, said_in)
    product = meta["product"].value if "product" in meta else None
    for one in filter(None, (meta.get("event"), meta.get("action"))):
        if found := catalog.find_event(one.value, product):
            return Named(found, one.line, weak=not found.exact)
        if by_id := _by_subject_id(block, one.value, catalog):
            return Named(by_id, one.line)
        has_id = ids.any_in(other.value for other in (*block.fields, *block.unknown))
        if unknown := _unknown(one.value, product, catalog, has_id=has_id):
            return Named(unknown, one.line)
    return None


def name(block: Block, told: Sequence[Block], mail: Mail) -> Named | None:
    """The event of one of the blocks of a mail that tell of something.

    What names it most exactly counts: its own label, a line of its own, the same of
    the first block for all, the subject, and at last a sentence.
    """
    first = told[0]
    return (
        by_label(block, mail.catalog)
        or _by_heading(block)
        or (by_label(first, mail.catalog) if len(told) > 1 else None)
        or _by_heading(first)
        or _by_subject(mail)
        or _by_sentence(block, mail, first, alone=len(told) == 1)
    )


def conflicts(block: Block, named: Named, mail: Mail) -> Iterator[str]:
    """Where a heading or the subject names another event than the one that counts."""
    catalog, event = mail.catalog, named.event
    for other, said_in in (*block.headings, (catalog.find_event(mail.subject), mail.subject)):
        if other and other.exact and _pair(other, catalog) != _pair(event, catalog):
            yield (
                f"{said_in!r} says {other.type}.{other.action}, but {named.words!r} says"
                f" {event.type}.{event.action}, which counts"
            )


def _by_heading(block: Block) -> Named | None:
    return Named(*block.headings[-1]) if block.headings else None


def _by_subject(mail: Mail) -> Named | None:
    """The event that the mail's subject is the name of, or names by labels."""
    found = mail.catalog.find_event(mail.subject)
    if found and found.exact:
        return Named(found, mail.subject)
    block = blocks(said(markup.plain(mail.subject), mail.catalog), mail.catalog)[0]
    labelled = by_label(block, mail.catalog) if block.meta else None
    return replace(labelled, words=mail.subject) if labelled else None


def _by_sentence(block: Block, mail: Mail, first: Block, *, alone: bool) -> Named | None:
    """The one event that sentences state: of several blocks, those above each, or above all."""
    above = [_joined(one.above, mail) for one in (block, first)]
    told = ([sentences(mail.prose)] if alone else above) + [[mail.subject]]
    return next(filter(None, (_by_lines(lines, mail.catalog) for lines in told)), None)


def _joined(lines: Sequence[str], mail: Mail) -> list[str]:
    """The sentences of some lines: the end of one may turn round what its beginning says."""
    return sentences(View(tuple(Line(line, line) for line in lines), wrapped=mail.prose.wrapped))


def _by_lines(lines: Sequence[str], catalog: Catalog) -> Named | None:
    found = ((line, catalog.stated_event(line)) for line in lines)
    named = {event: line for line, event in found if event}
    if len(named) != 1:
        return None
    event, line = named.popitem()
    return Named(event, line, weak=True)


def _by_subject_id(block: Block, text: str, catalog: Catalog) -> EventName | None:
    """What a bare word for an action means to the only type whose subjects have such an id."""
    fields = (catalog.field(one.label) for one in block.fields if catalog.is_subject_id(one.label))
    found = (catalog.event_of_subject(name, text) for name in fields if name)
    return next(filter(None, found), None)


def _type(text: str, catalog: Catalog) -> str:
    """The type that a label's value names, as it stands where that is a wire word."""
    return text if catalog.type(text) else catalog.find_product(text) or text


def _unknown(text: str, product: str | None, catalog: Catalog, *, has_id: bool) -> EventName | None:
    """An event that nobody has told us of, by what its own label says; None for a sentence.

    By its words alone only beside an id of the vendor's: a meeting is an event, too.
    """
    text = text.strip()
    if not 0 < len(words(text)) <= _NAME_WORDS or ids.found(text):
        return None
    kind, dot, action = text.rpartition(".")
    if dot and kind and " " not in text:
        return EventName(kind, action, exact=True)
    if product:
        return EventName(catalog.find_product(product) or product, text, exact=True)
    return catalog.split_event(text) if has_id else None


def _pair(event: EventName, catalog: Catalog) -> tuple[str, str]:
    kind = catalog.normal_type(event.type)
    return kind, catalog.normal_action(event.action, kind)
