"""A store with very many events, filled by SQL alone: what reading them costs, not writing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from mailhook.store import Store
from mailhook.store.schema import m008_views

# Of 41 events one is unknown to the mails, of 29 one to the web; the API lists the last 60 days.
_EVENTS = """
INSERT INTO events (id, key, revision, product, event_type, event_action, subject_type, subject_id,
    status, occurred_at, time_source, recorded_at, authenticity, confidence, object, raw_type,
    raw_action)
SELECT n, printf('CHK%032x/%s.%s', n / 2, type, action), n, product, type, action, type,
    printf('CHK%032x', n / 2), iif(n % 2, 'completed', 'started'),
    at, 'vendor', strftime('%Y-%m-%dT%H:%M:%f000Z', at, '+3 seconds'), 'verified', 'exact',
    json_object('check_id', printf('CHK%032x', n / 2), 'filler', printf('%.*c', 400, 'x')),
    type, action
FROM (SELECT n, iif(n % 2, 'finished', 'created') AS action,
    CASE n / 2 % 3 WHEN 0 THEN 'checks' WHEN 1 THEN 'digital_identity' ELSE 'facial_recognition' END
        AS product,
    CASE n / 2 % 3 WHEN 0 THEN 'check' WHEN 1 THEN 'identity_process' ELSE 'face_recognition' END
        AS type,
    strftime('%Y-%m-%dT%H:%M:%f000Z', 'now',
             printf('-%.3f seconds', 300 * 86400.0 * (:events - n) / :events)) AS at
    FROM (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :events)
          SELECT n FROM c))
"""
_SIGHTINGS = """
INSERT INTO sightings
SELECT id, 3 * id + {nth}, '{channel}',
       strftime('%Y-%m-%dT%H:%M:%f000Z', occurred_at, '+' || ({seconds} + id % 7) || ' seconds'),
       'verified', 'vendor', NULL
FROM events WHERE {which}
"""
_ROADS = (
    ("web", 2, "id % 29"),
    ("email", 20, "id % 41"),
    ("api", 600, "occurred_at > strftime('%Y-%m-%d', 'now', '-60 days')"),
)


def fill(path: Path, db: sqlite3.Connection, events: int) -> None:
    """Fill a new store with so many events, spread over the last 300 days.

    `db` is a connection of plain sqlite3 to the path: it asks for no foreign keys, for
    there are no deliveries.
    """
    Store(path).close()
    triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    with db:
        db.execute("PRAGMA synchronous = OFF")
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute(_EVENTS, {"events": events})
        for nth, (channel, seconds, which) in enumerate(_ROADS):
            sql = _SIGHTINGS.format(nth=nth, channel=channel, seconds=seconds, which=which)
            db.execute(sql)
            db.execute("INSERT INTO roads VALUES (?, '2026-01-01', NULL)", (channel,))
        db.execute(
            "INSERT INTO listings (source, read_at)"
            " VALUES ('https://api.example.com', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))"
        )
        db.executescript(m008_views.FILL)
        for _, sql in triggers:
            db.execute(sql)
