"""What people were told, what is still to be told, and why a folder is not read."""

SQL = """
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
