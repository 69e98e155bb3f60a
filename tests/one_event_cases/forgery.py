"""Forged tellings beside genuine ones: before them, after them, in their names."""

from __future__ import annotations

from one_event_cases.notation import Case, api, copy, forged, mail, web

_DELAYED = "CHK1/check.delayed"
_ANOTHER = {"status": "error", "score": 9}

CASES = (
    Case(
        "a forged row first becomes the genuine one's, under the key it has",
        (
            forged(web("check.delayed", at="10:00:02", hke="HKE6")),
            mail("check.delayed"),
            web("check.delayed", at="10:00:10", hke="HKE1"),
        ),
        (f"{_DELAYED}@10:00:02 | vendor 10:00:10 | verified | 3",),
        "recorded duplicate duplicate",
        (
            f'{_DELAYED}@10:00:02: truora_id "HKE6" -> null',
            f'{_DELAYED}@10:00:02: occurred_at "10:00:02" -> "10:01:00"',
        ),
    ),
    Case(
        "a forged telling after the genuine one is a sighting and changes nothing",
        (web("check.finished", hke="HKE1"), forged(web("check.finished", hke="HKE6", **_ANOTHER))),
        ("CHK1/check.finished | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        aliases={"HKE1": "CHK1/check.finished"},
        says={"CHK1/check.finished": {"object": {"check_id": "CHK1"}}},
    ),
    Case(
        "a forged telling in a genuine event's id changes nothing there",
        (
            web("check.delayed", hke="HKE1"),
            forged(web("check.delayed", at="15:00:00", hke="HKE1", hik="HIK6", **_ANOTHER)),
        ),
        (f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        aliases={"HKE1": f"{_DELAYED}@10:00:00"},
        says={f"{_DELAYED}@10:00:00": {"idempotency_key": None, "object": {"check_id": "CHK1"}}},
    ),
    Case(
        "another fact forged in a genuine event's id is a row of its own",
        (
            web("check.created", hke="HKE1"),
            forged(web("check.finished", hke="HKE1")),
            web("check.created", hke="HKE1"),
        ),
        (
            "CHK1/check.created | vendor 10:00:00 | verified | 2",
            "CHK1/check.finished | vendor 10:00:00 | unverified | 1",
        ),
        "recorded recorded duplicate",
        ('CHK1/check.finished: alias "CHK1/check.created" -> "HKE1"',),
        aliases={"HKE1": "CHK1/check.created"},
    ),
    Case(
        "a genuine event takes its id back from another fact forged in it",
        (
            forged(web("check.created", hke="HKE1")),
            web("check.finished", hke="HKE1"),
            api("check.finished", at="10:00:30", hke="HKE1", hik="HIK1"),
        ),
        (
            "CHK1/check.created | vendor 10:00:00 | unverified | 1",
            "CHK1/check.finished | vendor 10:00:00 | verified | 2",
        ),
        "recorded recorded duplicate",
        (
            'CHK1/check.finished: alias "CHK1/check.created" -> "HKE1"',
            'CHK1/check.finished: occurred_at "10:00:00" -> "10:00:30"',
        ),
        aliases={"HKE1": "CHK1/check.finished", "HIK1": "CHK1/check.finished"},
    ),
    Case(
        "a forged row with the id to come does not draw the token away from its mail",
        (
            forged(web("check.delayed", at="08:00:00", hke="HKE1")),
            mail("check.delayed"),
            web("check.delayed", at="10:00:00", hke="HKE1"),
        ),
        (
            f"{_DELAYED}@08:00:00 | vendor 08:00:00 | unverified | 1",
            f"{_DELAYED}@10:01:00 | vendor 10:00:00 | verified | 2",
        ),
        "recorded recorded duplicate",
        (f'{_DELAYED}@10:01:00: event "{_DELAYED}@10:01:00" -> "{_DELAYED}@08:00:00"',),
    ),
    Case(
        "a forged row at the token's very time does not draw it away from its mail",
        (
            mail("check.delayed"),
            forged(mail("check.delayed", at="10:00:20", date="10:02:00")),
            forged(mail("check.delayed", at="10:00:00", date="10:02:00")),
            web("check.delayed", at="10:00:00"),
        ),
        (
            f"{_DELAYED}@10:01:00 | vendor 10:00:00 | verified | 3",
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | unverified | 1",
        ),
        "recorded duplicate recorded duplicate",
    ),
    Case(
        "a forged row nearer to the mail does not draw it away from its token",
        (
            web("check.delayed", at="10:00:00", hke="HKE1"),
            forged(web("check.delayed", at="10:00:59", hke="HKE6")),
            mail("check.delayed", date="10:01:00"),
        ),
        (
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 2",
            f"{_DELAYED}@10:00:59 | vendor 10:00:59 | unverified | 1",
        ),
        "recorded recorded duplicate",
    ),
    Case(
        "a forged Message-ID does not lead the genuine mail to another event",
        (
            forged(mail("check.delayed", date="10:01:00", message_id="<m1@truora.com>")),
            web("check.delayed", at="10:00:00", hke="HKE1"),
            mail("check.delayed", date="10:01:00", message_id="<m2@truora.com>"),
            mail("check.delayed", date="10:01:00", message_id="<m1@truora.com>"),
        ),
        (
            f"{_DELAYED}@10:01:00 | vendor 10:00:00 | verified | 3",
            f"{_DELAYED}@10:01:00~2 | mail 10:01:00 | verified | 1",
        ),
        "recorded duplicate duplicate recorded",
    ),
    Case(
        "a mail first read where nothing proves it is proven by its copy",
        (
            forged(one := mail("check.delayed", date="10:01:00")),
            copy(one),
            copy(forged(one)),
        ),
        (f"{_DELAYED}@10:01:00 | mail 10:01:00 | verified | 3",),
        "recorded duplicate duplicate",
    ),
    Case(
        "an unproven mail that a token confirmed is known when it comes again",
        (
            forged(two := mail("check.delayed", date="10:01:00")),
            web("check.delayed"),
            copy(forged(two)),
        ),
        (f"{_DELAYED}@10:01:00 | vendor 10:00:00 | verified | 3",),
        "recorded duplicate duplicate",
    ),
    Case(
        "an unproven mail that came after the token is known when it comes again",
        (
            web("check.delayed"),
            forged(three := mail("check.delayed", date="10:01:00", message_id="<m1@truora.com>")),
            copy(forged(three)),
            forged(mail("check.delayed", date="10:01:00", message_id="<m2@truora.com>")),
        ),
        (
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 3",
            f"{_DELAYED}@10:01:00 | mail 10:01:00 | unverified | 1",
        ),
        "recorded duplicate duplicate recorded",
    ),
    Case(
        "what it calls itself leads no proven mail to the event",
        (
            web("check.delayed"),
            forged(mail("check.delayed", date="10:01:00", message_id="<m1@truora.com>")),
            mail("check.delayed", date="10:01:10", message_id="<m2@truora.com>"),
            mail("check.delayed", date="10:01:00", message_id="<m1@truora.com>"),
        ),
        (
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 3",
            f"{_DELAYED}@10:01:00 | mail 10:01:00 | verified | 1",
        ),
        "recorded duplicate duplicate recorded",
    ),
    Case(
        "a genuine mail and a forged one of an action that may repeat are two rows",
        (forged(mail("check.delayed")), mail("check.delayed", date="10:01:10")),
        (
            f"{_DELAYED}@10:01:00 | mail 10:01:00 | unverified | 1",
            f"{_DELAYED}@10:01:10 | mail 10:01:10 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "an end forged long before keeps its row, and the genuine one's key says when",
        (
            forged(web("check.finished", at="08:00:00")),
            web("check.finished", at="10:00:00"),
            mail("check.finished", date="08:00:10"),
        ),
        (
            "CHK1/check.finished | vendor 08:00:00 | unverified | 1",
            "CHK1/check.finished@10:00:00 | vendor 10:00:00 | verified | 2",
        ),
        "recorded recorded duplicate",
    ),
    Case(
        "a key with a time that is taken is numbered",
        (
            web("check.finished", at="08:00:00", hke="HKE1"),
            forged(web("check.finished", at="10:00:00", hke="HKE2")),
            web("check.finished", at="12:00:00", hke="HKE2"),
            web("check.finished", at="10:00:00", hke="HKE3"),
        ),
        (
            "CHK1/check.finished | vendor 08:00:00 | verified | 1",
            "CHK1/check.finished@10:00:00 | vendor 12:00:00 | verified | 2",
            "CHK1/check.finished@10:00:00~2 | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded duplicate recorded",
        ('CHK1/check.finished@10:00:00: occurred_at "10:00:00" -> "12:00:00"',),
    ),
    Case(
        "an event without a subject first forged in the mail's name becomes the genuine one's",
        (
            forged(mail("signal.detected", None, message_id="<m1@truora.com>", score=9)),
            mail("signal.detected", None, message_id="<m1@truora.com>", score=1),
            forged(mail("signal.detected", None, message_id="<m1@truora.com>", score=8)),
        ),
        ("mail:<m1@truora.com>#1/signal.detected | mail 10:01:00 | verified | 3",),
        "recorded duplicate duplicate",
        ("mail:<m1@truora.com>#1/signal.detected: object.score 9 -> 1",),
        says={"mail:<m1@truora.com>#1/signal.detected": {"object": {"score": 1}}},
    ),
    Case(
        "a proven notice follows its ids to the proven row of two",
        (
            forged(web("check.delayed", at="08:00:00", hke="HKE1")),
            api("check.delayed", at="10:00:00", hik="HIK1"),
            mail("check.delayed", at="11:00:00", hke="HKE1", hik="HIK1"),
        ),
        (
            f"{_DELAYED}@08:00:00 | vendor 08:00:00 | unverified | 1",
            f"{_DELAYED}@10:00:00 | vendor 10:00:00 | verified | 2",
        ),
        "recorded recorded duplicate",
        (
            f'{_DELAYED}@10:00:00: event "{_DELAYED}@10:00:00" -> "{_DELAYED}@08:00:00"',
            f'{_DELAYED}@10:00:00: occurred_at "10:00:00" -> "11:00:00"',
        ),
        aliases={
            "HKE1": f"{_DELAYED}@10:00:00",
            "HIK1": f"{_DELAYED}@10:00:00",
            f"{_DELAYED}@11:00:00": f"{_DELAYED}@10:00:00",
        },
    ),
)
