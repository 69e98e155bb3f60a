"""What the vendor's list says of the attempts of the window: how many failed, event by event.

Its word goes before what is inferred here, whatever has come by web so far. It names no
hook: where an account has several, it may speak of another one than ours.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailhook import times
from mailhook.guard.simulation import Attempt, Rule
from mailhook.store import Reader

# `update_date` is that of the last attempt: none is later, so its index finds the window.
# What is still pending and has come since is told of by the endpoint itself.
LISTED = """
SELECT unixepoch(coalesce(l.occurred_at, l.updated_at)) / 10 * 10 AS began,
    unixepoch(l.updated_at) / 10 * 10 AS last_at,
    lower(l.delivery_status) AS status,
    max(0, coalesce(l.delivery_attempts, 0)) AS attempts,
    EXISTS (SELECT 1 FROM sightings s WHERE s.event_id = l.event_id AND s.channel = 'web') AS came,
    count(*) AS events
FROM listed l
WHERE l.updated_at >= :since AND lower(l.delivery_status) IN ('pending', 'failure', 'success')
GROUP BY 1, 2, 3, 4, 5
HAVING NOT (status = 'pending' AND came)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """Attempts by the second at which their minute began.

    `ok` are those that no answer of ours is known of; `retried` failed before one that was
    well, `missed` failed and none was well since.
    """

    ok: Counter[int]
    retried: Counter[int]
    missed: Counter[int]


def told(rule: Rule, store: Reader, now: datetime) -> Told:
    """What the list says of the attempts of the window."""
    since = times.stored(now - timedelta(seconds=rule.window_seconds))
    tries, ok, retried, missed = rule.tries, list[Attempt](), list[Attempt](), list[Attempt]()
    for row in store.rows(LISTED, {"since": since}):
        tried = [(min(row["began"] + later, row["last_at"]), row["events"]) for later in tries]
        if row["status"] != "success":
            missed += tried[: row["attempts"]]
            continue
        retried += tried[: max(0, row["attempts"] - 1)]
        if not row["came"]:
            ok.append((row["last_at"], row["events"]))
    return Told(*(rule.by_minute(made, now.timestamp()) for made in (ok, retried, missed)))
