"""Which roads brought each event, and the views over that, from `missed` to `disagreements`.

`brought` is kept by triggers, so that whatever writes a sighting keeps it, too. It is
narrow: a million events are looked through in a fraction of a second, while `events` holds
ten times as many bytes as the questions need. A sighting by `resource`, where the API was asked
for a subject, is no road: nobody told of the event.
"""

# An event is missed by a road only after the vendor's last retry (171 minutes).
GRACE = "-180 minutes"
# The usual time is that in which 19 of 20 came to an end, of so many at least, and no shorter.
_SHARE, _LEAST_SAMPLES, _LEAST_SECONDS = 0.95, 20, 3600

ROADS = ("email", "web", "api")
SECONDS = "(julianday({}) - julianday({})) * 86400"
ROAD = "iif({0}.channel = 'file', 'email', {0}.channel)"
COLUMNS = ", ".join(f"{road}_seconds" for road in ROADS)


def each(text: str, between: str = ", ") -> str:
    """The text once for each road."""
    return between.join(text.format(road=road) for road in ROADS)


# The same for a sighting that is new and for one that is proven later.
NOTE_BROUGHT = f"""\
    INSERT INTO brought (product, occurred_at, event_id, is_dated, has_subject, {COLUMNS})
    SELECT product, occurred_at, id, time_source = 'vendor', subject_id IS NOT NULL,
           {each("iif(road = '{road}', seconds, NULL)")}
    FROM (SELECT *, {ROAD.format("new")} AS road,
                 round({SECONDS.format("new.seen_at", "occurred_at")}, 3) AS seconds
          FROM events WHERE id = new.event_id)
    WHERE true
    ON CONFLICT DO UPDATE SET
        {each("{road}_seconds = coalesce({road}_seconds, excluded.{road}_seconds)")}
    WHERE {each("{road}_seconds IS NULL AND excluded.{road}_seconds IS NOT NULL", " OR ")};"""  # noqa: S608 - constants
NOTE_FILES = """\
    INSERT INTO roads SELECT 'email', new.seen_at, new.seen_at WHERE new.channel = 'file'
    ON CONFLICT DO UPDATE SET until = excluded.until WHERE until < excluded.until;"""
_BRING = f"""
BEGIN
{NOTE_BROUGHT}

    INSERT INTO carried
    SELECT product, {ROAD.format("new")}, occurred_at, recorded_at
    FROM events WHERE id = new.event_id
    ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at),
        heard_at = max(heard_at, excluded.heard_at)
    WHERE excluded.first_at < first_at OR excluded.heard_at > heard_at;

{NOTE_FILES}
END;
"""  # noqa: S608 - constants

# What has no subject is told apart by each road's own id: no two roads' tellings are one.
_MISSED_BY = f"""
SELECT b.event_id, b.product, b.occurred_at, '{{road}}' AS road,
       min({each("ifnull(b.{road}_seconds, 9e99)")})
       AS late_seconds, b.email_seconds, b.web_seconds
FROM roads w
CROSS JOIN carried c ON c.road = w.road
CROSS JOIN brought b ON b.product = c.product AND b.occurred_at > c.first_at
      AND b.occurred_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '{GRACE}')
      AND b.occurred_at <= coalesce(w.until, '~')
      AND b.{{road}}_seconds IS NULL AND b.has_subject
WHERE w.road = '{{road}}'
"""  # noqa: S608 - constants
_BROUGHT_BY = """
SELECT b.event_id, b.product, b.occurred_at, c.road, b.{road}_seconds AS seconds
FROM carried c
CROSS JOIN brought b ON b.product = c.product AND b.is_dated AND b.{road}_seconds IS NOT NULL
WHERE c.road = '{road}'
"""
# From what an older store holds.
FILL = f"""
INSERT INTO brought (product, occurred_at, event_id, is_dated, has_subject, {COLUMNS})
SELECT product, occurred_at, id, time_source = 'vendor', subject_id IS NOT NULL,
       {each("min(iif(road = '{road}', seconds, NULL))")}
FROM (SELECT e.*, {ROAD.format("s")} AS road,
             round({SECONDS.format("s.seen_at", "e.occurred_at")}, 3) AS seconds
      FROM sightings s JOIN events e ON e.id = s.event_id
      WHERE s.authenticity = 'verified' AND s.channel <> 'resource')
GROUP BY id;

INSERT INTO carried
SELECT e.product, {ROAD.format("s")} AS road, min(e.occurred_at), max(e.recorded_at)
FROM sightings s JOIN events e ON e.id = s.event_id
WHERE s.authenticity = 'verified' AND s.channel <> 'resource' GROUP BY e.product, road;
"""  # noqa: S608 - constants

MOVE_BROUGHT = f"""\
    UPDATE brought SET product = new.product, occurred_at = new.occurred_at,
        is_dated = new.time_source = 'vendor',
        {
    each(
        "{road}_seconds = round({road}_seconds + "
        + SECONDS.format("old.occurred_at", "new.occurred_at")
        + ", 3)"
    )
}
    WHERE product = old.product AND occurred_at = old.occurred_at AND event_id = old.id;"""  # noqa: S608 - constants
MISSED = """\
CREATE VIEW missed AS
SELECT t.event_id, e.key, t.product, e.event_type, e.event_action, e.subject_id, t.occurred_at,
       t.road, CASE t.late_seconds WHEN t.web_seconds THEN 'web' WHEN t.email_seconds THEN 'email'
               ELSE 'api' END AS found_by,
       (SELECT min(s.seen_at) FROM sightings s
        WHERE s.event_id = t.event_id AND s.authenticity = 'verified') AS found_at,
       t.late_seconds"""
WAITING = f"""\
WITH lives AS (
    SELECT e.product, e.subject_type, e.subject_id, min(e.occurred_at) AS began_at,
           min(iif(v.final, e.occurred_at, NULL)) AS ended_at,
           max(iif(v.final, e.occurred_at, NULL)) AS last_ended_at,
           max(iif(e.event_action = 'restarted', e.occurred_at, NULL)) AS restarted_at
    FROM events e
    LEFT JOIN vocabulary v ON v.event_type = e.event_type AND v.event_action = e.event_action
          AND v.event_action <> 'deleted'
    WHERE e.subject_id IS NOT NULL AND e.authenticity = 'verified' AND e.event_type <> 'webhook'
    GROUP BY e.product, e.subject_type, e.subject_id
),
spans AS (
    SELECT product, subject_type,
           {SECONDS.format("ended_at", "began_at")} AS seconds
    FROM lives WHERE ended_at > began_at
),
ranked AS (
    SELECT product, subject_type, seconds, count(*) OVER kind AS samples,
           row_number() OVER (kind ORDER BY seconds) AS nth
    FROM spans WINDOW kind AS (PARTITION BY product, subject_type)
),
usual AS (
    SELECT product, subject_type, samples,
           max({_LEAST_SECONDS}, round(min(seconds))) AS usual_seconds
    FROM ranked WHERE samples >= {_LEAST_SAMPLES} AND nth >= {_SHARE} * samples
    GROUP BY product, subject_type
),
waiting AS (
    SELECT *, {SECONDS.format("'now'", "since")} AS waiting_seconds FROM (
        SELECT product, subject_type, subject_id, began_at,
               iif(ended_at IS NULL, max(began_at, ifnull(restarted_at, '')), restarted_at)
               AS since
        FROM lives WHERE ended_at IS NULL OR restarted_at > last_ended_at)
)"""  # noqa: S608 - constants

SQL = f"""
CREATE TABLE roads (
    road TEXT PRIMARY KEY CHECK (road IN ('email', 'web', 'api')),
    since TEXT NOT NULL,                 -- when it was first found in the settings
    until TEXT                           -- null: in the settings; else when files were last read
) STRICT, WITHOUT ROWID;

CREATE TABLE expected (
    product TEXT PRIMARY KEY,            -- of `expect` in the settings
    since TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE carried (
    product TEXT NOT NULL,
    road TEXT NOT NULL,
    first_at TEXT NOT NULL,              -- the time of the earliest event it brought
    heard_at TEXT NOT NULL,              -- when the newest of its events was recorded
    PRIMARY KEY (product, road)
) STRICT, WITHOUT ROWID;

CREATE TABLE brought (
    product TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    event_id INTEGER NOT NULL,
    is_dated INTEGER NOT NULL,           -- whether the time is the vendor's
    has_subject INTEGER NOT NULL,
    email_seconds REAL,                  -- from then until it was first seen, proven; or null
    web_seconds REAL,
    api_seconds REAL,
    PRIMARY KEY (product, occurred_at, event_id)
) STRICT, WITHOUT ROWID;

{FILL}
CREATE TRIGGER sightings_bring AFTER INSERT ON sightings
WHEN new.authenticity = 'verified' AND new.channel <> 'resource'
{_BRING}
CREATE TRIGGER sightings_prove AFTER UPDATE OF authenticity ON sightings
WHEN new.authenticity = 'verified' AND old.authenticity <> 'verified' AND new.channel <> 'resource'
{_BRING}
CREATE TRIGGER events_move AFTER UPDATE OF product, occurred_at, time_source ON events
BEGIN
{MOVE_BROUGHT}

    INSERT INTO carried
    SELECT new.product, r.column1, new.occurred_at, new.recorded_at
    FROM brought b JOIN (VALUES ('email'), ('web'), ('api')) r
    WHERE b.product = new.product AND b.occurred_at = new.occurred_at AND b.event_id = new.id
      AND CASE r.column1 {each("WHEN '{road}' THEN b.{road}_seconds", " ")} END IS NOT NULL
    ON CONFLICT DO UPDATE SET first_at = excluded.first_at WHERE excluded.first_at < first_at;
END;

CREATE TRIGGER events_leave AFTER DELETE ON events
BEGIN
    DELETE FROM brought
    WHERE product = old.product AND occurred_at = old.occurred_at AND event_id = old.id;
END;

-- Event by event, so that the newest few of a million cost no more than of a hundred. That the
-- API was asked for a subject because of the event is no telling of it.
DROP VIEW channels;
CREATE VIEW channels AS
SELECT e.id AS event_id, e.key,
       {
    ", ".join(
        f"(SELECT min(seen_at) FROM sightings s WHERE s.event_id = e.id"
        f" AND {ROAD.format('s')} = '{road}') AS {road}_at"
        for road in ROADS
    )
},
       (SELECT count(*) FROM sightings s WHERE s.event_id = e.id AND s.channel <> 'resource')
       AS sightings
FROM events e;

{MISSED}
FROM ({each(_MISSED_BY, " UNION ALL ")}) t
LEFT JOIN events e ON e.id = t.event_id;

CREATE VIEW latency AS
SELECT t.event_id, e.key, t.product, e.event_type, e.event_action, t.occurred_at, t.road,
       (SELECT min(s.seen_at) FROM sightings s WHERE s.event_id = t.event_id
        AND s.authenticity = 'verified' AND {ROAD.format("s")} = t.road) AS seen_at,
       t.seconds
FROM ({each(_BROUGHT_BY, " UNION ALL ")}) t
LEFT JOIN events e ON e.id = t.event_id;

CREATE VIEW unfinished AS
{WAITING}
SELECT w.product, w.subject_type, w.subject_id,
       (SELECT coalesce(e.status, e.event_action) FROM events e
        WHERE e.subject_id = w.subject_id AND e.subject_type = w.subject_type
          AND e.authenticity = 'verified' ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1)
       AS status,
       w.since, round(w.waiting_seconds) AS waiting_seconds, u.usual_seconds, u.samples
FROM waiting w JOIN usual u ON u.product = w.product AND u.subject_type = w.subject_type
WHERE w.waiting_seconds > u.usual_seconds;

CREATE VIEW disagreements AS
SELECT c.event_id, e.key, e.product, e.event_type, e.event_action, e.subject_id, c.field,
       c.had, c.got, {ROAD.format("f")} AS had_by, {ROAD.format("g")} AS got_by, c.at
FROM conflicts c
CROSS JOIN events e ON e.id = c.event_id
CROSS JOIN sightings g ON g.event_id = c.event_id AND g.delivery_id = c.delivery_id
     AND g.authenticity = 'verified' AND g.channel <> 'resource'
CROSS JOIN sightings f ON f.event_id = c.event_id AND f.delivery_id = (
    SELECT s.delivery_id FROM sightings s
    WHERE s.event_id = c.event_id AND s.authenticity = 'verified' AND s.seen_at <= c.at
      AND s.channel <> 'resource' AND {ROAD.format("s")} <> {ROAD.format("g")}
    ORDER BY s.seen_at, s.delivery_id LIMIT 1);
"""  # noqa: S608 - constants
