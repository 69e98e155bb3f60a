"""`Label: value` lines and tables, in the words of the catalogue: one notice or several."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from mailhook import times
from mailhook.catalog import Catalog
from mailhook.errors import MalformedNotice
from mailhook.model import Notice
from mailhook.readers import content, ids, naming
from mailhook.readers.blocks import Block, blocks
from mailhook.readers.content import Contradiction, contradiction, is_vendors
from mailhook.readers.naming import Mail, Named
from mailhook.readers.reading import Reading, each_once
from mailhook.readers.saying import Said

NAME = "labelled"


def read(items: Sequence[Said], mail: Mail) -> Reading | None:
    """The events that the labels tell of; None unless an event and something of it are named.

    Some of the vendor's events have no fields at all: a label of the notice
    itself, such as `Event` or `Timestamp`, is enough. Without one, and in a mail to
    many, it must say of which subject it speaks.
    """
    told = _told(blocks(items, mail.catalog), mail.catalog)
    named = [naming.name(block, told, mail) for block in told]
    if not any(named):
        return None
    notices: list[Notice] = []
    problems: list[str] = []
    conflicts: list[str] = []
    for block, event in zip(told, named, strict=True):
        try:
            notice = _notice(block, event, mail, alone=len(told) == 1)
        except Contradiction as error:
            return Reading((), len(told), NAME, error.reason)
        except MalformedNotice as error:
            problems.append(error.reason)
        else:
            if event and _is_enough(block, notice, event, mail):
                notices.append(notice)
                conflicts += naming.conflicts(block, event, mail)
    if not (notices or problems):
        return None
    problem = problems[0] if problems else None
    return Reading(each_once(notices), len(problems), NAME, problem, tuple(conflicts))


def _told(found: Sequence[Block], catalog: Catalog) -> list[Block]:
    """The blocks that tell of an event each, or mean to.

    Labels that come again must be set as a second notice would be; otherwise one
    of the two is not true, and the block before has a clash: nobody knows then
    where one notice ends, and none is believed.
    """
    with_fields = [block for block in found if block.fields]
    if not with_fields:
        return [block for block in found if block.meta][:1]
    first = with_fields[0]
    for block in found[: found.index(first)]:
        first.add_above(block)
    told = [first]
    had = {(one.label, one.value) for one in first.labels}
    for block in with_fields[1:]:
        if _is_notice(block, first, catalog):
            told.append(block)
        elif again := _again(block, had):
            told[-1].clash = told[-1].clash or again
        else:
            told[-1].add_below(block)
        had |= {(one.label, one.value) for one in block.labels}
    return told


def _is_notice(block: Block, first: Block, catalog: Catalog) -> bool:
    """Whether a later block is one more notice, set as the first is or with its own event.

    An event alone, where the first has a subject, may be a line that a value forged.
    """
    if block.headings or block.similar(first):
        return True
    if naming.by_label(block, catalog) is None:
        return False
    return block.has_subject(catalog) or not first.has_subject(catalog)


def _again(block: Block, had: AbstractSet[tuple[str, str]]) -> str | None:
    """A label of the block that has another value in one before."""
    labels = {label for label, _ in had}
    again = (one for one in block.labels if one.label in labels)
    return next((one.label for one in again if (one.label, one.value) not in had), None)


def _is_enough(block: Block, notice: Notice, named: Named, mail: Mail) -> bool:
    """Whether more is said than that something happened, and to what where it must be."""
    if not (block.meta or notice.object):
        return False
    info = mail.catalog.type(notice.type)
    sure = block.meta and not (named.weak or mail.bulk)
    if info is None or not info.id_fields or sure:
        return True
    subjects = [str(notice.object[name]) for name in info.id_fields if name in notice.object]
    return ids.any_in(subjects) if mail.bulk else bool(subjects)


def _notice(block: Block, named: Named | None, mail: Mail, *, alone: bool) -> Notice:
    if block.clash:
        raise contradiction(block.clash)
    if named is None:
        raise MalformedNotice("a part of it says of what, but not what happened")
    kind = mail.catalog.normal_type(named.event.type)
    beside = [*block.lines, mail.subject] if alone else block.above
    found = content.of_block(block, kind, beside, mail.catalog)
    meta = {name: one.value for name, one in block.meta.items()}
    vendor_id = meta.get("id", "")
    return Notice(
        reader=NAME,
        type=named.event.type,
        action=named.event.action,
        object=found.members,
        timestamp=_timestamp(block.meta.get("timestamp"), mail.catalog),
        truora_id=vendor_id if is_vendors(vendor_id) else None,
        idempotency_key=meta.get("idempotency_key"),
        version=meta.get("version"),
        told_in=found.told_in
        | {name: one.line for name, one in block.meta.items()}
        | {"event": named.words},
    )


def _timestamp(one: Said | None, catalog: Catalog) -> str | None:
    """The time as the vendor writes it, where a person wrote it and it is sure."""
    if one is None or times.parse(one.value):
        return one.value if one else None
    moment = times.spoken(one.value, day_first=not catalog.is_english(one.label))
    return times.short(moment) if moment else one.value
