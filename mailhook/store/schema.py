"""The tables and views, as named migrations in order. docs/tables.md explains each column.

A migration that has landed is never edited: a change is a new function below it, and
its name in `versions`.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

migrations = Migrations("mailhook")


@migrations()
def m001_events_and_deliveries(db: Database) -> None:
    """What arrived, what it told of, and how the two belong together."""
    _execute(db, _TABLES)


@migrations()
def m002_views(db: Database) -> None:
    """The questions people ask most, as views."""
    _execute(db, _VIEWS)


@migrations()
def m003_retention(db: Database) -> None:
    """What stays of a pruned event, who removed what, and what pruning looks things up by."""
    _execute(db, _RETENTION)


@migrations()
def m004_alarms(db: Database) -> None:
    """What people were told, what is still to be told, and why a folder is not read."""
    _execute(db, _ALARMS)


@migrations()
def m005_replays(db: Database) -> None:
    """How far a replay has come that was broken off."""
    _execute(db, _REPLAYS)


@migrations()
def m006_web(db: Database) -> None:
    """What the endpoint answered, minute by minute, and tokens that no key has signed yet."""
    _execute(db, _WEB)


def _execute(db: Database, script: str) -> None:
    """Run the statements one by one; `executescript` would commit before the first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.conn.execute(statement)
            statement = ""


_TABLES = """
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'web', 'api', 'file')),
    location TEXT NOT NULL UNIQUE,       -- where it lay: imap://…;UID=20, file:<sha256>
    message_id TEXT,
    sender TEXT,                         -- the address(es) of From
    subject TEXT,
    received_at TEXT NOT NULL,           -- when the server or the disk got it
    recorded_at TEXT NOT NULL,
    size INTEGER NOT NULL,               -- bytes at the source
    sha256 TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN
        ('recorded', 'duplicate', 'alert', 'quarantined', 'ignored', 'dropped')),
    reason TEXT,                         -- code: sentence
    unread INTEGER NOT NULL DEFAULT 0,   -- notices in it that were not understood
    reader TEXT,
    reader_version TEXT,
    authenticity TEXT NOT NULL CHECK (authenticity IN ('verified', 'unverified')),
    authenticity_detail TEXT NOT NULL,
    raw BLOB                             -- zlib; null once pruned
) STRICT;
CREATE INDEX deliveries_sha256 ON deliveries (sha256);
CREATE INDEX deliveries_recorded_at ON deliveries (recorded_at);
CREATE INDEX deliveries_attention ON deliveries (id)
    WHERE outcome = 'quarantined' OR unread > 0;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,            -- CHK…/check.finished; assigned once
    revision INTEGER NOT NULL UNIQUE,    -- rises with every visible change
    product TEXT NOT NULL,
    event_type TEXT NOT NULL,
    event_action TEXT NOT NULL,
    subject_type TEXT,
    subject_id TEXT,
    process_id TEXT,
    account_id TEXT,
    flow_id TEXT,
    status TEXT,
    occurred_at TEXT NOT NULL,
    time_source TEXT NOT NULL CHECK (time_source IN ('vendor', 'mail', 'received', 'observed')),
    updated_at TEXT,                     -- the object's own update_date
    recorded_at TEXT NOT NULL,
    authenticity TEXT NOT NULL CHECK (authenticity IN ('verified', 'unverified')),
    confidence TEXT NOT NULL CHECK (confidence IN ('exact', 'mentioned')),
    truora_id TEXT,
    idempotency_key TEXT,
    version TEXT,
    object TEXT NOT NULL CHECK (json_valid(object)),
    raw_type TEXT NOT NULL,              -- the vendor's own words
    raw_action TEXT NOT NULL,
    raw_status TEXT,
    raw_timestamp TEXT
) STRICT;
CREATE INDEX events_subject ON events (subject_id, subject_type);
CREATE INDEX events_occurred_at ON events (occurred_at);

CREATE TABLE sightings (
    event_id INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    channel TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    authenticity TEXT NOT NULL,
    time_source TEXT NOT NULL,           -- whose time this sighting told
    told TEXT,                           -- kinds of vendor's ids: digest of time and object
    PRIMARY KEY (event_id, delivery_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sightings_delivery ON sightings (delivery_id);

CREATE TABLE aliases (
    alias TEXT PRIMARY KEY,
    event_id INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_event ON aliases (event_id);

CREATE TABLE conflicts (
    event_id INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    field TEXT NOT NULL,
    had TEXT CHECK (json_valid(had)),
    got TEXT CHECK (json_valid(got)),
    at TEXT NOT NULL,
    PRIMARY KEY (event_id, delivery_id, field, got)
) STRICT;

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('delivery_failing', 'hook_disabled', 'hook_status')),
    endpoint TEXT,
    occurred_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    event_id INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    sightings INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'healed', 'lost', 'resolved')),
    authenticity TEXT NOT NULL,
    resolved_at TEXT,
    detail TEXT CHECK (json_valid(detail))
) STRICT;
CREATE INDEX alerts_kind ON alerts (kind, endpoint, last_seen_at);

CREATE TABLE positions (
    source TEXT PRIMARY KEY,             -- imap://user@host/INBOX
    uidvalidity INTEGER NOT NULL,
    last_uid INTEGER NOT NULL,
    updated_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE actions (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    verb TEXT NOT NULL CHECK (verb IN ('seen', 'move', 'delete')),
    target TEXT,
    message_id TEXT,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'copying', 'copied')),
    error TEXT,                          -- what the server said when it refused
    queued_at TEXT NOT NULL,
    UNIQUE (source, uidvalidity, uid)
) STRICT;

CREATE TABLE heartbeat (
    name TEXT PRIMARY KEY,               -- a folder's URL, or `writer`
    at TEXT NOT NULL,                    -- last completed round trip
    error TEXT,                          -- what has been failing since
    failing_since TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE vocabulary (
    event_type TEXT NOT NULL,
    event_action TEXT NOT NULL,
    product TEXT NOT NULL,
    rank INTEGER NOT NULL,
    repeats INTEGER NOT NULL,
    final INTEGER NOT NULL,
    follows_final INTEGER NOT NULL,
    PRIMARY KEY (event_type, event_action)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('revision', 0);

CREATE TABLE facts (
    name TEXT PRIMARY KEY,               -- about this file: the catalogue it was filled by
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

_VIEWS = """
CREATE VIEW quarantine AS
SELECT id, received_at, channel, sender, subject, outcome, reason, unread,
       authenticity, authenticity_detail, size, location
FROM deliveries
WHERE outcome = 'quarantined' OR unread > 0;

CREATE VIEW channels AS
SELECT e.id AS event_id, e.key,
       min(CASE WHEN s.channel IN ('email', 'file') THEN s.seen_at END) AS email_at,
       min(CASE WHEN s.channel = 'web' THEN s.seen_at END) AS web_at,
       min(CASE WHEN s.channel = 'api' THEN s.seen_at END) AS api_at,
       count(s.delivery_id) AS sightings
FROM events e
LEFT JOIN sightings s ON s.event_id = e.id
GROUP BY e.id;

-- One row a subject. `told_at` is when the vendor says it was: the object's update_date,
-- else the event's time. A mail-dated event has none (its Date says when we were told); it
-- goes by the rank of its action. First comes the latest with a time, else the highest rank,
-- and of two ends of one rank the one told first. Then a mail-dated event takes its place
-- if it ranks higher and that was no end, or if it may follow an end and was told later.
-- What is unverified counts only for subjects of which nothing verified is known.
CREATE VIEW latest_status AS
WITH subjects AS (
    SELECT subject_id, subject_type, max(authenticity) AS authenticity
    FROM events WHERE subject_id IS NOT NULL GROUP BY subject_id, subject_type
),
told AS NOT MATERIALIZED (
    SELECT e.id, e.subject_id, e.subject_type, e.authenticity, e.occurred_at,
           coalesce(e.updated_at, iif(e.time_source = 'vendor', e.occurred_at, NULL)) AS told_at,
           coalesce(v.rank, 0) AS rank,
           coalesce(v.final, 0) AS final,
           coalesce(v.follows_final, 0) AS follows_final
    FROM events e
    LEFT JOIN vocabulary v
           ON v.event_type = e.event_type AND v.event_action = e.event_action
)
SELECT s.subject_type, s.subject_id, e.product,
       coalesce(e.status, e.event_action) AS status,
       e.event_type, e.event_action, e.occurred_at, e.time_source,
       e.authenticity, e.confidence, e.process_id, e.account_id, e.flow_id,
       e.id AS event_id, e.key
FROM subjects s
JOIN told f ON f.id = (
    SELECT t.id FROM told t
    WHERE t.subject_id = s.subject_id AND t.subject_type = s.subject_type
      AND t.authenticity = s.authenticity
    ORDER BY t.told_at DESC, t.rank DESC, t.final DESC,
             iif(t.told_at IS NULL AND t.final AND NOT t.follows_final, t.occurred_at, NULL),
             t.occurred_at DESC, t.id
    LIMIT 1)
JOIN events e ON e.id = coalesce((
    SELECT t.id FROM told t
    WHERE t.subject_id = s.subject_id AND t.subject_type = s.subject_type
      AND t.authenticity = s.authenticity AND t.told_at IS NULL
      AND (t.rank > f.rank AND NOT f.final
           OR t.follows_final AND t.occurred_at >= f.told_at)
    ORDER BY t.rank DESC, t.final DESC,
             iif(t.final AND NOT t.follows_final, t.occurred_at, NULL), t.occurred_at DESC, t.id
    LIMIT 1), f.id);
"""

_RETENTION = """
CREATE TABLE tombstones (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,            -- the event's; never given again
    subject_id TEXT,
    event_type TEXT NOT NULL,
    event_action TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    time_source TEXT NOT NULL,
    authenticity TEXT NOT NULL,
    confidence TEXT NOT NULL,
    truora_id TEXT,
    idempotency_key TEXT,
    seen TEXT NOT NULL CHECK (json_valid(seen)),   -- [[channel, authenticity, told], …]
    alert TEXT,                          -- kind and endpoint; null: no alert
    last_seen_at TEXT,                   -- of an alert that a repeat would join
    pruned_at TEXT NOT NULL
) STRICT;
CREATE INDEX tombstones_alert ON tombstones (alert, last_seen_at) WHERE alert IS NOT NULL;

CREATE TABLE tombstone_aliases (
    alias TEXT PRIMARY KEY,
    tombstone_id INTEGER NOT NULL REFERENCES tombstones (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_aliases_tombstone ON tombstone_aliases (tombstone_id);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT CHECK (json_valid(detail)),
    why TEXT
) STRICT;

CREATE INDEX deliveries_kept ON deliveries (recorded_at)
    WHERE raw IS NOT NULL AND outcome <> 'quarantined' AND unread = 0;
CREATE INDEX events_recorded_at ON events (recorded_at);
CREATE INDEX conflicts_delivery ON conflicts (delivery_id);
CREATE INDEX alerts_delivery ON alerts (delivery_id);
CREATE INDEX alerts_event ON alerts (event_id);
"""

_ALARMS = """
CREATE TABLE alarms (
    name TEXT PRIMARY KEY,               -- folder:hooks/INBOX, alert:…, quarantine, disk
    words TEXT NOT NULL,
    level INTEGER NOT NULL,              -- how bad it has been; rises
    since TEXT NOT NULL,                 -- when it was noticed
    told_level INTEGER NOT NULL,         -- how bad people were told it is; 0: nobody was told
    told_at TEXT,                        -- when a letter about it was last written
    well_since TEXT,
    over_at TEXT,                        -- when it was told to be over
    flaps INTEGER NOT NULL               -- how often it began again within a day
) STRICT, WITHOUT ROWID;

CREATE TABLE letters (
    id INTEGER PRIMARY KEY,              -- in the order of writing
    target TEXT NOT NULL,                -- notify[0]: its place in the settings
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    written_at TEXT NOT NULL,
    tries INTEGER NOT NULL,
    next_at TEXT NOT NULL                -- not sent before
) STRICT;

ALTER TABLE heartbeat ADD COLUMN kind TEXT
    CHECK (kind IN ('refused', 'unreachable', 'settings'));
"""

_REPLAYS = """
CREATE TABLE replays (
    asked TEXT PRIMARY KEY,              -- which deliveries, by which rules: a fingerprint
    since TEXT,                          -- received_at of the oldest that were asked for
    last_id INTEGER NOT NULL,
    until_id INTEGER NOT NULL,
    counts TEXT NOT NULL CHECK (json_valid(counts)),
    audit_id INTEGER,
    updated_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

_WEB = """
CREATE TABLE web_minutes (
    minute TEXT PRIMARY KEY,             -- when it began
    ok INTEGER NOT NULL,                 -- answered 200, committed
    refused INTEGER NOT NULL,            -- answered 401 or 413
    failed INTEGER NOT NULL,             -- answered 503: the vendor's and not durable
    lookalike INTEGER NOT NULL,          -- of the refused, those that look like the vendor's
    retried INTEGER NOT NULL             -- attempts before those that were ok, by their age
) STRICT, WITHOUT ROWID;

CREATE TABLE unverified_tokens (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,         -- of the body
    source TEXT NOT NULL,                -- who sent it: an address, or unix
    received_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    sightings INTEGER NOT NULL,
    size INTEGER NOT NULL,               -- bytes of the body
    raw BLOB NOT NULL                    -- zlib
) STRICT;
CREATE INDEX unverified_tokens_source ON unverified_tokens (source);
CREATE INDEX unverified_tokens_last_seen_at ON unverified_tokens (last_seen_at);
"""
