"""What an event is called."""

from __future__ import annotations

from one_event_cases.notation import Case, api, copy, mail, together, web

CASES = (
    Case(
        "an event is named by its subject, type and action",
        (web("check.finished"),),
        ("CHK1/check.finished | vendor 10:00:00 | verified | 1",),
        "recorded",
        aliases={},
    ),
    Case(
        "the key of an action that may repeat ends in the vendor's time",
        (web("check.delayed"),),
        ("CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",),
        "recorded",
        aliases={},
    ),
    Case(
        "without the vendor's time the key of an action that may repeat ends in the mail's date",
        (mail("check.delayed", message_id="<m1@truora.com>"),),
        ("CHK1/check.delayed@10:01:00 | mail 10:01:00 | verified | 1",),
        "recorded",
        aliases={
            "mail:<m1@truora.com>#1/check.delayed@10:01:00": "CHK1/check.delayed@10:01:00",
        },
    ),
    Case(
        "without any date the time is that of arrival",
        (mail("check.finished", date=None),),
        ("CHK1/check.finished | received 20:00:00 | verified | 1",),
        "recorded",
    ),
    Case(
        "an API answer without a time is as old as we saw it",
        (api("check.finished", at=None),),
        ("CHK1/check.finished | observed 20:00:00 | verified | 1",),
        "recorded",
    ),
    Case(
        "a time that cannot be read is no time of the vendor's",
        (mail("check.finished", at="soon"),),
        ("CHK1/check.finished | mail 10:01:00 | verified | 1",),
        "recorded",
        says={"CHK1/check.finished": {"raw_timestamp": "soon"}},
    ),
    Case(
        "two actions on one subject are two events",
        (web("check.created"), web("check.started")),
        (
            "CHK1/check.created | vendor 10:00:00 | verified | 1",
            "CHK1/check.started | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "one action on two subjects is two events",
        (web("check.delayed"), web("check.delayed", "CHK2")),
        (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",
            "CHK2/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "one subject under two types is two events",
        (
            web("whatsapp_session.started", "WDI1"),
            web("whatsapp_process.started", "WDI1"),
        ),
        (
            "WDI1/whatsapp_session.started | vendor 10:00:00 | verified | 1",
            "WDI1/whatsapp_process.started | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "two words of the vendor's for one action are one event",
        (
            web("digital_identity.identity_process.success", "IDP1"),
            mail("identity_process.succeeded", "IDP1"),
        ),
        ("IDP1/identity_process.succeeded | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        says={"IDP1/identity_process.succeeded": {"raw_action": "success"}},
    ),
    Case(
        "an unknown action may repeat",
        (web("check.pondered"), web("check.pondered", at="10:20:00")),
        (
            "CHK1/check.pondered@10:00:00 | vendor 10:00:00 | verified | 1",
            "CHK1/check.pondered@10:20:00 | vendor 10:20:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "an unknown type is told of by its own id and is its own product",
        (web("Gadget-Review.Opened", None, gadget_review_id="G1", account_id="ACC1"),),
        ("G1/gadget_review.opened@10:00:00 | vendor 10:00:00 | verified | 1",),
        "recorded",
        says={
            "G1/gadget_review.opened@10:00:00": {
                "product": "gadget_review",
                "subject_type": "gadget_review",
                "account_id": "ACC1",
                "raw_type": "Gadget-Review",
                "raw_action": "Opened",
            }
        },
    ),
    Case(
        "a mail that tells one event twice is one sighting of it",
        (together(mail("check.finished"), mail("check.finished", at="10:00:00")),),
        ("CHK1/check.finished | vendor 10:00:00 | verified | 1",),
        "recorded",
    ),
    Case(
        "a mail with a known event and a new one is recorded",
        (
            web("check.created"),
            together(mail("check.created"), mail("check.finished")),
        ),
        (
            "CHK1/check.created | vendor 10:00:00 | verified | 2",
            "CHK1/check.finished | mail 10:01:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "one delivery at its place again is a duplicate and no sighting",
        (one := mail("check.delayed"), one),
        ("CHK1/check.delayed@10:01:00 | mail 10:01:00 | verified | 1",),
        "recorded duplicate",
    ),
    Case(
        "the same mail elsewhere is one sighting more",
        (one, copy(one)),
        ("CHK1/check.delayed@10:01:00 | mail 10:01:00 | verified | 2",),
        "recorded duplicate",
    ),
    Case(
        "one Message-ID with another date is another event of an action that may repeat",
        (
            mail("check.delayed", message_id="<m1@truora.com>"),
            mail("check.delayed", message_id="<m1@truora.com>", date="14:00:00"),
        ),
        (
            "CHK1/check.delayed@10:01:00 | mail 10:01:00 | verified | 1",
            "CHK1/check.delayed@14:00:00 | mail 14:00:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "signs that part a key are encoded where they stand in an id",
        (web("check.delayed", "a/b@c#d~2"), web("signal.detected", None, hke="x/signal.detected")),
        (
            "a%2Fb%40c%23d%7E2/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",
            "x%2Fsignal.detected/signal.detected | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded",
        aliases={"x%2Fsignal.detected": "x%2Fsignal.detected/signal.detected"},
    ),
    Case(
        "a key that another event has as its alias is taken",
        (
            web("check.delayed"),
            mail("check.delayed", date="10:01:00", message_id="<m1@truora.com>"),
            web("check.delayed", at="10:01:00"),
        ),
        (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 2",
            "CHK1/check.delayed@10:01:00~2 | vendor 10:01:00 | verified | 1",
        ),
        "recorded duplicate recorded",
        aliases={
            "mail:<m1@truora.com>#1/check.delayed@10:01:00": "CHK1/check.delayed@10:00:00",
            "CHK1/check.delayed@10:01:00": "CHK1/check.delayed@10:00:00",
        },
    ),
    Case(
        "times at the end of the calendar are times",
        (
            web("check.delayed", at="9999-12-31T23:59:59Z"),
            web("check.delayed", at="1970-01-01T00:00:00Z"),
        ),
        (
            "CHK1/check.delayed@9999-12-31T23:59:59Z | vendor 9999-12-31T23:59:59Z | verified | 1",
            "CHK1/check.delayed@1970-01-01T00:00:00Z | vendor 1970-01-01T00:00:00Z | verified | 1",
        ),
        "recorded recorded",
    ),
)
