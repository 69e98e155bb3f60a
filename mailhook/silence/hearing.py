"""What the vendor's API last said of a silent product's newest subject: are we deaf, or is it?"""

from __future__ import annotations

from datetime import datetime, timedelta

from mailhook import times
from mailhook.silence.sight import known_resource
from mailhook.silence.verdict import Silence
from mailhook.store import Reader

# By the vendor's own times; that of a subject may be a little later than that of its event.
_ALIKE = timedelta(minutes=10)
# What was answered longer ago says nothing of now: the key may be refused since.
_FRESH = timedelta(hours=1)

FETCHED = """
SELECT r.fetched_at, r.updated_at, r.gone_at,
       (SELECT max(e.occurred_at) FROM events e
        WHERE e.subject_type = r.subject_type AND e.subject_id = r.subject_id
          AND e.authenticity = 'verified') AS told_at
FROM resources r WHERE r.subject_type = ? AND r.subject_id = ?
"""


def api_says(store: Reader, silence: Silence, now: datetime) -> str:
    """A clause on the answer; empty where it was not asked for since the product fell silent."""
    subject = known_resource(store, silence.product)
    rows = store.rows(FETCHED, subject) if subject else []
    if not subject or not rows or silence.last_at is None:
        return ""
    row = rows[0]
    if row["gone_at"] or row["fetched_at"] < times.stored(silence.last_at):
        return ""
    newest = f"its newest {subject[0].replace('_', ' ')}"
    changed_at, told_at = times.parse(row["updated_at"] or ""), times.parse(row["told_at"] or "")
    if changed_at is None or told_at is None:
        return f"the API answers, and does not say when {newest} has changed"
    if changed_at - told_at <= _ALIKE:
        return _unchanged(newest, row["fetched_at"], now)
    changed = f"{newest} has changed at {times.short(changed_at)}"
    return f"the API answers: {changed}, of which no event has come"


def _unchanged(newest: str, fetched_at: str, now: datetime) -> str:
    moment = times.parse(fetched_at) or now
    if now - moment <= _FRESH:
        return f"the API answers, and {newest} has not changed since"
    return (
        f"the API answered last at {times.short(moment)}, and {newest} had not changed until then"
    )
