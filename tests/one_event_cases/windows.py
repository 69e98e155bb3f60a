"""How far apart times may lie, to the second."""

from __future__ import annotations

from one_event_cases.notation import Case, api, mail, web


def _around(date: str, *, joins: bool) -> Case:
    how = "joins" if joins else "does not join"
    rows = (
        ("CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 2",)
        if joins
        else (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",
            f"CHK1/check.delayed@{date} | mail {date} | verified | 1",
        )
    )
    return Case(
        f"a mail of {date} {how} the event of 10:00:00",
        (web("check.delayed"), mail("check.delayed", date=date)),
        rows,
        "recorded duplicate" if joins else "recorded recorded",
    )


def _confirming(date: str, *, joins: bool) -> Case:
    how = "confirms" if joins else "does not confirm"
    rows = (
        (f"CHK1/check.delayed@{date} | vendor 10:00:00 | verified | 2",)
        if joins
        else (
            f"CHK1/check.delayed@{date} | mail {date} | verified | 1",
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",
        )
    )
    return Case(
        f"a token of 10:00:00 {how} a mail of {date}",
        (mail("check.delayed", date=date), web("check.delayed")),
        rows,
        "recorded duplicate" if joins else "recorded recorded",
    )


def _second(at: str, *, one: bool) -> Case:
    rows = (
        ("CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 2",)
        if one
        else (
            "CHK1/check.delayed@10:00:00 | vendor 10:00:00 | verified | 1",
            f"CHK1/check.delayed@{at} | vendor {at} | verified | 1",
        )
    )
    return Case(
        f"the vendor's times 10:00:00 and {at} are {'one' if one else 'two'}",
        (web("check.delayed", hke="HKE1"), api("check.delayed", at=at, hik="HIK1")),
        rows,
        "recorded duplicate" if one else "recorded recorded",
    )


def _end(at: str, *, one: bool) -> Case:
    rows = (
        ("WDI1/whatsapp_session.expired | vendor 10:00:00 | verified | 2",)
        if one
        else (
            "WDI1/whatsapp_session.expired | vendor 10:00:00 | verified | 1",
            f"WDI1/whatsapp_session.expired@{at} | vendor {at} | verified | 1",
        )
    )
    return Case(
        f"a session that expired at 10:00:00 and {at} expired {'once' if one else 'twice'}",
        tuple(web("whatsapp_session.expired", "WDI1", at=time) for time in ("10:00:00", at)),
        rows,
        "recorded duplicate" if one else "recorded recorded",
        ('WDI1/whatsapp_session.expired: occurred_at "10:00:00" -> "10:01:00"',) if one else (),
    )


CASES = (
    _around("10:03:00", joins=True),
    _around("10:03:01", joins=False),
    _around("09:59:50", joins=True),
    _around("09:59:49", joins=False),
    _confirming("10:03:00", joins=True),
    _confirming("10:03:01", joins=False),
    _confirming("09:59:50", joins=True),
    _confirming("09:59:49", joins=False),
    _second("10:00:05", one=True),
    _second("10:00:06", one=False),
    _second("09:59:55", one=True),
    _second("09:59:54", one=False),
    _end("10:01:00", one=True),
    _end("10:01:01", one=False),
)
