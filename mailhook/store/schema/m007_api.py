"""How far the vendor's list was read, how it delivers, and what it says of subjects now."""

SQL = """
CREATE TABLE listings (
    source TEXT PRIMARY KEY,             -- the list's address
    read_until TEXT,                     -- all that it told of up to then is here; vendor's time
    read_at TEXT,                        -- when the reading began that has come so far
    since TEXT,                          -- of a reading that goes on: from when on; '' all
    next TEXT,                           -- and its next page
    newest TEXT,                         -- and the latest time it has told of
    began_at TEXT,                       -- and since when it goes on
    error TEXT,                          -- what has kept us from reading it
    failing_since TEXT,
    is_mixed INTEGER NOT NULL DEFAULT 0  -- it was seen to be several lists, one after the other
) STRICT, WITHOUT ROWID;

CREATE TABLE listed (
    idempotency_key TEXT PRIMARY KEY,
    event_id INTEGER REFERENCES events (id) ON DELETE CASCADE,
    delivery_status TEXT,                -- pending, success, failure: the vendor's word
    delivery_attempts INTEGER,
    occurred_at TEXT,
    updated_at TEXT,                     -- update_date: the last attempt
    listed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX listed_event ON listed (event_id);
CREATE INDEX listed_updated_at ON listed (updated_at);

CREATE TABLE resources (
    subject_type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    url TEXT NOT NULL,
    status TEXT,
    raw_status TEXT,
    updated_at TEXT,                     -- its own update_date
    fetched_at TEXT NOT NULL,
    gone_at TEXT,                        -- since when the API says that there is none
    object TEXT CHECK (object IS NULL OR json_valid(object)),
    PRIMARY KEY (subject_type, subject_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE completions (
    event_id INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('waits', 'done', 'gone', 'given_up')),
    tries INTEGER NOT NULL,
    next_at TEXT,                        -- not asked again before; null where it waits no more
    problem TEXT,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX completions_due ON completions (next_at) WHERE state = 'waits';

-- What became of the gap that the alert tells of, in a sentence.
ALTER TABLE alerts ADD COLUMN healing TEXT;

-- What may have to be completed, so that only mentions and ends are looked at.
CREATE INDEX events_incomplete ON events (confidence, event_type, event_action, subject_type)
WHERE confidence = 'mentioned' OR status IS NULL;

-- What was fetched of a subject is personal: it goes with the last event of the subject.
CREATE TRIGGER resources_go AFTER DELETE ON events
WHEN old.subject_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM events
    WHERE subject_id = old.subject_id AND subject_type = old.subject_type)
BEGIN
    DELETE FROM resources
    WHERE subject_type = old.subject_type AND subject_id = old.subject_id;
END;

-- What was tried for an unproven event says nothing of the proven one in its place.
CREATE TRIGGER completions_anew AFTER UPDATE OF authenticity ON events
WHEN new.authenticity = 'verified' AND old.authenticity <> 'verified'
BEGIN
    DELETE FROM completions WHERE event_id = new.id;
    UPDATE resources SET gone_at = NULL
    WHERE subject_type = new.subject_type AND subject_id = new.subject_id;
END;

-- The API may say of what is quite new that there is none: once it is found, all are asked for.
CREATE TRIGGER completions_return AFTER UPDATE OF gone_at ON resources
WHEN old.gone_at IS NOT NULL AND new.gone_at IS NULL
BEGIN
    DELETE FROM completions WHERE state = 'gone' AND event_id IN (
        SELECT id FROM events
        WHERE subject_id = new.subject_id AND subject_type = new.subject_type);
END;
"""
