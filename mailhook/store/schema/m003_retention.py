"""What stays of a pruned event, who removed what, and what pruning looks things up by."""

SQL = """
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
