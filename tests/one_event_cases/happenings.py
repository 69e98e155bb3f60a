"""What happens at the vendor, how it is told, and how it is lied about."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from mails import NOON
from slow_model import Told, text

from mailhook.examining.interpreting import interpret_all
from mailhook.model import Delivery, Finding, Notice

ONCE = ("check.finished", "check.created")
REPEATED = ("check.delayed", "check.pondered")
SUBJECTS = ("CHK1", "CHK2")
# Tellings of one event are this far apart at most, so that each pair is within its limit.
_JITTER = 2
IN_WINDOW = (-10 + _JITTER, 180 - _JITTER)
BEYOND_WINDOWS = 2 * 180 + 2 * _JITTER + 1
_KINDS = {"HKE": "truora_id", "HIK": "idempotency_key"}
# The limits themselves, and a second past them.
EDGES = st.sampled_from([-11, -10, -6, -5, 0, 1, 5, 6, 60, 61, 180, 181])


@dataclass(frozen=True)
class Happening:
    """What really happened: one event, and the one mail that the vendor writes of it."""

    number: int
    subject: str
    what: str
    at: datetime
    mail_after: timedelta
    mail_tells_time: bool
    api_late: timedelta

    def told(self, road: str, *, proven: bool) -> Told:
        told = Told(
            road=road,
            proven=proven,
            subject=self.subject,
            what=self.what,
            repeats=self.what in REPEATED,
            date=self.at + self.mail_after,
            mail=f"<m{self.number}@truora.com>",
            object={"check_id": self.subject, "number": self.number},
        )
        if road == "web":
            return replace(told, at=self.at, ids={"truora_id": f"HKE{self.number}"})
        if road == "api":
            rich = {**told.object, "status": "completed", "more": True}
            ids = {"idempotency_key": f"HIK{self.number}"}
            return replace(told, at=self.at + self.api_late, ids=ids, object=rich)
        return replace(told, at=self.at if self.mail_tells_time else None)


def happenings(
    gap: st.SearchStrategy[int], mail_after: st.SearchStrategy[int], *, crowded: bool = False
) -> st.SearchStrategy[list[Happening]]:
    """Up to five events, as many seconds apart as `gap` says; crowded: of two facts only."""

    @st.composite
    def draw_all(draw: st.DrawFn) -> list[Happening]:
        clock, found = NOON, []
        every = [(subject, what) for what in (*ONCE, *REPEATED) for subject in SUBJECTS]
        facts = st.sampled_from(every[::4] if crowded else every)
        for number, (subject, what) in enumerate(draw(st.lists(facts, min_size=1, max_size=5))):
            if (
                what in ONCE
                and not crowded
                and (subject, what) in {(one.subject, one.what) for one in found}
            ):
                continue
            clock += timedelta(seconds=draw(gap))
            found.append(
                Happening(
                    number,
                    subject,
                    what,
                    clock,
                    timedelta(seconds=draw(mail_after)),
                    draw(st.booleans()),
                    timedelta(seconds=draw(st.integers(-_JITTER, _JITTER))),
                )
            )
        return found

    return draw_all()


_LIES: dict[str, st.SearchStrategy[Any]] = {
    "at": EDGES,
    "date": EDGES,
    "ids": st.sampled_from(["", "HKE0", "HKE1", "HIK0", "HIK1", "HKE66", "HKE0 HIK1"]),
    "mail": st.sampled_from(["<m0@truora.com>", "<m1@truora.com>", "<m66@truora.com>"]),
    "status": st.sampled_from(["completed", "error"]),
    "subject": st.sampled_from(SUBJECTS),
    "what": st.sampled_from((*ONCE, *REPEATED)),
    "mentioned": st.just(value=True),
}
# One or two at a time: whoever lies about everything meets nothing that is there.
lies = st.lists(st.sampled_from(sorted(_LIES)), min_size=1, max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: _LIES[name] for name in names})
)
roads = st.sampled_from(["email", "web", "api"])


def lied(told: Told, lie: dict[str, Any]) -> Told:
    """The telling with other words; its object says so, and a new subject is the object's too."""
    changes: dict[str, Any] = {name: lie[name] for name in ("mail", "mentioned") if name in lie}
    if "at" in lie:
        changes["at"] = told.time + timedelta(seconds=lie["at"])
    if "date" in lie:
        changes["date"] = told.date + timedelta(seconds=lie["date"])
    if "ids" in lie:
        changes["ids"] = {_KINDS[name[:3]]: name for name in lie["ids"].split()}
    if "what" in lie:
        changes |= {"what": lie["what"], "repeats": lie["what"] in REPEATED}
    subject = lie.get("subject", told.subject)
    words = {"status": lie["status"]} if "status" in lie else {}
    content = {**told.object, **words, "check_id": subject, "lie": sorted(lie.items())}
    told = replace(told, **changes, subject=subject, object=json.loads(json.dumps(content)))
    return replace(told, at=None) if told.mentioned else told


def finding(told: Told, number: int) -> Finding:
    location = f"{told.road}:{number}"
    kind, _, action = told.what.rpartition(".")
    notice = Notice(
        "machine",
        kind,
        action,
        told.object,
        timestamp=text(told.at) if told.at else None,
        truora_id=told.ids.get("truora_id"),
        idempotency_key=told.ids.get("idempotency_key"),
        confidence="mentioned" if told.mentioned else "exact",
    )
    found = Finding(
        Delivery(told.road, location, told.date, location.encode()),  # type: ignore[arg-type]
        "read",
        authenticity="verified" if told.proven else "unverified",
        message_id=told.mail,
        sent_at=told.date,
    )
    return replace(found, events=interpret_all(found, (notice,)))
