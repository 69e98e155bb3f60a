"""What a road cannot be blamed for: when it was not asked, was absent, or one event is misdated.

The time of one event says since when a road brings a product, if the road told of it as late
as the vendor tells of anything: its list reaches back 60 days. Else the road is known
to bring it since it told of that event. `unfinished` goes by what `latest_status` shows.
"""

from mailhook.store.schema.m002_views import STANDS, TOLD
from mailhook.store.schema.m008_views import (
    GRACE,
    MISSED,
    MOVE_BROUGHT,
    NOTE_BROUGHT,
    NOTE_FILES,
    ROAD,
    SECONDS,
    WAITING,
    each,
)

# A day more than the vendor's list reaches back.
_LATEST_SECONDS = 61 * 86_400

_SINCE = f"iif({{seconds}} > {_LATEST_SECONDS}, {{seen_at}}, {{occurred_at}})"
_SEEN_AT = "strftime('%Y-%m-%dT%H:%M:%f000Z', {occurred_at}, {seconds} || ' seconds')"
_BY_ROAD = "CASE {road} " + each("WHEN '{road}' THEN b.{road}_seconds", " ") + " END"
_NOTE_CARRIED = """\
    ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at),
        heard_at = max(heard_at, excluded.heard_at)
    WHERE excluded.first_at < first_at OR excluded.heard_at > heard_at;"""
_BRING = f"""
BEGIN
{NOTE_BROUGHT}

    INSERT INTO carried
    SELECT product, {ROAD.format("new")},
           {
    _SINCE.format(
        seconds=SECONDS.format("new.seen_at", "occurred_at"),
        seen_at="new.seen_at",
        occurred_at="occurred_at",
    )
}, recorded_at
    FROM events WHERE id = new.event_id
{_NOTE_CARRIED}

{NOTE_FILES}
END;
"""  # noqa: S608 - constants


def _since(occurred_at: str) -> str:
    """Since when the road is known to bring the product, by one event that it brought."""
    seen_at = _SEEN_AT.format(occurred_at=occurred_at, seconds="seconds")
    return _SINCE.format(seconds="seconds", seen_at=seen_at, occurred_at=occurred_at)


# The API can be blamed only for what had happened when its list was read to the end.
_ASKED_UNTIL = {
    "api": f"""
      AND b.occurred_at < (SELECT strftime('%Y-%m-%dT%H:%M:%f000Z', max(read_at), '{GRACE}')
                           FROM listings)"""  # noqa: S608 - a constant
}
_MISSED_BY = """
SELECT b.event_id, b.product, b.occurred_at, '{road}' AS road,
       min({seconds}) AS late_seconds, b.email_seconds, b.web_seconds
FROM (SELECT road, until, EXISTS (SELECT 1 FROM absences WHERE road = '{road}') AS was_absent
      FROM roads WHERE road = '{road}') w
CROSS JOIN carried c ON c.road = w.road
CROSS JOIN brought b ON b.product = c.product AND b.occurred_at > c.first_at
      AND b.occurred_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '{grace}')
      AND b.occurred_at <= coalesce(w.until, '~')
      AND b.{road}_seconds IS NULL AND b.has_subject{asked}
WHERE NOT (w.was_absent AND EXISTS (
    SELECT 1 FROM absences a
    WHERE a.road = '{road}' AND b.occurred_at BETWEEN a.since AND a.until))
"""


def _missed_by(road: str) -> str:
    return _MISSED_BY.format(
        road=road,
        seconds=each("ifnull(b.{road}_seconds, 9e99)"),
        grace=GRACE,
        asked=_ASKED_UNTIL.get(road, ""),
    )


SQL = f"""
CREATE TABLE absences (
    road TEXT NOT NULL CHECK (road IN ('email', 'web', 'api')),
    since TEXT NOT NULL,                 -- when the settings named it no more
    until TEXT,                          -- when they did again; null: they do not
    PRIMARY KEY (road, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE final_statuses (
    subject_type TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (subject_type, status)
) STRICT, WITHOUT ROWID;
DELETE FROM facts WHERE name = 'catalog';   -- so that it is filled

DROP TRIGGER sightings_bring;
DROP TRIGGER sightings_prove;
DROP TRIGGER events_move;
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
    SELECT new.product, road, {_since("new.occurred_at")}, new.recorded_at
    FROM (SELECT r.column1 AS road, {_BY_ROAD.format(road="r.column1")} AS seconds
          FROM brought b JOIN (VALUES ('email'), ('web'), ('api')) r
          WHERE b.product = new.product AND b.occurred_at = new.occurred_at
            AND b.event_id = new.id)
    WHERE seconds IS NOT NULL
{_NOTE_CARRIED}
END;

UPDATE carried SET first_at = (
    SELECT min({_since("occurred_at")})
    FROM (SELECT b.occurred_at, {_BY_ROAD.format(road="carried.road")} AS seconds
          FROM brought b WHERE b.product = carried.product)
    WHERE seconds IS NOT NULL)
WHERE EXISTS (
    SELECT 1 FROM brought b
    WHERE b.product = carried.product AND b.occurred_at = carried.first_at
      AND {_BY_ROAD.format(road="carried.road")} > {_LATEST_SECONDS});

-- One name by whichever road: of a type that the catalogue does not know, it is the type.
WITH named AS (
    SELECT id, row_number() OVER (ORDER BY revision) AS nth FROM events
    WHERE product <> event_type AND event_type <> ''
      AND event_type NOT IN (SELECT event_type FROM vocabulary)
)
UPDATE events SET product = event_type,
    revision = named.nth + (SELECT value FROM counters WHERE name = 'revision')
FROM named WHERE named.id = events.id;
UPDATE counters SET value = max(value, (SELECT ifnull(max(revision), 0) FROM events))
WHERE name = 'revision';
UPDATE web_carried SET product = event_type
WHERE event_type <> '' AND event_type NOT IN (SELECT event_type FROM vocabulary);

DROP VIEW missed;
{MISSED}
FROM ({" UNION ALL ".join(map(_missed_by, ("email", "web", "api")))}) t
LEFT JOIN events e ON e.id = t.event_id;

DROP VIEW unfinished;
CREATE VIEW unfinished AS
{WAITING},
{TOLD}
SELECT s.product, s.subject_type, s.subject_id, coalesce(e.status, e.event_action) AS status,
       s.since, round(s.waiting_seconds) AS waiting_seconds, s.usual_seconds, s.samples
FROM (SELECT w.*, 'verified' AS authenticity, u.usual_seconds, u.samples
      FROM waiting w JOIN usual u ON u.product = w.product AND u.subject_type = w.subject_type
      WHERE w.waiting_seconds > u.usual_seconds) s
{STANDS.replace("JOIN ", "CROSS JOIN ")}
WHERE NOT EXISTS (SELECT 1 FROM final_statuses n
                  WHERE n.subject_type = s.subject_type AND n.status = e.status);
"""  # noqa: S608 - constants
