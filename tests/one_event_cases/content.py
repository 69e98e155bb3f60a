"""What a further sighting may change: fill what was missing, never overwrite."""

from __future__ import annotations

from one_event_cases.notation import Case, api, forged, mail, web

_KEY = "CHK1/check.finished"

CASES = (
    Case(
        "later sightings fill what was missing",
        (
            mail("check.finished"),
            api("check.finished", hik="HIK1", status="completed", score=0.9, account_id="ACC1"),
        ),
        (f"{_KEY} | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        says={
            _KEY: {
                "status": "completed",
                "raw_status": "completed",
                "idempotency_key": "HIK1",
                "account_id": "ACC1",
                "object": {
                    "check_id": "CHK1",
                    "status": "completed",
                    "score": 0.9,
                    "account_id": "ACC1",
                },
            }
        },
    ),
    Case(
        "a different value is a conflict, never an overwrite",
        (
            web("check.finished", status="completed", score=1),
            api("check.finished", status="error", score=2),
        ),
        (f"{_KEY} | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        (
            f'{_KEY}: status "completed" -> "error"',
            f'{_KEY}: object.status "completed" -> "error"',
            f"{_KEY}: object.score 1 -> 2",
        ),
        says={
            _KEY: {
                "status": "completed",
                "object": {"check_id": "CHK1", "status": "completed", "score": 1},
            }
        },
    ),
    Case(
        "objects are filled up member by member, at any depth",
        (
            web("check.finished", person={"result": "found", "score": None}),
            api("check.finished", person={"result": "not found", "score": 1, "more": [1]}),
        ),
        (f"{_KEY} | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        (f'{_KEY}: object.person.result "found" -> "not found"',),
        says={
            _KEY: {
                "object": {
                    "check_id": "CHK1",
                    "person": {"result": "found", "score": 1, "more": [1]},
                }
            }
        },
    ),
    Case(
        "what is absent in a later sighting is no conflict",
        (web("check.finished", score=1), api("check.finished"), api("check.finished", score=None)),
        (f"{_KEY} | vendor 10:00:00 | verified | 3",),
        "recorded duplicate duplicate",
        says={_KEY: {"object": {"check_id": "CHK1", "score": 1}}},
    ),
    Case(
        "two words for one status are no conflict of the status",
        (
            web("identity_process.succeeded", "IDP1", status="success"),
            mail("identity_process.succeeded", "IDP1", status="succeeded"),
        ),
        ("IDP1/identity_process.succeeded | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        ('IDP1/identity_process.succeeded: object.status "success" -> "succeeded"',),
        says={"IDP1/identity_process.succeeded": {"status": "success", "raw_status": "success"}},
    ),
    Case(
        "the vendor's time replaces an observed one, and a mail's date replaces none",
        (
            mail("check.finished", date="10:05:00"),
            web("check.finished", at="10:00:00"),
            mail("check.finished", date="10:04:00"),
        ),
        (f"{_KEY} | vendor 10:00:00 | verified | 3",),
        "recorded duplicate duplicate",
        says={_KEY: {"raw_timestamp": "2026-08-03T10:00:00Z"}},
    ),
    Case(
        "the vendor's times within five seconds are no conflict",
        (web("check.finished", at="10:00:00"), api("check.finished", at="10:00:05")),
        (f"{_KEY} | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
    ),
    Case(
        "the vendor's times further apart are a conflict where an id says that it is one event",
        (
            web("check.finished", at="10:00:00", hke="HKE1"),
            api("check.finished", at="10:00:06", hke="HKE1"),
        ),
        (f"{_KEY} | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        (f'{_KEY}: occurred_at "10:00:00" -> "10:00:06"',),
    ),
    Case(
        "what was told exactly replaces what was only mentioned",
        (
            mail("check.finished", mentioned=True, status="error", score=1),
            mail("check.finished", status="completed", country="CO"),
        ),
        (f"{_KEY} | mail 10:01:00 | verified | 2",),
        "recorded duplicate",
        (
            f'{_KEY}: status "error" -> "completed"',
            f"{_KEY}: object.score 1 -> null",
            f'{_KEY}: object.status "error" -> "completed"',
        ),
        says={
            _KEY: {
                "confidence": "exact",
                "status": "completed",
                "object": {"check_id": "CHK1", "status": "completed", "country": "CO"},
            }
        },
    ),
    Case(
        "a mention adds nothing to what was told exactly but its time and its ids",
        (
            mail("check.finished", status="completed"),
            mail("check.finished", mentioned=True, at="10:00:00", hke="HKE1", status="error", x=1),
        ),
        (f"{_KEY} | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        aliases={"HKE1": _KEY},
        says={
            _KEY: {
                "confidence": "exact",
                "truora_id": "HKE1",
                "status": "completed",
                "object": {"check_id": "CHK1", "status": "completed"},
            }
        },
    ),
    Case(
        "mentions fill each other up",
        (
            mail("check.finished", mentioned=True),
            mail("check.finished", mentioned=True, status="completed"),
        ),
        (f"{_KEY} | mail 10:01:00 | verified | 2",),
        "recorded duplicate",
        says={_KEY: {"confidence": "mentioned", "status": "completed"}},
    ),
    Case(
        "the exact time of the vendor's replaces a mentioned one",
        (
            mail("check.finished", mentioned=True, at="10:00:00"),
            web("check.finished", at="10:00:30"),
        ),
        (f"{_KEY} | vendor 10:00:30 | verified | 2",),
        "recorded duplicate",
        (f'{_KEY}: occurred_at "10:00:00" -> "10:00:30"',),
    ),
    Case(
        "the first proven sighting replaces what unproven ones said, and the old goes to conflicts",
        (
            forged(web("check.finished", at="10:00:30", hke="HKE6", status="completed", score=9)),
            web("check.finished", at="10:00:00", status="error", country="CO"),
        ),
        (f"{_KEY} | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        (
            f'{_KEY}: status "completed" -> "error"',
            f'{_KEY}: truora_id "HKE6" -> null',
            f"{_KEY}: object.score 9 -> null",
            f'{_KEY}: object.status "completed" -> "error"',
            f'{_KEY}: occurred_at "10:00:30" -> "10:00:00"',
        ),
        aliases={},
        says={
            _KEY: {
                "status": "error",
                "truora_id": None,
                "object": {"check_id": "CHK1", "status": "error", "country": "CO"},
            }
        },
    ),
    Case(
        "a proven mail's date replaces the unproven time of the vendor's",
        (forged(web("check.finished", at="09:00:00")), mail("check.finished")),
        (f"{_KEY} | mail 10:01:00 | verified | 2",),
        "recorded duplicate",
        (f'{_KEY}: occurred_at "09:00:00" -> "10:01:00"',),
        says={_KEY: {"raw_timestamp": None}},
    ),
    Case(
        "a proven mention replaces an unproven exact telling",
        (
            forged(web("check.finished", status="completed")),
            mail("check.finished", mentioned=True, at="10:00:00"),
        ),
        (f"{_KEY} | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        (
            f'{_KEY}: status "completed" -> null',
            f'{_KEY}: object.status "completed" -> null',
        ),
        says={_KEY: {"confidence": "mentioned", "status": None}},
    ),
    Case(
        "an unproven sighting fills nothing and adds no alias on a proven row",
        (
            mail("check.finished"),
            forged(web("check.finished", hke="HKE6", hik="HIK6", status="completed", score=9)),
        ),
        (f"{_KEY} | mail 10:01:00 | verified | 2",),
        "recorded duplicate",
        aliases={},
        says={_KEY: {"status": None, "truora_id": None, "object": {"check_id": "CHK1"}}},
    ),
    Case(
        "unproven sightings fill each other up, and conflict",
        (
            forged(mail("check.finished", score=1)),
            forged(web("check.finished", hke="HKE1", status="completed", score=2)),
        ),
        (f"{_KEY} | vendor 10:00:00 | unverified | 2",),
        "recorded duplicate",
        (f"{_KEY}: object.score 1 -> 2",),
        aliases={"HKE1": _KEY},
        says={_KEY: {"status": "completed", "truora_id": "HKE1"}},
    ),
)
