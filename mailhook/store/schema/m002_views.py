"""The questions people ask most, as views."""

# When the vendor says it was, and what the catalogue says of it.
TOLD = """\
told AS NOT MATERIALIZED (
    SELECT e.id, e.subject_id, e.subject_type, e.authenticity, e.occurred_at,
           coalesce(e.updated_at, iif(e.time_source = 'vendor', e.occurred_at, NULL)) AS told_at,
           coalesce(v.rank, 0) AS rank,
           coalesce(v.final, 0) AS final,
           coalesce(v.follows_final, 0) AS follows_final
    FROM events e
    LEFT JOIN vocabulary v
           ON v.event_type = e.event_type AND v.event_action = e.event_action
)"""
# Of the subject `s` the event `e` that stands.
STANDS = """\
JOIN told f ON f.id = (
    SELECT t.id FROM told t
    WHERE t.subject_id = s.subject_id AND t.subject_type = s.subject_type
      AND t.authenticity = s.authenticity
    ORDER BY t.told_at DESC, t.rank DESC, t.final DESC,
             iif(t.told_at IS NULL AND t.final AND NOT t.follows_final, t.occurred_at, NULL),
             t.occurred_at DESC, t.id
    LIMIT 1)
JOIN events e ON e.id = coalesce((
    SELECT t.id FROM told t
    WHERE t.subject_id = s.subject_id AND t.subject_type = s.subject_type
      AND t.authenticity = s.authenticity AND t.told_at IS NULL
      AND (t.rank > f.rank AND NOT f.final
           OR t.follows_final AND t.occurred_at >= f.told_at)
    ORDER BY t.rank DESC, t.final DESC,
             iif(t.final AND NOT t.follows_final, t.occurred_at, NULL), t.occurred_at DESC, t.id
    LIMIT 1), f.id)"""

SQL = f"""
CREATE VIEW quarantine AS
SELECT id, received_at, channel, sender, subject, outcome, reason, unread,
       authenticity, authenticity_detail, size, location
FROM deliveries
WHERE outcome = 'quarantined' OR unread > 0;

CREATE VIEW channels AS
SELECT e.id AS event_id, e.key,
       min(CASE WHEN s.channel IN ('email', 'file') THEN s.seen_at END) AS email_at,
       min(CASE WHEN s.channel = 'web' THEN s.seen_at END) AS web_at,
       min(CASE WHEN s.channel = 'api' THEN s.seen_at END) AS api_at,
       count(s.delivery_id) AS sightings
FROM events e
LEFT JOIN sightings s ON s.event_id = e.id
GROUP BY e.id;

-- One row a subject. `told_at` is when the vendor says it was: the object's update_date,
-- else the event's time. A mail-dated event has none (its Date says when we were told); it
-- goes by the rank of its action. First comes the latest with a time, else the highest rank,
-- and of two ends of one rank the one told first. Then a mail-dated event takes its place
-- if it ranks higher and that was no end, or if it may follow an end and was told later.
-- What is unverified counts only for subjects of which nothing verified is known.
CREATE VIEW latest_status AS
WITH subjects AS (
    SELECT subject_id, subject_type, max(authenticity) AS authenticity
    FROM events WHERE subject_id IS NOT NULL GROUP BY subject_id, subject_type
),
{TOLD}
SELECT s.subject_type, s.subject_id, e.product,
       coalesce(e.status, e.event_action) AS status,
       e.event_type, e.event_action, e.occurred_at, e.time_source,
       e.authenticity, e.confidence, e.process_id, e.account_id, e.flow_id,
       e.id AS event_id, e.key
FROM subjects s
{STANDS};
"""  # noqa: S608 - constants
