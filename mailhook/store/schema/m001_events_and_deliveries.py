"""What arrived, what it told of, and how the two belong together."""

SQL = """
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
