"""Alerts: the same kind, endpoint and authenticity within a day is the same alert."""

from __future__ import annotations

from one_event_cases.notation import Alerts, Case, alert, copy, forged, mail

_URL = "https://hooks.example.com/in"
_WORD = "https%3A%2F%2Fhooks.example.com%2Fin"
_FIRST = alert("disabled", _URL, date="10:00:00")
_ROW = f"webhook/{_WORD}/disabled@10:00:00 | mail 10:00:00 | verified"
_NEXT_DAY = "2026-08-04T10:00:00Z"
_LATER = "2026-08-04T10:00:01Z"


def _after(state: str, *, joins: bool) -> Case:
    tell = (_FIRST, Alerts(state), alert("disabled", _URL, date="11:00:00"))
    if joins:
        rows: tuple[str, ...] = (f"{_ROW} | 2",)
        alerts: tuple[str, ...] = (f"hook_disabled {_URL} open 2",)
    else:
        rows = (
            f"{_ROW} | 1",
            f"webhook/{_WORD}/disabled@11:00:00 | mail 11:00:00 | verified | 1",
        )
        alerts = (f"hook_disabled {_URL} {state} 1", f"hook_disabled {_URL} open 1")
    how = "joined, and open again" if joins else "never joined"
    return Case(f"an alert that is {state} is {how}", tell, rows, "alert alert", alerts=alerts)


CASES = (
    Case(
        "an alert is a row of events named by its endpoint and its time",
        (_FIRST,),
        (f"{_ROW} | 1",),
        "alert",
        alerts=(f"hook_disabled {_URL} open 1",),
        says={
            f"webhook/{_WORD}/disabled@10:00:00": {
                "product": "webhook",
                "event_type": "webhook",
                "event_action": "disabled",
            }
        },
    ),
    Case(
        "an alert that names no endpoint has a hyphen for it",
        (alert("delivery_failing", date="10:00:00"),),
        ("webhook/-/delivery_failing@10:00:00 | mail 10:00:00 | verified | 1",),
        "alert",
        alerts=("delivery_failing - open 1",),
    ),
    Case(
        "creator and owner get the same alert: one row, two sightings",
        (_FIRST, alert("disabled", _URL, date="10:00:01")),
        (f"{_ROW} | 2",),
        "alert alert",
        alerts=(f"hook_disabled {_URL} open 2",),
    ),
    Case(
        "no endpoint named equals none named, and no named one",
        (
            alert("disabled", date="10:00:00"),
            alert("disabled", date="10:00:01"),
            alert("disabled", _URL, date="10:00:02"),
            alert("disabled", f"{_URL}/other", date="10:00:03"),
        ),
        (
            "webhook/-/disabled@10:00:00 | mail 10:00:00 | verified | 2",
            f"webhook/{_WORD}/disabled@10:00:02 | mail 10:00:02 | verified | 1",
            f"webhook/{_WORD}%2Fother/disabled@10:00:03 | mail 10:00:03 | verified | 1",
        ),
        "alert alert alert alert",
        alerts=(
            "hook_disabled - open 2",
            f"hook_disabled {_URL} open 1",
            f"hook_disabled {_URL}/other open 1",
        ),
    ),
    Case(
        "an alert joins within a day of the last sighting, not of the first",
        (
            _FIRST,
            alert("disabled", _URL, date=_NEXT_DAY),
            alert("disabled", _URL, date="2026-08-05T10:00:00Z"),
        ),
        (f"{_ROW} | 3",),
        "alert alert alert",
        alerts=(f"hook_disabled {_URL} open 3",),
    ),
    Case(
        "more than a day later it is a new alert",
        (_FIRST, alert("disabled", _URL, date=_LATER)),
        (
            f"{_ROW} | 1",
            f"webhook/{_WORD}/disabled@{_LATER} | mail {_LATER} | verified | 1",
        ),
        "alert alert",
        alerts=(f"hook_disabled {_URL} open 1", f"hook_disabled {_URL} open 1"),
    ),
    Case(
        "a copy read days late belongs to the alert that was going on at its date",
        (
            _FIRST,
            alert("disabled", _URL, date=_NEXT_DAY),
            alert("disabled", _URL, date="2026-08-05T10:00:00Z"),
            alert("disabled", _URL, date="10:00:01"),
            alert("disabled", _URL, date="2026-08-06T10:00:00Z"),
        ),
        (f"{_ROW} | 5",),
        "alert alert alert alert alert",
        alerts=(f"hook_disabled {_URL} open 5",),
    ),
    Case(
        "alerts of two kinds never join",
        (_FIRST, alert("delivery_failing", _URL, date="10:00:01")),
        (
            f"{_ROW} | 1",
            f"webhook/{_WORD}/delivery_failing@10:00:01 | mail 10:00:01 | verified | 1",
        ),
        "alert alert",
        alerts=(f"hook_disabled {_URL} open 1", f"delivery_failing {_URL} open 1"),
    ),
    Case(
        "alerts of one kind join whatever their words",
        (
            alert("enabled", _URL, date="10:00:00"),
            alert("status_changed", _URL, date="10:05:00"),
        ),
        (f"webhook/{_WORD}/enabled@10:00:00 | mail 10:00:00 | verified | 2",),
        "alert alert",
        alerts=(f"hook_status {_URL} open 2",),
    ),
    Case(
        "a forged alert and a genuine one never join, in either order",
        (
            forged(alert("disabled", _URL, date="10:00:00")),
            _FIRST,
            forged(alert("disabled", _URL, date="10:00:01")),
        ),
        (
            f"webhook/{_WORD}/disabled@10:00:00 | mail 10:00:00 | unverified | 2",
            f"webhook/{_WORD}/disabled@10:00:00~2 | mail 10:00:00 | verified | 1",
        ),
        "alert alert alert",
        alerts=(f"hook_disabled {_URL} open 2", f"hook_disabled {_URL} open 1"),
    ),
    _after("healed", joins=True),
    _after("lost", joins=True),
    _after("resolved", joins=False),
    Case(
        "an alert at its place again is a duplicate, a copy elsewhere a sighting",
        (_FIRST, _FIRST, copy(_FIRST)),
        (f"{_ROW} | 2",),
        "alert duplicate alert",
        alerts=(f"hook_disabled {_URL} open 2",),
    ),
    Case(
        "the very mail once more joins even an alert that is resolved",
        (_FIRST, Alerts("resolved"), copy(_FIRST)),
        (f"{_ROW} | 2",),
        "alert alert",
        alerts=(f"hook_disabled {_URL} resolved 2",),
    ),
    Case(
        "an endpoint that is no text is none",
        (alert("disabled", [_URL], date="10:00:00"),),
        ("webhook/-/disabled@10:00:00 | mail 10:00:00 | verified | 1",),
        "alert",
        alerts=("hook_disabled - open 1",),
    ),
    Case(
        "an alert at the end of the calendar is an alert",
        (alert("disabled", date="9999-12-31T23:59:59Z"),),
        ("webhook/-/disabled@9999-12-31T23:59:59Z | mail 9999-12-31T23:59:59Z | verified | 1",),
        "alert",
        alerts=("hook_disabled - open 1",),
    ),
    Case(
        "an unknown word about hooks is an event and no alert, once for each time",
        (
            mail("webhook.pondered", None, at="10:00:00", endpoint=_URL),
            mail("webhook.pondered", None, at="10:00:00", endpoint=_URL),
        ),
        (f"webhook/{_WORD}/pondered@10:00:00 | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
    ),
)
