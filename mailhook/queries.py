"""Questions that many ask, by name: `mailhook query NAME`, and `query --list` shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """A named question: one sentence on what it answers, and its SQL."""

    answers: str
    sql: str


QUERIES = {
    "latest": Query(
        "the latest status of each subject, the newest first",
        """
        SELECT subject_id, status, occurred_at
        FROM latest_status ORDER BY occurred_at DESC LIMIT 200
        """,
    ),
    "today": Query(
        "how many events of each kind were recorded since midnight UTC",
        """
        SELECT product, event_action, status, count(*) AS events
        FROM events WHERE recorded_at >= strftime('%Y-%m-%d', 'now')
        GROUP BY product, event_action, status ORDER BY events DESC
        """,
    ),
    "per-day": Query(
        "events per day and product",
        """
        SELECT substr(occurred_at, 1, 10) AS day, product, count(*) AS events
        FROM events GROUP BY day, product ORDER BY day DESC, events DESC LIMIT 200
        """,
    ),
    "open": Query(
        "subjects that have not come to an end yet, the oldest first",
        """
        SELECT l.occurred_at, l.product, l.subject_id, l.status
        FROM latest_status l
        LEFT JOIN vocabulary v
               ON v.event_type = l.event_type AND v.event_action = l.event_action
        WHERE NOT coalesce(v.final, 0) AND l.event_type <> 'webhook'
        ORDER BY l.occurred_at LIMIT 200
        """,
    ),
    "conflicts": Query(
        "events of which two deliveries said different things",
        """
        SELECT e.key, c.field, c.had, c.got, d.channel, c.at
        FROM conflicts c
        JOIN events e ON e.id = c.event_id
        JOIN deliveries d ON d.id = c.delivery_id
        ORDER BY c.at DESC LIMIT 200
        """,
    ),
    "senders": Query(
        "who sends to the inbox, proven or not, and what became of it",
        """
        SELECT sender, authenticity, outcome, count(*) AS mails,
               substr(max(received_at), 1, 10) AS latest
        FROM deliveries GROUP BY sender, authenticity, outcome ORDER BY mails DESC LIMIT 200
        """,
    ),
    "quarantine": Query(
        "what waits for a person, and why",
        """
        SELECT id, received_at, sender, subject, reason
        FROM quarantine ORDER BY id DESC LIMIT 200
        """,
    ),
    "roads": Query(
        "by which roads each event was told, and how often",
        """
        SELECT key, email_at, web_at, api_at, sightings
        FROM channels ORDER BY event_id DESC LIMIT 200
        """,
    ),
}
