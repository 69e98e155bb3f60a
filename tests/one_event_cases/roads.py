"""One event by several roads: matched one to one, by what is said and when."""

from __future__ import annotations

from one_event_cases.notation import Case, api, copy, file, forged, mail, web

CASES = (
    Case(
        "an action that cannot repeat is one event whatever the mail's date",
        (
            web("check.finished"),
            mail("check.finished", date="19:00:00"),
            mail("check.finished", date="2026-08-09T10:00:00Z"),
            api("check.finished", at="10:00:02"),
        ),
        ("CHK1/check.finished | vendor 10:00:00 | verified | 4",),
        "recorded duplicate duplicate duplicate",
    ),
    Case(
        "the key stays when the vendor's time comes, and the other spelling's key is an alias",
        (mail("check.delayed", message_id="<m1@truora.com>"), web("check.delayed", hke="HKE1")),
        ("CHK1/check.delayed@10:01:00 | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
        aliases={
            "mail:<m1@truora.com>#1/check.delayed@10:01:00": "CHK1/check.delayed@10:01:00",
            "HKE1": "CHK1/check.delayed@10:01:00",
            "CHK1/check.delayed@10:00:00": "CHK1/check.delayed@10:01:00",
        },
    ),
    Case(
        "a mail joins the nearest of the events in its window",
        (
            web("check.delayed", at="10:00:00"),
            web("check.delayed", at="10:01:00"),
            web("check.delayed", at="10:02:20"),
            mail("check.delayed", date="10:01:20"),
        ),
        (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",
            "CHK1/check.delayed@10:01:00 | vendor 10:01:00 | verified | 2",
            "CHK1/check.delayed@10:02:20 | vendor 10:02:20 | verified | 1",
        ),
        "recorded recorded recorded duplicate",
    ),
    Case(
        "a second mail goes to the next event whose place for a mail is free",
        (
            web("check.delayed", at="10:00:00"),
            web("check.delayed", at="10:01:00"),
            mail("check.delayed", date="10:01:20"),
            mail("check.delayed", date="10:01:25"),
        ),
        (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 2",
            "CHK1/check.delayed@10:01:00 | vendor 10:01:00 | verified | 2",
        ),
        "recorded recorded duplicate duplicate",
    ),
    Case(
        "a mail for which no place is free is an event of its own",
        (
            web("check.delayed"),
            mail("check.delayed", date="10:01:00"),
            mail("check.delayed", date="10:01:30"),
        ),
        (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 2",
            "CHK1/check.delayed@10:01:30 | mail 10:01:30 | verified | 1",
        ),
        "recorded duplicate recorded",
    ),
    Case(
        "an event has one place for a proven mail and one for an unproven one",
        (
            web("check.delayed"),
            forged(mail("check.delayed", date="10:01:00")),
            mail("check.delayed", date="10:01:10"),
            forged(mail("check.delayed", date="10:01:20")),
        ),
        (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 3",
            "CHK1/check.delayed@10:01:20 | mail 10:01:20 | unverified | 1",
        ),
        "recorded duplicate duplicate recorded",
    ),
    Case(
        "a mail read from a file takes the place of a mail",
        (
            web("check.delayed"),
            file("check.delayed", date="10:01:00"),
            mail("check.delayed", date="10:01:10"),
        ),
        (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 2",
            "CHK1/check.delayed@10:01:10 | mail 10:01:10 | verified | 1",
        ),
        "recorded duplicate recorded",
    ),
    Case(
        "a mail that comes again keeps its place and takes no other",
        (
            web("check.delayed", at="10:00:00"),
            web("check.delayed", at="10:01:00"),
            one := mail("check.delayed", date="10:01:20"),
            copy(one),
            copy(one),
        ),
        (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",
            "CHK1/check.delayed@10:01:00 | vendor 10:01:00 | verified | 4",
        ),
        "recorded recorded duplicate duplicate duplicate",
    ),
    Case(
        "two mails of one second and different Message-IDs are two events",
        (mail("check.delayed"), mail("check.delayed")),
        (
            "CHK1/check.delayed@10:01:00 | mail 10:01:00 | verified | 1",
            "CHK1/check.delayed@10:01:00~2 | mail 10:01:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "a mail never joins what another mail told with the vendor's time",
        (
            mail("check.delayed", at="10:00:00", date="10:00:30"),
            mail("check.delayed", date="10:01:00"),
        ),
        (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",
            "CHK1/check.delayed@10:01:00 | mail 10:01:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "a mail with the vendor's time confirms no other mail",
        (
            mail("check.delayed", date="10:01:00"),
            mail("check.delayed", at="10:00:00", date="10:00:30"),
        ),
        (
            "CHK1/check.delayed@10:01:00 | mail 10:01:00 | verified | 1",
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",
        ),
        "recorded recorded",
    ),
    Case(
        "two mails with one time of the vendor's are one event",
        (
            mail("check.delayed", at="10:00:00", date="10:00:30"),
            mail("check.delayed", at="10:00:00", date="10:00:40"),
        ),
        ("CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 2",),
        "recorded duplicate",
    ),
    Case(
        "a confirmed event is confirmed by no other time",
        (
            mail("check.delayed", date="10:01:00"),
            web("check.delayed", at="10:00:00"),
            api("check.delayed", at="10:00:50"),
        ),
        (
            "CHK1/check.delayed@10:01:00 | vendor 10:00:00 | verified | 2",
            "CHK1/check.delayed@10:00:50 | vendor 10:00:50 | verified | 1",
        ),
        "recorded duplicate recorded",
    ),
    Case(
        "the vendor's own time goes before a mail's date that is nearer",
        (
            mail("check.delayed", date="10:00:06"),
            web("check.delayed", at="10:00:00", hke="HKE1"),
            mail("check.delayed", date="10:00:08"),
            api("check.delayed", at="10:00:04", hik="HIK1"),
        ),
        (
            "CHK1/check.delayed@10:00:06 | vendor 10:00:00 | verified | 3",
            "CHK1/check.delayed@10:00:08 | mail 10:00:08 | verified | 1",
        ),
        "recorded duplicate recorded duplicate",
    ),
    Case(
        "the same subject's repeats an hour apart each find their mail, in any order",
        (
            mail("check.delayed", date="11:02:00"),
            web("check.delayed", at="10:00:00"),
            web("check.delayed", at="11:00:00"),
            mail("check.delayed", date="10:00:30"),
        ),
        (
            "CHK1/check.delayed@11:02:00 | vendor 11:00:00 | verified | 2",
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 2",
        ),
        "recorded recorded duplicate duplicate",
    ),
)
