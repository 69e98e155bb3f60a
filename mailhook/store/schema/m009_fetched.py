"""What of an event no road has told: its subject, asked for because of it, stands in for that."""

# Until now nothing kept the two apart, and a mention took all but its ids from its subject.
SQL = """
ALTER TABLE events ADD COLUMN fetched TEXT CHECK (fetched IS NULL OR json_valid(fetched));

CREATE TEMP TABLE filled (id INTEGER PRIMARY KEY, nth INTEGER NOT NULL);
INSERT INTO filled
SELECT e.id, row_number() OVER (ORDER BY e.id)
FROM events e
WHERE e.confidence = 'exact'
  AND e.id IN (SELECT event_id FROM sightings WHERE channel = 'resource')
  AND NOT EXISTS (SELECT 1 FROM sightings s JOIN deliveries d ON d.id = s.delivery_id
                  WHERE s.event_id = e.id AND s.channel <> 'resource'
                    AND d.reader IS NOT 'mention');

UPDATE events SET updated_at = NULL,
    revision = (SELECT c.value + f.nth FROM counters c, filled f
                WHERE c.name = 'revision' AND f.id = events.id),
    fetched = (SELECT json_group_array(name) FROM (
        SELECT 'confidence' AS name
        UNION ALL SELECT 'status' WHERE events.status IS NOT NULL
        UNION ALL SELECT 'raw_status' WHERE events.raw_status IS NOT NULL
        UNION ALL SELECT 'object.' || key FROM json_each(events.object)))
WHERE id IN (SELECT id FROM filled);

UPDATE counters SET value = value + (SELECT count(*) FROM filled) WHERE name = 'revision';
DROP TABLE filled;
"""
