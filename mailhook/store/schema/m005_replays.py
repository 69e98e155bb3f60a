"""How far a replay has come that was broken off."""

SQL = """
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
