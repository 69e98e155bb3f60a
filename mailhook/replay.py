"""Stored bytes examined again: by today's rules (replay), or at a person's word (release).

Both may be killed at any time and called again: what is done is committed page by
page, and a telling that is known makes no second row.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from mailhook import catalog, pipeline, times
from mailhook.errors import DnsFailed
from mailhook.model import Finding
from mailhook.store import Reader, Store, audit, bookmark
from mailhook.store.again import Change, Log
from mailhook.store.bookmark import Bookmark
from mailhook.store.kept import Kept, Selection
from mailhook.trust import Trust

# What the DNS could not answer is asked again for so long, each hour.
WAITS_FOR_DNS = Selection(quarantined=True, reason="dkim_dns_temporary")
_DNS_PATIENCE = timedelta(days=3)
_GIVEN_UP = DnsFailed("the DNS did not answer for 3 days: the signature cannot be checked").reason

_BEYOND = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """So many were examined now; of these the changes, in order. `of` has the deliveries by id."""

    changes: Sequence[Change]
    of: Mapping[int, Kept]


@dataclass(frozen=True, slots=True)
class Released:
    """What a person's word made of one delivery; `stays` says why it waits on, if it does."""

    id: int
    events: tuple[str, ...] = ()
    outcome: str | None = None
    stays: str | None = None


def replay(  # noqa: PLR0913 - whose word, which deliveries, who watches
    store: Store,
    trust: Trust,
    selection: Selection,
    who: str = "mailhook",
    *,
    anew: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, int]:
    """Bring the selected deliveries up to date with today's rules; what was done, in numbers.

    One that was broken off goes on where it was, if it was asked for the same by the
    same rules, unless `anew`. `progress` is given how many more were examined, after
    each transaction, and may raise to end it there.
    """
    asked = _fingerprint(selection, trust)
    since = times.stored(selection.since) if selection.since else None
    with Reader(store.path) as reader:
        mark = None if anew else store.bookmark(asked, since)
        if mark is None:
            extent = reader.extent(selection)
            counts = {"examined": 0, "without_bytes": extent.without_bytes}
            mark = Bookmark(asked, since, 0, extent.last, counts)
        else:
            progress(mark.counts["examined"])
        while page := _page(reader, selection, mark, trust):
            work = _Work(mark, audit.Deed(who, "replay", _why(selection)), page[-1][0].id)
            pipeline.reexamine(page, store, work.log)
            mark = replace(work.mark, last_id=page[-1][0].id)  # past a bug of ours, too
            progress(len(page))
    if mark.last_id:
        store.reexamine([], lambda log: bookmark.remove(log.connection, asked))
    return dict(mark.counts)


def differences(
    reader: Reader, trust: Trust, selection: Selection, window_seconds: float
) -> Iterator[Page]:
    """What `replay` would change now, page by page; reads only.

    Each delivery is looked at by itself: of two that tell of one new event both say so.
    """
    foresee = reader.foresee_again(window_seconds)
    last, until = 0, reader.extent(selection).last
    while found := reader.kept(selection, last, until):
        last = found[-1].id
        changes = [foresee(one, _examined(one, trust)) for one in found]
        yield Page(changes, {one.id: one for one in found})


def release(store: Store, trust: Trust, ids: Sequence[int], deed: audit.Deed) -> list[Released]:
    """Record what these deliveries tell, at a person's word; what became of each, in order.

    What today's rules prove is verified, the rest unverified. One that does not wait, or
    cannot be read, stays as it is. One transaction, `audit` included.
    """
    with Reader(store.path) as reader:
        waiting = _waiting(reader, ids)
    seen = {one.id: (one, _told(one, trust)) for one in waiting}
    pairs = [(one, told) for one, told in seen.values() if isinstance(told, Finding)]
    changes = {one.id: one for one in pipeline.reexamine(pairs, store, partial(_note, deed))}
    return [_released(number, seen.get(number), changes.get(number)) for number in ids]


def releasable(
    reader: Reader, trust: Trust, ids: Sequence[int], window_seconds: float
) -> list[Released]:
    """What `release` would make of them; reads only."""
    foresee = reader.foresee_again(window_seconds)
    seen = {one.id: (one, _told(one, trust)) for one in _waiting(reader, ids)}
    changes = {
        one.id: foresee(one, told) for one, told in seen.values() if isinstance(told, Finding)
    }
    return [_released(number, seen.get(number), changes.get(number)) for number in ids]


class _Work:
    """What one page adds to the numbers, and how far it has brought the replay."""

    def __init__(self, mark: Bookmark, deed: audit.Deed, last_id: int) -> None:
        self.mark, self._deed, self._last_id = mark, deed, last_id

    def log(self, log: Log) -> None:
        """Write down how far it came, and in `audit` what it has changed, if anything."""
        counts = Counter(self.mark.counts)
        counts.update(counted(log.changes))
        audit_id = self.mark.audit_id
        if audit_id is not None:
            audit.amend(log.connection, audit_id, dict(counts))
        elif any(change.differs for change in log.changes):
            audit_id = audit.note(log.connection, log.now, self._deed, dict(counts))
        last_id = log.changes[-1].id if log.changes else self._last_id
        self.mark = replace(self.mark, last_id=last_id, counts=dict(counts), audit_id=audit_id)
        bookmark.keep(log.connection, self.mark, log.now)


def _page(
    reader: Reader, selection: Selection, mark: Bookmark, trust: Trust
) -> list[tuple[Kept, Finding | None]]:
    found = reader.kept(selection, mark.last_id, mark.until_id)
    return [(one, _examined(one, trust)) for one in found]


def _examined(kept: Kept, trust: Trust) -> Finding | None:
    """What is found in it today; None where its bytes are not those that came."""
    if not kept.whole:
        return None
    finding = pipeline.examine(kept.delivery, trust)
    waits_for_dns = (finding.reason or "").startswith(f"{WAITS_FOR_DNS.reason}:")
    if waits_for_dns and times.now() - kept.recorded_at > _DNS_PATIENCE:
        return replace(finding, reason=_GIVEN_UP)
    return finding


def _told(kept: Kept, trust: Trust) -> Finding | str:
    """What it tells if nothing is held for lack of proof, or why it tells nothing."""
    settings = trust.settings.model_copy(update={"require": "none"})
    finding = _examined(kept, replace(trust, settings=settings))
    if finding is None:
        return "its bytes are not kept whole"
    if finding.verdict == "read":
        return finding
    return finding.reason or f"it is {finding.verdict}"


def _waiting(reader: Reader, ids: Sequence[int]) -> list[Kept]:
    selection = Selection(quarantined=True, ids=tuple(ids))
    found: list[Kept] = []
    while page := reader.kept(selection, found[-1].id if found else 0, _BEYOND):
        found += page
    return found


def _released(
    number: int, seen: tuple[Kept, Finding | str] | None, change: Change | None
) -> Released:
    if seen is None:
        return Released(number, stays="it does not wait, or its bytes are gone")
    if change is None or isinstance(seen[1], str):
        why = seen[1] if isinstance(seen[1], str) else "a bug of mailhook: see its log"
        return Released(number, outcome=seen[0].state.outcome, stays=why)
    events = (*change.new, *change.proven, *change.filled)
    stays = f"{change.now.unread} more in it not understood" if change.now.waits else None
    return Released(number, events, change.now.outcome, stays)


def _note(deed: audit.Deed, log: Log) -> None:
    if log.changes:
        new = sum(len(change.new) for change in log.changes)
        detail = {"deliveries": [change.id for change in log.changes], "events": new}
        audit.note(log.connection, log.now, deed, detail)


def counted(changes: Sequence[Change]) -> dict[str, int]:
    """Deliveries and events; those that are none are left out."""
    counts = {
        "examined": len(changes),
        "changed": sum(change.differs for change in changes),
        "recorded": sum(len(change.new) for change in changes),
        "proven": sum(len(change.proven) for change in changes),
        "filled": sum(len(change.filled) for change in changes),
        "left": sum(bool(change.left) for change in changes),
    }
    return {name: count for name, count in counts.items() if count}


def _why(selection: Selection) -> str | None:
    """Which deliveries were asked for, as `audit` tells it."""
    return ", ".join(_words(selection)) or None


def _words(selection: Selection) -> Iterator[str]:
    if selection.quarantined:
        yield "quarantined"
    if selection.since:
        yield f"since {times.short(selection.since)}"
    if selection.reader_version:
        yield f"reader version {selection.reader_version}"
    if selection.reason:
        yield f"reason {selection.reason}"


def _fingerprint(selection: Selection, trust: Trust) -> str:
    """The same only where the same is asked for by the same rules; no secret is in it."""
    from importlib.metadata import version

    rules = (version("mailhook"), catalog.fingerprint(), repr(trust))
    asked = replace(selection, since=None)
    return hashlib.sha256(repr((rules, asked)).encode()).hexdigest()
