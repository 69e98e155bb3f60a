"""Any order of ingesting, replaying, releasing and pruning: no event twice, none lost."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import mails
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from one_event_cases.notation import MEMORY
from stores import asked

from mailhook import times
from mailhook.config import StoreSettings, TrustSettings
from mailhook.model import Batch
from mailhook.pipeline import Trust, ingest
from mailhook.replay import release, replay
from mailhook.store import Store
from mailhook.store.audit import Deed
from mailhook.store.kept import Selection
from mailhook.store.pruning import prune

RIGHT = Trust(TrustSettings(authserv_id=(mails.SERVER,)))
BLIND = Trust(TrustSettings(authserv_id=("mx.elsewhere.example",)))
OPEN = Trust(TrustSettings(authserv_id=(mails.SERVER,), require="none"))
WORD = Deed("ana", "release", "it is genuine")

trusts = st.sampled_from([RIGHT, BLIND, OPEN])
happenings = st.integers(0, 5)


def mail(number: int, *, genuine: bool, copy: int) -> bytes:
    """What tells of that happening: two checks that end, one that is late thrice, an alert."""
    date = mails.NOON + timedelta(minutes=10 * number)
    told: dict[str, object] = {
        "proof": mails.PROOF if genuine else None,
        "message_id": f"<{number}@truora.com>" if genuine else f"<{number}.{copy}@example.net>",
        "date": date,
        "headers": (("X-Copy", str(copy)),),
    }
    if number < 2:
        status = "Completed" if genuine else "Rejected"
        text = f"Event: Check finished\nCheck ID: CHK{number}\nCheck status: {status}\n"
        return mails.write(text, subject="Check finished", **told)  # type: ignore[arg-type]
    if number < 5:
        text = "Event: Check delayed\nCheck ID: CHK9\n"
        return mails.write(text, subject="Check delayed", **told)  # type: ignore[arg-type]
    text = "Your webhook https://hooks.example.com/in was disabled because deliveries failed."
    subject = "Your webhook has been disabled"
    return mails.write(text, subject=subject, **told)  # type: ignore[arg-type]


class Hands(RuleBasedStateMachine):
    """What is done to a store by mails, by people and by time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(dir=MEMORY)
        self.path = Path(self.folder.name) / "store.db"
        self.store = Store(self.path)
        self.told: dict[int, int] = {}
        self.proven: dict[str, tuple[object, ...]] = {}

    def teardown(self) -> None:
        if self.told:
            self.nothing_genuine_is_lost()
        self.store.close()
        self.folder.cleanup()

    @rule(number=happenings, copy=st.integers(0, 2), genuine=st.booleans(), trust=trusts)
    def a_mail_arrives(self, number: int, copy: int, trust: Trust, *, genuine: bool) -> None:
        raw = mail(number, genuine=genuine, copy=copy)
        uid = number * 100 + copy * 10 + genuine
        ingest(Batch((mails.delivered(raw, uid),)), self.store, trust)
        location = mails.delivered(raw, uid).location
        sql = f"SELECT id FROM deliveries WHERE location = '{location}'"  # noqa: S608
        for (number_of_row,) in asked(self.path, sql):
            if genuine:
                self.told[int(str(number_of_row))] = number

    @rule(trust=trusts, held=st.booleans())
    def all_is_examined_again(self, trust: Trust, *, held: bool) -> None:
        replay(self.store, trust, Selection(quarantined=held))

    @rule(trust=trusts, share=st.integers(0, 2))
    def a_person_releases_some(self, trust: Trust, share: int) -> None:
        waiting = asked(self.path, "SELECT id FROM quarantine")
        some = [int(str(number)) for (number,) in waiting if int(str(number)) % 3 <= share]
        release(self.store, trust, some, WORD)

    @rule(days=st.sampled_from([(1, None), (None, 1), (1, 1)]))
    def time_goes_by(self, days: tuple[int | None, int | None]) -> None:
        raw_days, event_days = days
        kept = StoreSettings(raw_days=raw_days, event_days=event_days)
        prune(self.store, kept, times.now() + timedelta(days=2))
        self.proven = {}
        gone = {int(str(one)) for (one,) in asked(self.path, "SELECT id FROM deliveries")}
        self.told = {one: number for one, number in self.told.items() if one in gone}

    @invariant()
    def one_happening_is_one_row(self) -> None:
        rows = defaultdict(set)
        for event_id, delivery_id, proven in asked(self.path, _SIGHTINGS):
            number = self.told.get(int(str(delivery_id)))
            # An alert that nobody proved stands beside the proven one.
            if number is not None and (number < 5 or proven == "verified"):
                rows[number].add(event_id)
        assert all(len(ids) == 1 for ids in rows.values()), dict(rows)

    @invariant()
    def a_proven_row_keeps_what_it_says(self) -> None:
        rows = asked(
            self.path,
            "SELECT key, status, occurred_at, object FROM events WHERE authenticity = 'verified'",
        )
        now = {str(key): tuple(rest) for key, *rest in rows}
        assert {key: now.get(key) for key in self.proven} == self.proven
        self.proven = now

    @invariant()
    def a_second_replay_changes_nothing(self) -> None:
        replay(self.store, BLIND, Selection())
        before = [asked(self.path, f"SELECT * FROM {table}") for table in _TABLES]  # noqa: S608
        replay(self.store, BLIND, Selection())
        assert [asked(self.path, f"SELECT * FROM {table}") for table in _TABLES] == before  # noqa: S608

    def nothing_genuine_is_lost(self) -> None:
        replay(self.store, RIGHT, Selection())
        keys = asked(self.path, "SELECT key FROM events UNION SELECT key FROM tombstones")
        held = "SELECT id FROM deliveries WHERE outcome = 'quarantined'"
        waiting = {int(str(one)) for (one,) in asked(self.path, held)}
        assert not waiting & self.told.keys()
        for number in self.told.values():
            if number < 2:
                assert (f"CHK{number}/check.finished",) in keys
        late = [key for (key,) in keys if str(key).startswith("CHK9/")]
        assert len(late) >= len({one for one in self.told.values() if 2 <= one < 5})
        self.one_happening_is_one_row()


_SIGHTINGS = """
SELECT event_id, delivery_id, e.authenticity FROM sightings JOIN events e ON e.id = event_id
"""
_TABLES = ("events", "deliveries", "sightings", "aliases", "conflicts", "alerts", "audit")

TestHands = Hands.TestCase
TestHands.settings = settings(
    max_examples=7,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.torture
@pytest.mark.timeout(1800)
class TestHandsDeeply(Hands.TestCase):
    settings = settings(
        TestHands.settings,
        max_examples=400,
        stateful_step_count=30,
        derandomize=False,
        phases=tuple(Phase),
    )
