"""What the endpoint answered, what comes by it, and tokens that no key has signed yet."""

SQL = """
CREATE TABLE web_minutes (
    minute TEXT PRIMARY KEY,             -- when it began
    ok INTEGER NOT NULL,                 -- answered 200, committed
    refused INTEGER NOT NULL,            -- answered 401, 408, 413, or cut off: anybody's
    failed INTEGER NOT NULL,             -- answered 503 or 500: not durable
    lookalike INTEGER NOT NULL,          -- of the refused, those that look like the vendor's
    retried INTEGER NOT NULL             -- attempts before those that were ok, by their age
) STRICT, WITHOUT ROWID;

CREATE TABLE web_carried (
    event_type TEXT NOT NULL,
    event_action TEXT NOT NULL,
    product TEXT NOT NULL,
    since TEXT NOT NULL,                 -- when the first one came
    last_at TEXT NOT NULL,               -- when one came last, to the hour
    PRIMARY KEY (event_type, event_action)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER sightings_by_web AFTER INSERT ON sightings
WHEN NEW.channel = 'web' AND NEW.authenticity = 'verified'
BEGIN
    INSERT INTO web_carried
    SELECT event_type, event_action, product, NEW.seen_at, NEW.seen_at
    FROM events WHERE id = NEW.event_id
    ON CONFLICT (event_type, event_action) DO UPDATE SET last_at = excluded.last_at
    WHERE substr(excluded.last_at, 1, 13) > substr(last_at, 1, 13);
END;

ALTER TABLE alerts ADD COLUMN resolved_by TEXT
    CHECK (resolved_by IN ('hand', 'mail', 'web'));

CREATE TABLE unverified_tokens (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,         -- of the body
    source TEXT NOT NULL,                -- who sent it: an address, a network of IPv6, or unix
    received_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    sightings INTEGER NOT NULL,
    size INTEGER NOT NULL,               -- bytes of the body
    rechecked_at TEXT,                   -- when it was last examined again, in vain
    raw BLOB NOT NULL                    -- zlib
) STRICT;
CREATE INDEX unverified_tokens_held
    ON unverified_tokens (received_at, source, size, sightings, rechecked_at);
"""
