"""With which key a list was read, for another one may list another account's events."""

SQL = """
ALTER TABLE listings ADD COLUMN key_mark TEXT;  -- tells the key from others; null: not noted yet
ALTER TABLE listings ADD COLUMN paged_at TEXT;  -- when the last page of a reading was recorded
UPDATE listings SET paged_at = began_at;
"""
