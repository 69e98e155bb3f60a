"""Listed events recorded: what of them is not there yet, in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime

from mailhook import pipeline, times
from mailhook.model import Batch
from mailhook.reconcile.run import Run
from mailhook.sources.api import Item
from mailhook.store import listings
from mailhook.store.listings import Listed

_KNOWN = "SELECT location FROM deliveries WHERE location IN (SELECT value FROM json_each(?))"
# So many contents under one `update_date` are enough: a link in it may be signed anew each time.
_CONTENTS = 3
# Hexadecimal digits follow a state.
_FULL = f"""
SELECT value AS state FROM json_each(?) WHERE {_CONTENTS} <= (
    SELECT count(*) FROM (SELECT 1 FROM deliveries
    WHERE location >= value AND location < value || 'g' LIMIT {_CONTENTS}))
"""  # noqa: S608 - constants


def unknown(run: Run, items: Sequence[Item]) -> list[Item]:
    """The items of which no delivery is there yet, each once: one look-up for all."""
    by_location = {item.location: item for item in items}
    for row in run.reader.rows(_KNOWN, (json.dumps([*by_location]),)):
        by_location.pop(row["location"], None)
    return list(by_location.values())


def without_more(run: Run, fresh: Sequence[Item]) -> list[Item]:
    """Those of which no other content under the same `update_date` is there often enough."""
    states = [item.state for item in fresh if item.state]
    full = {row["state"] for row in run.reader.rows(_FULL, (json.dumps(states),))} if states else ()
    return [item for item in fresh if item.state not in full]


def take(
    run: Run,
    items: Sequence[Item],
    fresh: Sequence[Item],
    keep: Callable[[sqlite3.Connection], object],
) -> None:
    """Commit those of the items that are `fresh`; `keep` is called within the transaction."""
    report, now = run.report, times.now()

    def also(connection: sqlite3.Connection, at: datetime) -> None:
        listings.note(connection, [one for item in fresh if (one := _listed(item))], at)
        keep(connection)

    deliveries = tuple(item.delivery(now) for item in fresh)
    findings = [pipeline.examine(one, run.trust) for one in deliveries]
    report.add(pipeline.commit(Batch(deliveries), findings, run.store, also=also))
    report.listed += len(items)
    report.known += len(items) - len(fresh)
    run.progress(len(items))


def _listed(item: Item) -> Listed | None:
    """What the item says of its delivery; None where it has no name."""
    key, attempts = item.text("idempotency_key"), item.members.get("delivery_attempts")
    if key is None:
        return None
    is_count = isinstance(attempts, int) and not isinstance(attempts, bool)
    occurred, updated = item.moment("timestamp"), item.moment("update_date")
    return Listed(
        key,
        item.location,
        item.text("delivery_status"),
        attempts if is_count and isinstance(attempts, int) else None,
        times.stored(occurred) if occurred else None,
        times.stored(updated) if updated else None,
    )
