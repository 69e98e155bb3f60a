"""What the endpoint answered, minute by minute, and tokens that no key has signed yet."""

SQL = """
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
