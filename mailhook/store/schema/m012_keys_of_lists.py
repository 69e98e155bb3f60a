"""With which key a list was read, for another may list another account's; how long it rests."""

SQL = """
ALTER TABLE listings ADD COLUMN key_mark TEXT;  -- tells the key from others; null: not noted yet
ALTER TABLE listings ADD COLUMN paged_at TEXT;  -- when the last page of a reading was recorded
ALTER TABLE listings ADD COLUMN rests_until TEXT;  -- till when the API wants to be left alone
UPDATE listings SET paged_at = began_at;
"""
