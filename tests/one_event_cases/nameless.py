"""Events that name no subject: called by the vendor's id, else by their mail."""

from __future__ import annotations

from one_event_cases.notation import Case, api, file, mail, sha256, together, web

_BYTES = b"a mail without a Message-ID"
_OTHER = b"another mail without a Message-ID"

CASES = (
    Case(
        "an unknown type without any id is named by the vendor's id",
        (web("gadget.opened", None, hke="HKE1", account_id="ACC1"),),
        ("HKE1/gadget.opened | vendor 10:00:00 | verified | 1",),
        "recorded",
        aliases={"HKE1": "HKE1/gadget.opened"},
    ),
    Case(
        "an event without a subject is named by the idempotency key where there is no other id",
        (api("signal.detected", None, hik="HIK1"),),
        ("HIK1/signal.detected | vendor 10:00:00 | verified | 1",),
        "recorded",
    ),
    Case(
        "an event without a subject and without an id is named by its mail",
        (mail("signal.detected", None, message_id="<m1@truora.com>"),),
        ("mail:<m1@truora.com>#1/signal.detected | mail 10:01:00 | verified | 1",),
        "recorded",
        aliases={},
    ),
    Case(
        "a mail without a Message-ID is named by its bytes",
        (mail("signal.detected", None, message_id=None, body=_BYTES),),
        (f"{sha256(_BYTES)}#1/signal.detected | mail 10:01:00 | verified | 1",),
        "recorded",
    ),
    Case(
        "two mails without a Message-ID are one event only where their bytes are one",
        (
            mail("signal.detected", None, message_id=None, body=_BYTES),
            file("signal.detected", None, message_id=None, body=_BYTES),
            mail("signal.detected", None, message_id=None, body=_OTHER),
        ),
        (
            f"{sha256(_BYTES)}#1/signal.detected | mail 10:01:00 | verified | 2",
            f"{sha256(_OTHER)}#1/signal.detected | mail 10:01:00 | verified | 1",
        ),
        "recorded duplicate recorded",
    ),
    Case(
        "events without a subject never merge by time",
        (
            web("signal.detected", None, hke="HKE1"),
            api("signal.detected", None, hik="HIK1"),
            mail("signal.detected", None, at="10:00:00", message_id="<m1@truora.com>"),
        ),
        (
            "HKE1/signal.detected | vendor 10:00:00 | verified | 1",
            "HIK1/signal.detected | vendor 10:00:00 | verified | 1",
            "mail:<m1@truora.com>#1/signal.detected | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded recorded",
    ),
    Case(
        "events without a subject are one where they share an id, and both ids lead to it",
        (
            api("signal.detected", None, hik="HIK1"),
            mail("signal.detected", None, at="10:00:00", hke="HKE1", hik="HIK1"),
            web("signal.detected", None, hke="HKE1"),
        ),
        ("HIK1/signal.detected | vendor 10:00:00 | verified | 3",),
        "recorded duplicate duplicate",
        aliases={
            "HIK1": "HIK1/signal.detected",
            "HKE1": "HIK1/signal.detected",
            "HKE1/signal.detected": "HIK1/signal.detected",
        },
    ),
    Case(
        "an action that may repeat has no time in its key where it has no subject",
        (
            web("signal.agent_reported", None, hke="HKE1"),
            web("signal.agent_reported", None, at="11:00:00", hke="HKE1"),
        ),
        ("HKE1/signal.agent_reported | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        ('HKE1/signal.agent_reported: occurred_at "10:00:00" -> "11:00:00"',),
    ),
    Case(
        "two notices in one mail are told apart by their number",
        (
            together(
                mail("signal.detected", None, message_id="<m1@truora.com>"),
                mail("signal.detected", None),
            ),
        ),
        (
            "mail:<m1@truora.com>#1/signal.detected | mail 10:01:00 | verified | 1",
            "mail:<m1@truora.com>#2/signal.detected | mail 10:01:00 | verified | 1",
        ),
        "recorded",
    ),
)
