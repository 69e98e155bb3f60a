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
        LEFT JOIN final_statuses f
               ON f.subject_type = l.subject_type AND f.status = l.status
        WHERE NOT coalesce(v.final, 0) AND f.status IS NULL AND l.event_type <> 'webhook'
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
        FROM deliveries WHERE channel IN ('email', 'file')
        GROUP BY sender, authenticity, outcome ORDER BY mails DESC LIMIT 200
        """,
    ),
    "quarantine": Query(
        "what waits for a person, and why",
        """
        SELECT id, received_at, channel, sender, subject, reason
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
    "missed": Query(
        "which events a road did not bring, and how late another did",
        """
        SELECT m.occurred_at, e.key, m.road, m.found_by, m.late_seconds
        FROM (SELECT event_id, occurred_at, road, found_by, late_seconds
              FROM missed ORDER BY occurred_at DESC LIMIT 200) m
        JOIN events e ON e.id = m.event_id ORDER BY m.occurred_at DESC, m.road
        """,
    ),
    "missed-per-day": Query(
        "how many events each road missed, by day and product",
        """
        SELECT substr(occurred_at, 1, 10) AS day, product, road, count(*) AS missed,
               round(max(late_seconds)) AS latest_seconds
        FROM missed GROUP BY day, product, road ORDER BY day DESC, missed DESC LIMIT 200
        """,
    ),
    "not-by-web": Query(
        "events recorded in the last 24 h and not, or not yet, told by web",
        """
        SELECT e.recorded_at, e.key, l.delivery_status, l.delivery_attempts
        FROM events e LEFT JOIN listed l ON l.event_id = e.id
        WHERE e.recorded_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day')
          AND e.authenticity = 'verified'
          AND (l.delivery_status IS NOT NULL OR EXISTS (
              SELECT 1 FROM web_carried c
              WHERE c.event_type = e.event_type AND c.event_action = e.event_action))
          AND NOT EXISTS (
              SELECT 1 FROM sightings s WHERE s.event_id = e.id AND s.channel = 'web')
        ORDER BY e.recorded_at DESC LIMIT 200
        """,
    ),
    "latency": Query(
        "seconds from event to sight, by day, product and road, for 30 days",
        """
        SELECT day, product, road, json_array_length(sorted) AS events,
               sorted ->> cast(0.50 * json_array_length(sorted) - 0.001 AS INTEGER) AS p50_seconds,
               sorted ->> cast(0.90 * json_array_length(sorted) - 0.001 AS INTEGER) AS p90_seconds,
               sorted ->> cast(0.99 * json_array_length(sorted) - 0.001 AS INTEGER) AS p99_seconds
        FROM (
            SELECT day, product, road, json_group_array(seconds) AS sorted
            FROM (SELECT substr(occurred_at, 1, 10) AS day, product, road, seconds FROM latency
                  WHERE occurred_at >= strftime('%Y-%m-%d', 'now', '-30 days')
                  ORDER BY day, product, road, seconds)
            GROUP BY day, product, road)
        ORDER BY day DESC, product, road
        """,
    ),
    "unfinished": Query(
        "subjects without an end though most had theirs long before",
        """
        SELECT since, product, subject_id, status, waiting_seconds, usual_seconds
        FROM unfinished ORDER BY since LIMIT 200
        """,
    ),
    "disagreements": Query(
        "events of which two roads said different things",
        """
        SELECT at, key, field, had_by, had, got_by, got
        FROM disagreements ORDER BY at DESC LIMIT 200
        """,
    ),
}
