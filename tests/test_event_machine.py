"""Any order, repetition and mix of tellings, against a second model and against the truth."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from one_event_cases.happenings import (
    BEYOND_WINDOWS,
    EDGES,
    IN_WINDOW,
    Happening,
    finding,
    happenings,
    lied,
    lies,
    roads,
)
from one_event_cases.notation import MEMORY
from slow_model import Model, Row, Told

from mailhook.model import Finding
from mailhook.store import Store


class Tellings(RuleBasedStateMachine):
    """The store beside the model. Subclasses say what happens, and what must be true of it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(dir=MEMORY)
        path = Path(self.folder.name) / "store.db"
        self.store = Store(path)
        self.reader = sqlite3.connect(path)
        self.reader.row_factory = sqlite3.Row
        self.model = Model()
        self.recorded: list[Finding] = []
        self.truth: dict[int, Happening] = {}
        self.happened: list[Happening] = []
        self.rows: dict[int, dict[str, Any]] = {}

    def teardown(self) -> None:
        self.reader.close()
        self.store.close()
        self.folder.cleanup()

    def hear(self, *tellings: Told, of: Happening | None = None) -> None:
        """Record the tellings in one transaction, and have the model hear them too."""
        expected = ["recorded" if self.model.hear(told) else "duplicate" for told in tellings]
        findings = [finding(told, len(self.recorded) + n) for n, told in enumerate(tellings, 1)]
        assert self.store.record(findings) == expected
        for found in findings:
            self.recorded.append(found)
            if of:
                self.truth[len(self.recorded)] = of

    @rule(data=st.data())
    def a_delivery_at_its_place_again_changes_nothing(self, data: st.DataObject) -> None:
        if self.recorded:
            again = data.draw(st.sampled_from(self.recorded))
            assert self.store.record([again]) == ["duplicate"]

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        held = [_shown(row) for row in self.reader.execute(_ROWS)]
        assert held == [_expected(row) for row in self.model.rows]
        aliases = dict(self.reader.execute(_ALIASES).fetchall())
        assert aliases == {name: row.key for name, row in self.model.names.items()}
        assert not aliases.keys() & {row["key"] for row in held}

    @invariant()
    def every_delivery_has_its_outcome(self) -> None:
        outcomes = self.reader.execute("SELECT outcome FROM deliveries ORDER BY id").fetchall()
        assert len(outcomes) == len(self.recorded)
        assert {outcome for (outcome,) in outcomes} <= {"recorded", "duplicate"}

    @invariant()
    def the_revision_rises_with_every_visible_change_and_not_without_one(self) -> None:
        rows = {row["id"]: dict(row) for row in self.reader.execute("SELECT * FROM events")}
        newest = max((row["revision"] for row in self.rows.values()), default=0)
        for number, row in rows.items():
            before = self.rows.get(number, {})
            if {**row, "revision": 0} == {**before, "revision": 0}:
                assert row["revision"] == before["revision"]
            else:
                assert row["revision"] > newest
        assert self.rows.keys() <= rows.keys()
        self.rows = rows


class Apart(Tellings):
    """Repeats of one base key lie further apart than two windows: the truth itself is checked."""

    @initialize(
        happened=happenings(st.integers(BEYOND_WINDOWS, 9000), st.integers(*IN_WINDOW)),
        proven=st.booleans(),
    )
    def something_happens(self, happened: list[Happening], *, proven: bool) -> None:
        self.happened, self.proven = happened, proven

    @rule(data=st.data(), road=roads)
    def it_is_told(self, data: st.DataObject, road: str) -> None:
        one = data.draw(st.sampled_from(self.happened))
        self.hear(one.told(road, proven=self.proven), of=one)

    @rule(data=st.data())
    def it_is_only_mentioned(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.happened))
        told = one.told("email", proven=self.proven)
        if told.at is None:
            self.hear(replace(told, mentioned=True), of=one)

    @rule(data=st.data())
    def a_retry_renews_its_id(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.happened))
        if not one.api_late:
            told = one.told("web", proven=self.proven)
            self.hear(replace(told, ids={"truora_id": f"HKE{one.number}-again"}), of=one)

    @rule(data=st.data(), batch=st.lists(roads, min_size=2, max_size=4))
    def many_arrive_at_once(self, data: st.DataObject, batch: list[str]) -> None:
        one = data.draw(st.sampled_from(self.happened))
        self.hear(*(one.told(road, proven=self.proven) for road in batch), of=one)

    @rule(data=st.data(), road=roads, lie=lies)
    def somebody_lies_about_it(self, data: st.DataObject, road: str, lie: dict[str, Any]) -> None:
        if self.proven:
            one = data.draw(st.sampled_from(self.happened))
            before = self._proven_rows()
            self.hear(lied(one.told(road, proven=False), lie))
            after = self._proven_rows()
            assert after == before, "an unproven sighting never changes a proven row"

    @invariant()
    def one_event_is_one_row_and_one_row_is_one_event(self) -> None:
        rows_of, events_of = defaultdict(set), defaultdict(set)
        for event_id, delivery_id in self.reader.execute(
            "SELECT event_id, delivery_id FROM sightings"
        ):
            if one := self.truth.get(delivery_id):
                rows_of[one.number].add(event_id)
                events_of[event_id].add(one.number)
        assert all(len(rows) == 1 for rows in rows_of.values())
        assert all(len(events) == 1 for events in events_of.values())

    def _proven_rows(self) -> list[tuple[Any, ...]]:
        sql = "SELECT * FROM events WHERE authenticity = 'verified'"
        return [tuple(row) for row in self.reader.execute(sql)]


class Near(Tellings):
    """Repeats crowd into one window, proven and unproven alike: the model says what is expected."""

    @initialize(happened=happenings(EDGES.map(abs), EDGES, crowded=True))
    def something_happens(self, happened: list[Happening]) -> None:
        self.happened = happened

    @rule(data=st.data(), road=roads, proven=st.booleans(), lie=st.just({}) | lies)
    def it_is_told(
        self, data: st.DataObject, road: str, lie: dict[str, Any], *, proven: bool
    ) -> None:
        one = data.draw(st.sampled_from(self.happened))
        self.hear(lied(one.told(road, proven=proven), lie))


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), "object": json.loads(row["object"])}


def _expected(row: Row) -> dict[str, Any]:
    return {
        "key": row.key,
        "occurred_at": row.time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "time_source": "vendor" if row.at else "mail",
        "authenticity": "verified" if row.proven else "unverified",
        "confidence": "exact" if not row.exact[0].mentioned else "mentioned",
        "status": row.object.get("status"),
        "truora_id": row.ids.get("truora_id"),
        "idempotency_key": row.ids.get("idempotency_key"),
        "object": row.object,
        "sightings": len(row.sightings),
    }


_ROWS = """
SELECT key, occurred_at, time_source, authenticity, confidence, status, truora_id,
       idempotency_key, object,
       (SELECT count(*) FROM sightings WHERE event_id = e.id) AS sightings
FROM events e ORDER BY id
"""
_ALIASES = "SELECT alias, key FROM aliases JOIN events ON id = event_id"

_quick = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),  # shrinking may take minutes: the deep run does it
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestApart = Apart.TestCase
TestApart.settings = _quick
TestNear = Near.TestCase
TestNear.settings = _quick

_DEEP = {"derandomize": False, "phases": tuple(Phase)}


@pytest.mark.torture
@pytest.mark.timeout(1800)
class TestApartDeeply(Apart.TestCase):
    settings = settings(_quick, max_examples=800, stateful_step_count=50, **_DEEP)


@pytest.mark.torture
@pytest.mark.timeout(1800)
class TestNearDeeply(Near.TestCase):
    settings = settings(_quick, max_examples=800, stateful_step_count=50, **_DEEP)
