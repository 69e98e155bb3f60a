"""Which reading of the list has begun when, by number; and the names of hooks in tombstones."""

# Of an older store nobody knows whether the last reading began after an alert was told: but of
# what is healed. For the rest the next one is waited for.
SQL = """
ALTER TABLE alerts ADD COLUMN readings INTEGER NOT NULL DEFAULT 0;
ALTER TABLE listings ADD COLUMN number INTEGER;
ALTER TABLE listings ADD COLUMN read_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE listings ADD COLUMN read_from TEXT;
ALTER TABLE tombstones ADD COLUMN hook_name TEXT;

INSERT INTO counters VALUES ('readings', 1);
UPDATE listings SET number = iif(next IS NULL, NULL, 1), read_number = iif(read_at IS NULL, 0, 1),
    read_from = strftime('%Y-%m-%dT%H:%M:%S.000000Z', read_at, '-60 days');
UPDATE alerts SET readings = 1 WHERE state <> 'healed';
"""
