"""The vendor's own ids decide first."""

from __future__ import annotations

from one_event_cases.notation import Case, api, mail, web

_DELAYED = "CHK1/check.delayed"

CASES = (
    Case(
        "the vendor's ids become aliases",
        (web("check.finished", hke="HKE1"), api("check.finished", hik="HIK1")),
        ("CHK1/check.finished | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        aliases={"HKE1": "CHK1/check.finished", "HIK1": "CHK1/check.finished"},
        says={"CHK1/check.finished": {"truora_id": "HKE1", "idempotency_key": "HIK1"}},
    ),
    Case(
        "one id is one event however far apart the times",
        (
            web("check.delayed", hke="HKE1"),
            web("check.delayed", at="12:00:00", hke="HKE1"),
        ),
        (f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        (f'{_DELAYED}@10:00:00: occurred_at "10:00:00" -> "12:00:00"',),
        aliases={
            "HKE1": f"{_DELAYED}@10:00:00",
            f"{_DELAYED}@12:00:00": f"{_DELAYED}@10:00:00",
        },
    ),
    Case(
        "an id leads to its event before a nearer one",
        (
            web("check.delayed", at="10:00:00", hke="HKE1"),
            web("check.delayed", at="11:00:00"),
            mail("check.delayed", at="11:00:00", hke="HKE1"),
        ),
        (
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 2",
            f"{_DELAYED}@11:00:00 | vendor 11:00:00 | verified | 1",
        ),
        "recorded recorded duplicate",
        (f'{_DELAYED}@10:00:00: occurred_at "10:00:00" -> "11:00:00"',),
    ),
    Case(
        "two ids of one kind are two events of an action that may repeat, however near",
        (
            web("check.delayed", at="10:00:00", hke="HKE1"),
            web("check.delayed", at="10:00:01", hke="HKE2"),
        ),
        (
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 1",
            f"{_DELAYED}@10:00:01 | vendor 10:00:01 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "two ids of one kind at one time are two events where the objects differ",
        (
            web("check.delayed", hke="HKE1", score=1),
            web("check.delayed", hke="HKE2", score=2),
            web("check.delayed", hke="HKE3", score=3),
        ),
        (
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 1",
            f"{_DELAYED}@10:00:00~2 | vendor 10:00:00 | verified | 1",
            f"{_DELAYED}@10:00:00~3 | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded recorded",
        aliases={
            "HKE1": f"{_DELAYED}@10:00:00",
            "HKE2": f"{_DELAYED}@10:00:00~2",
            "HKE3": f"{_DELAYED}@10:00:00~3",
        },
    ),
    Case(
        "an id renewed by a retry is one event: time and object are equal",
        (
            web("check.delayed", hke="HKE1", score=1),
            web("check.delayed", hke="HKE2", score=1),
            web("check.delayed", hke="HKE2", score=1),
        ),
        (f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 3",),
        "recorded duplicate duplicate",
        (
            f'{_DELAYED}@10:00:00: truora_id "HKE1" -> "HKE2"',
            f'{_DELAYED}@10:00:00: truora_id "HKE1" -> "HKE2"',
        ),
        aliases={"HKE1": f"{_DELAYED}@10:00:00", "HKE2": f"{_DELAYED}@10:00:00"},
    ),
    Case(
        "a retry is known although the event has been filled up since",
        (
            web("check.delayed", hke="HKE1"),
            api("check.delayed", hik="HIK1", score=1),
            web("check.delayed", hke="HKE2"),
        ),
        (f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 3",),
        "recorded duplicate duplicate",
        (f'{_DELAYED}@10:00:00: truora_id "HKE1" -> "HKE2"',),
    ),
    Case(
        "a retry is held to what the other id came with, not to what other roads said",
        (
            mail("check.delayed", at="10:00:01", score=0),
            web("check.delayed", at="10:00:02", hke="HKE1", score=1),
            web("check.delayed", at="10:00:01", hke="HKE2", score=0),
        ),
        (
            f"{_DELAYED}@10:00:01 | vendor 10:00:01 | verified | 2",
            f"{_DELAYED}@10:00:01~2 | vendor 10:00:01 | verified | 1",
        ),
        "recorded duplicate recorded",
        (f"{_DELAYED}@10:00:01: object.score 0 -> 1",),
    ),
    Case(
        "a retry is known by the time its id came with, though another road set the event's time",
        (
            api("check.delayed", at="10:00:02"),
            web("check.delayed", at="10:00:00", hke="HKE1"),
            web("check.delayed", at="10:00:00", hke="HKE2"),
        ),
        (f"{_DELAYED}@10:00:02 | vendor 10:00:02 | verified | 3",),
        "recorded duplicate duplicate",
        (f'{_DELAYED}@10:00:02: truora_id "HKE1" -> "HKE2"',),
    ),
    Case(
        "ids of two kinds do not speak against each other",
        (
            web("check.delayed", at="10:00:00", hke="HKE1"),
            api("check.delayed", at="10:00:03", hik="HIK1"),
        ),
        (f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
    ),
    Case(
        "a notice goes to the event that has no other id of its kind",
        (
            web("check.delayed", at="10:00:00", hke="HKE1"),
            api("check.delayed", at="10:00:00", hik="HIK1"),
            web("check.delayed", at="10:00:02", hke="HKE2"),
            api("check.delayed", at="10:00:01", hik="HIK2"),
        ),
        (
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 2",
            f"{_DELAYED}@10:00:02 | vendor 10:00:02 | verified | 2",
        ),
        "recorded duplicate recorded duplicate",
    ),
    Case(
        "a mail with an id joins no event with another one by its date",
        (web("check.delayed", hke="HKE1"), mail("check.delayed", hke="HKE2")),
        (
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 1",
            f"{_DELAYED}@10:01:00 | mail 10:01:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "one Message-ID is two events where the vendor's ids differ",
        (
            mail("check.delayed", hke="HKE1", message_id="<m1@truora.com>"),
            mail("check.delayed", hke="HKE2", message_id="<m1@truora.com>"),
        ),
        (
            f"{_DELAYED}@10:01:00 | mail 10:01:00 | verified | 1",
            f"{_DELAYED}@10:01:00~2 | mail 10:01:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "two ids are one event of an action that cannot repeat, within a minute",
        (
            web("check.finished", at="10:00:00", hke="HKE1"),
            web("check.finished", at="10:00:40", hke="HKE2"),
        ),
        ("CHK1/check.finished | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        (
            'CHK1/check.finished: truora_id "HKE1" -> "HKE2"',
            'CHK1/check.finished: occurred_at "10:00:00" -> "10:00:40"',
        ),
        aliases={"HKE1": "CHK1/check.finished", "HKE2": "CHK1/check.finished"},
    ),
    Case(
        "with several rows of one base key a notice goes to the nearest",
        (
            web("check.finished", at="10:00:00"),
            web("check.finished", at="12:00:00"),
            mail("check.finished", date="12:01:00"),
            mail("check.finished", date="10:30:00"),
            api("check.finished", at="12:00:30"),
        ),
        (
            "CHK1/check.finished | vendor 10:00:00 | verified | 2",
            "CHK1/check.finished@12:00:00 | vendor 12:00:00 | verified | 3",
        ),
        "recorded recorded duplicate duplicate duplicate",
        ('CHK1/check.finished@12:00:00: occurred_at "12:00:00" -> "12:00:30"',),
    ),
    Case(
        "with several rows of one base key a notice goes past those with another id",
        (
            web("check.finished", at="10:00:00", hke="HKE1"),
            web("check.finished", at="12:00:00", hke="HKE2"),
            mail("check.finished", date="11:50:00", hik="HIK1"),
            mail("check.finished", date="12:01:00", hik="HIK2"),
        ),
        (
            "CHK1/check.finished | vendor 10:00:00 | verified | 2",
            "CHK1/check.finished@12:00:00 | vendor 12:00:00 | verified | 2",
        ),
        "recorded recorded duplicate duplicate",
        says={
            "CHK1/check.finished@12:00:00": {"idempotency_key": "HIK1"},
            "CHK1/check.finished": {"idempotency_key": "HIK2"},
        },
    ),
    Case(
        "an id that names another action is a conflict and two events",
        (web("check.created", hke="HKE1"), web("check.finished", hke="HKE1")),
        (
            "CHK1/check.created | vendor 10:00:00 | verified | 1",
            "CHK1/check.finished | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded",
        ('CHK1/check.finished: alias "CHK1/check.created" -> "HKE1"',),
        aliases={"HKE1": "CHK1/check.created"},
    ),
    Case(
        "an id that names another type is a conflict and two events",
        (
            web("whatsapp_session.started", "WDI1", hke="HKE1"),
            web("whatsapp_process.started", "WDI1", hke="HKE1"),
        ),
        (
            "WDI1/whatsapp_session.started | vendor 10:00:00 | verified | 1",
            "WDI1/whatsapp_process.started | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded",
        ('WDI1/whatsapp_process.started: alias "WDI1/whatsapp_session.started" -> "HKE1"',),
    ),
    Case(
        "an id that names another subject is a conflict and two events",
        (web("check.finished", hke="HKE1"), web("check.finished", "CHK2", hke="HKE1")),
        (
            "CHK1/check.finished | vendor 10:00:00 | verified | 1",
            "CHK2/check.finished | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded",
        ('CHK2/check.finished: alias "CHK1/check.finished" -> "HKE1"',),
        aliases={"HKE1": "CHK1/check.finished"},
    ),
    Case(
        "a notice that names two recorded events is a conflict and changes neither",
        (
            web("check.delayed", at="10:00:00", hke="HKE1"),
            api("check.delayed", at="11:00:00", hik="HIK2"),
            mail("check.delayed", at="10:00:00", hke="HKE1", hik="HIK2", score=7),
        ),
        (
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 2",
            f"{_DELAYED}@11:00:00 | vendor 11:00:00 | verified | 1",
        ),
        "recorded recorded duplicate",
        (f'{_DELAYED}@10:00:00: event "{_DELAYED}@10:00:00" -> "{_DELAYED}@11:00:00"',),
        aliases={"HKE1": f"{_DELAYED}@10:00:00", "HIK2": f"{_DELAYED}@11:00:00"},
        says={
            f"{_DELAYED}@10:00:00": {"idempotency_key": None, "object": {"check_id": "CHK1"}},
            f"{_DELAYED}@11:00:00": {"truora_id": None, "object": {"check_id": "CHK1"}},
        },
    ),
)
