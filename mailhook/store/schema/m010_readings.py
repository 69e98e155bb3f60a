"""What a reading that was broken off has seen, so that going on with it sees the list as one."""

SQL = """
ALTER TABLE listings ADD COLUMN last_at TEXT;   -- the time that it has told of last
ALTER TABLE listings ADD COLUMN falls INTEGER;  -- whether it was newest first so far; null: none
ALTER TABLE listings ADD COLUMN pages INTEGER NOT NULL DEFAULT 0;

-- What a reading has seen that is broken off just now is not known: it is read to its end.
UPDATE listings SET is_mixed = 1 WHERE next IS NOT NULL;
"""
