"""Refused tokens examined again by today's keys: what verifies becomes events, as if just come.

May be killed at any time and called again: a token is recorded first and let go of
after, and one that is recorded already is known.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailhook import pipeline
from mailhook.model import Batch, Delivery, Finding, Outcome
from mailhook.store import Reader, Store, unverified
from mailhook.store.audit import Deed, Noted
from mailhook.store.unverified import KeptToken
from mailhook.trust import Trust

# Of these deliveries the events that nobody else had told of before.
_NEW = """
SELECT count(*) AS new FROM sightings s JOIN deliveries d ON d.id = s.delivery_id
WHERE d.location IN (SELECT value FROM json_each(?)) AND NOT EXISTS (
    SELECT 1 FROM sightings o WHERE o.event_id = s.event_id AND o.delivery_id < s.delivery_id)
"""
_LAST = "SELECT ifnull(max(id), 0) AS last FROM unverified_tokens"


@dataclass(frozen=True, slots=True)
class _Looked:
    """One page of tokens: those that verify now with what they tell, and those that do not."""

    good: Sequence[tuple[KeptToken, Finding]]
    stay: Sequence[KeptToken]


def recheck(
    store: Store,
    trust: Trust,
    who: str = "mailhook",
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, int]:
    """Examine each again; how many were `examined`, `verified` and `stay`, and what came of them.

    `new` and `known` are events, `quarantined` are tokens. One row of `audit` tells of it.
    """
    counts = Counter(examined=0, verified=0, new=0, known=0, quarantined=0, stay=0)
    deed, audit_id, at = Deed(who, "token recheck"), None, 0
    with Reader(store.path) as reader:
        last = int(reader.rows(_LAST)[0]["last"])
        while page := unverified.page(reader.rows(*unverified.query(at, last))):
            looked = _looked(page, trust)
            counts.update(_recorded(looked.good, store, reader))
            counts.update(examined=len(page), verified=len(looked.good), stay=len(looked.stay))
            gone, stay = [one.id for one, _ in looked.good], [one.id for one in looked.stay]
            audit_id = store.settle_refused(gone, stay, Noted(deed, dict(counts), audit_id))
            at = page[-1].id
            progress(len(page))
    return dict(counts)


def _looked(page: Sequence[KeptToken], trust: Trust) -> _Looked:
    findings = [pipeline.examine(_delivery(one), trust) for one in page]
    pairs = list(zip(page, findings, strict=True))
    good = [pair for pair in pairs if pair[1].authenticity == "verified"]
    return _Looked(good, [one for one, found in pairs if found.authenticity != "verified"])


def _delivery(one: KeptToken) -> Delivery:
    return Delivery("web", f"web:{one.sha256}", one.received_at, one.raw)


def _recorded(
    good: Sequence[tuple[KeptToken, Finding]], store: Store, reader: Reader
) -> dict[str, int]:
    if not good:
        return {}
    findings = [found for _, found in good]
    there = _there(findings, reader)
    batch = Batch(tuple(found.delivery for found in findings))
    outcomes = pipeline.commit(batch, findings, store)
    added = [found.delivery.location for found in findings if found.delivery.location not in there]
    new = int(reader.rows(_NEW, (json.dumps(added),))[0]["new"])
    told = sum(len(found.events) for found in findings)
    held = outcomes.count(Outcome.QUARANTINED)
    return {"new": new, "known": max(0, told - new), "quarantined": held}


def _there(findings: Sequence[Finding], reader: Reader) -> set[str]:
    """The places of those that have come again meanwhile, and were believed then."""
    asked = json.dumps([found.delivery.location for found in findings])
    sql = "SELECT location FROM deliveries WHERE location IN (SELECT value FROM json_each(?))"
    return {row["location"] for row in reader.rows(sql, (asked,))}


def in_words(counts: dict[str, int]) -> str:
    """Such as `38 of 41 verified now: 37 new events, 1 known; 3 stay`."""
    if not counts["examined"]:
        return "no refused tokens are kept"
    parts = [f"{counts['new']:,} new {'event' if counts['new'] == 1 else 'events'}"]
    parts += [f"{counts[name]:,} {name}" for name in ("known", "quarantined") if counts[name]]
    became = f": {', '.join(parts)}" if counts["verified"] else ""
    stay = f"; {counts['stay']:,} {'stays' if counts['stay'] == 1 else 'stay'}"
    told = f"{counts['verified']:,} of {counts['examined']:,} verified now{became}"
    return told + (stay if counts["stay"] else "")
