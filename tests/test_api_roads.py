"""Mail, web hook and API tell the same events: in whatever order they come, each stands once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import mails
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import asked

from mailhook import times, token
from mailhook.config import TrustSettings
from mailhook.model import Batch, Delivery
from mailhook.pipeline import ingest
from mailhook.sources.api import canonical
from mailhook.store import Store
from mailhook.trust import Trust

KEY = "every-road-signing-key-0123456789abcdef"
TRUST = Trust(TrustSettings(authserv_id=(mails.SERVER,)), (KEY.encode(),))
BEGIN = datetime(2026, 8, 3, 10, tzinfo=UTC)
# Repeats lie further apart than twice `match_window_seconds`.
APART = timedelta(seconds=400)
ROADS = ("mail", "undated mail", "web", "api")


@dataclass(frozen=True)
class Fact:
    """One event of the vendor's, and the roads that tell of it; of mails one at most."""

    subject: str
    action: str
    at: datetime
    roads: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.subject} {self.action} {times.short(self.at)}"

    @property
    def status(self) -> str:
        return {"finished": "completed", "delayed": "delayed", "created": "not_started"}[
            self.action
        ]

    def event(self) -> dict[str, Any]:
        content = {"check_id": self.subject, "status": self.status}
        return {
            "event_type": "check",
            "event_action": self.action,
            "object": content,
            "timestamp": times.short(self.at),
        }

    def told(self, road: str, late: int) -> Delivery:
        received_at = self.at + timedelta(seconds=late)
        if road == "web":
            claims = {"iss": "Truora", "events": [self.event() | {"id": f"HKE {self.name}"}]}
            raw = token.sign(claims, KEY.encode()).encode()
            return Delivery("web", f"web:{self.name}", received_at, raw)
        if road == "api":
            item = self.event() | {"idempotency_key": f"HIK {self.name}", "client_id": "TCI0"}
            item["object"] = json.dumps(item["object"])
            raw = canonical(item)
            return Delivery("api", f"https://api.example.com/#{self.name}", received_at, raw)
        lines = [
            f"Event: Check {self.action}",
            f"Check ID: {self.subject}",
            f"Check status: {self.status.replace('_', ' ')}",
            *([f"Timestamp: {times.short(self.at)}"] if road == "mail" else ()),
        ]
        date = self.at + timedelta(seconds=min(late, 170))
        raw = mails.write("\n".join(lines), message_id=f"<{self.name}@truora.com>", date=date)
        return Delivery("email", f"imap://{self.name}", received_at, raw)


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    found = []
    for number in range(draw(st.integers(1, 2))):
        subject = f"CHK{number:032x}"
        once = draw(st.lists(st.sampled_from(["created", "finished"]), unique=True))
        found += [(subject, action, BEGIN) for action in once]
        found += [
            (subject, "delayed", BEGIN + nth * APART) for nth in range(draw(st.integers(0, 3)))
        ]
    told = st.lists(st.sampled_from(ROADS), min_size=1, unique=True).map(_one_mail)
    return [Fact(*fact, draw(told)) for fact in found]


def _one_mail(roads: list[str]) -> tuple[str, ...]:
    if {"mail", "undated mail"} <= {*roads}:
        roads = [road for road in roads if road != "undated mail"]
    return tuple(roads)


ROWS = """
SELECT subject_id, event_type, event_action, occurred_at, time_source, status, confidence,
       authenticity, object ->> 'check_id', object ->> 'status', truora_id, idempotency_key
FROM events ORDER BY subject_id, event_action, occurred_at
"""


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[Fact], list[Delivery], list[Delivery]]:
    found = draw(facts())
    late = st.integers(0, 100_000)
    told = [fact.told(road, draw(late)) for fact in found for road in fact.roads]
    return found, draw(st.permutations(told)), draw(st.permutations(told))


def check(folder: Path, told: tuple[list[Fact], list[Delivery], list[Delivery]]) -> None:
    found, one, other = told
    ends = [_recorded(folder / name, order) for name, order in (("one", one), ("other", other))]
    assert ends[0] == ends[1]
    assert len(ends[0]) == len(found)
    dated = {
        (fact.subject, fact.action, times.stored(fact.at))
        for fact in found
        if fact.roads != ("undated mail",)
    }
    assert dated <= {(row[0], row[2], row[3]) for row in ends[0]}


def _recorded(path: Path, order: list[Delivery]) -> list[tuple[object, ...]]:
    path.unlink(missing_ok=True)
    with Store(path) as store:
        for delivery in order:
            ingest(Batch((delivery,)), store, TRUST)
        rows = asked(path, ROWS)
        for delivery in order:
            ingest(Batch((delivery,)), store, TRUST)
        assert asked(path, ROWS) == rows
    assert asked(path, "SELECT count(*) FROM conflicts") == [(0,)]
    return rows


slow = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=8, deadline=None, suppress_health_check=slow)
@given(tellings())
def test_any_order_of_mail_web_and_api_ends_in_the_same_events(tmp_path: Path, told):
    check(tmp_path, told)


@pytest.mark.torture
@pytest.mark.timeout(550)
@settings(max_examples=600, deadline=None, suppress_health_check=slow)
@given(tellings())
def test_many_orders_of_mail_web_and_api_end_in_the_same_events(tmp_path: Path, told):
    check(tmp_path, told)
