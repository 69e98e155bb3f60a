"""replay and release: brought in later, each event once, and no person proves anything."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import mails
import pytest
from stores import asked

from mailhook import times
from mailhook.config import StoreSettings, TrustSettings
from mailhook.model import Batch, Delivery, Finding
from mailhook.pipeline import Trust, examine, ingest
from mailhook.replay import WAITS_FOR_DNS, differences, release, replay
from mailhook.store import Reader, Store
from mailhook.store.again import Again, Change
from mailhook.store.audit import Deed
from mailhook.store.kept import Kept, Selection
from mailhook.store.pruning import prune

BLIND = Trust(TrustSettings(authserv_id=("mx.elsewhere.example",)))
ALL = Selection()
HELD = Selection(quarantined=True)
WORD = Deed("ana", "release", "the vendor confirmed it by phone")
ALERT = "Your webhook https://hooks.example.com/in was disabled because deliveries failed."
EVENTS = "SELECT key, authenticity, status, occurred_at FROM events ORDER BY key"
OUTCOMES = "SELECT outcome FROM deliveries ORDER BY id"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mailhook.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path) as opened:
        yield opened


def put(store: Store, trust: Trust, *raws: bytes, first: int = 1) -> list[str]:
    deliveries = tuple(mails.delivered(raw, uid) for uid, raw in enumerate(raws, first))
    return [str(one) for one in ingest(Batch(deliveries), store, trust)]


def alert(**options: object) -> bytes:
    subject = "Your webhook has been disabled"
    return mails.write(ALERT, subject=subject, **options)  # type: ignore[arg-type]


def delayed(check_id: str, **options: object) -> bytes:
    text = f"Event: Check delayed\nCheck ID: {check_id}\n"
    return mails.write(text, subject="Check delayed", **options)  # type: ignore[arg-type]


def _execute(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql)


def changes(path: Path, trust: Trust, selection: Selection = ALL) -> list[tuple[object, ...]]:
    with Reader(path) as reader:
        return [
            (one.id, one.was.outcome, one.now.outcome, one.new, one.proven, bool(one.left))
            for page in differences(reader, trust, selection, 180)
            for one in page.changes
            if one.differs or one.left
        ]


def whole(path: Path) -> list[object]:
    """All that a replay must not change the second time."""
    tables = ("events", "deliveries", "sightings", "aliases", "conflicts", "alerts", "audit")
    return [asked(path, f"SELECT * FROM {table}") for table in (*tables, "replays")]  # noqa: S608


def test_what_was_held_is_brought_in_at_its_own_time_once_the_settings_are_right(
    store: Store, path: Path, trust: Trust
):
    raws = (mails.check_finished("CHK1"), delayed("CHK2"), alert(), mails.check_finished("CHK1"))
    assert put(store, BLIND, *raws) == ["quarantined"] * 4
    before = times.stored(times.now())
    assert replay(store, trust, HELD, "ana")["recorded"] == 3
    assert asked(path, OUTCOMES) == [("recorded",), ("recorded",), ("alert",), ("duplicate",)]
    rows = asked(path, EVENTS)
    assert [row[1] for row in rows] == ["verified"] * 3
    assert rows[0][3] == "2026-08-03T11:59:30.000000Z"
    seen = asked(path, "SELECT min(seen_at), (SELECT min(recorded_at) FROM events) FROM sightings")
    assert all(str(moment) >= before for moment in seen[0])
    ((who, what, why, detail),) = asked(path, "SELECT who, what, why, detail FROM audit")
    assert (who, what, why) == ("ana", "replay", "quarantined")
    assert json.loads(str(detail))["changed"] == 4


def test_a_replay_that_changes_nothing_leaves_no_trace(store: Store, path: Path, trust: Trust):
    put(store, trust, mails.check_finished("CHK1"), delayed("CHK2"), alert(), mails.write("hi"))
    put(store, trust, delayed("CHK2"), alert(), first=20)
    before = whole(path)
    for _ in range(2):
        assert "changed" not in replay(store, trust, ALL)
        assert whole(path) == before
    assert changes(path, trust) == []


def test_what_a_diff_shows_is_what_a_replay_does(store: Store, path: Path, trust: Trust):
    put(store, BLIND, mails.check_finished("CHK1"), delayed("CHK2"), alert())
    before = whole(path)
    foreseen = changes(path, trust)
    assert whole(path) == before
    assert [(row[0], row[2], len(row[3])) for row in foreseen] == [  # type: ignore[arg-type]
        (1, "recorded", 1),
        (2, "recorded", 1),
        (3, "alert", 1),
    ]
    replay(store, trust, ALL)
    assert changes(path, trust) == []


def test_an_event_stays_though_it_would_not_be_believed_today(
    store: Store, path: Path, trust: Trust
):
    put(store, trust, mails.check_finished("CHK1"), alert())
    before = whole(path)
    assert replay(store, BLIND, ALL) == {"examined": 2, "without_bytes": 0, "left": 2}
    assert whole(path) == before
    assert [row[-1] for row in changes(path, BLIND)] == [True, True]


def test_a_persons_word_makes_it_an_event_that_is_unverified(
    store: Store, path: Path, trust: Trust
):
    put(store, trust, mails.check_finished("CHK1", proof=None), alert(proof=None))
    first, second = release(store, trust, [1, 2], WORD)
    assert (first.events, first.outcome, first.stays) == (
        ("CHK1/check.finished",),
        "recorded",
        None,
    )
    assert second.outcome == "alert"
    assert {row[1] for row in asked(path, EVENTS)} == {"unverified"}
    ((who, what, why, detail),) = asked(path, "SELECT who, what, why, detail FROM audit")
    assert (who, what, why) == ("ana", "release", WORD.why)
    assert json.loads(str(detail)) == {"deliveries": [1, 2], "events": 2}


def test_what_todays_rules_prove_is_verified_though_a_person_released_it(
    store: Store, path: Path, trust: Trust
):
    put(store, BLIND, mails.check_finished("CHK1"))
    release(store, trust, [1], WORD)
    assert [row[1] for row in asked(path, EVENTS)] == ["verified"]


def test_what_cannot_be_read_stays_and_says_why(store: Store, path: Path, trust: Trust):
    put(store, trust, mails.write("something new"), mails.check_finished("CHK1"))
    unread, known, none = release(store, trust, [1, 2, 99], WORD)
    assert (unread.stays or "").startswith("unknown_notice: ")
    assert known.stays == none.stays == "it does not wait, or its bytes are gone"
    assert asked(path, OUTCOMES) == [("quarantined",), ("recorded",)]
    assert asked(path, "SELECT * FROM audit") == []


def test_a_released_event_becomes_verified_when_it_is_proven(
    store: Store, path: Path, trust: Trust
):
    put(store, BLIND, mails.check_finished("CHK1"), delayed("CHK2"), alert(), alert())
    release(store, BLIND, [1, 2, 3, 4], WORD)
    assert {row[1] for row in asked(path, EVENTS)} == {"unverified"}
    revision = asked(path, "SELECT max(revision) FROM events")[0][0]
    assert replay(store, trust, ALL)["proven"] == 3
    rows = asked(path, EVENTS)
    assert (len(rows), {row[1] for row in rows}) == (3, {"verified"})
    assert asked(path, "SELECT authenticity, sightings FROM alerts") == [("verified", 2)]
    assert int(str(asked(path, "SELECT min(revision) FROM events")[0][0])) > int(str(revision))
    assert asked(path, "SELECT DISTINCT authenticity FROM deliveries") == [("verified",)]
    before = whole(path)
    replay(store, trust, ALL)
    assert whole(path) == before


FORGED = "2026-08-03T11:59:30Z"


@pytest.mark.parametrize("forged_first", [True, False])
def test_releasing_a_forged_one_never_touches_a_verified_row(
    store: Store, path: Path, trust: Trust, *, forged_first: bool
):
    genuine = mails.check_finished("CHK1", time=FORGED)
    forged = genuine.replace(mails.PROOF.encode(), b"mx.example.com; dmarc=fail").replace(
        b"Completed", b"Rejected"
    )
    raws = (forged, genuine) if forged_first else (genuine, forged)
    put(store, trust, *raws)
    row = asked(path, "SELECT * FROM events")
    names = asked(path, "SELECT * FROM aliases")
    (done,) = release(store, trust, [1 if forged_first else 2], WORD)
    assert (done.outcome, done.events) == ("duplicate", ())
    assert asked(path, "SELECT * FROM events") == row
    assert asked(path, "SELECT * FROM aliases") == names
    replay(store, trust, ALL)
    assert asked(path, "SELECT * FROM events") == row


def test_a_forged_one_that_was_released_gives_way_to_the_genuine_that_comes_later(
    store: Store, path: Path, trust: Trust
):
    forged = mails.check_finished("CHK1", proof=None).replace(b"Completed", b"Rejected")
    put(store, trust, forged)
    release(store, trust, [1], WORD)
    put(store, trust, mails.check_finished("CHK1"), first=2)
    ((_, authenticity, status, _),) = asked(path, EVENTS)
    assert (authenticity, status) == ("verified", "completed")
    before = whole(path)
    replay(store, trust, ALL)
    assert whole(path) == before


def test_a_forged_alert_that_was_released_joins_no_verified_one(
    store: Store, path: Path, trust: Trust
):
    put(store, trust, alert(), alert(proof=None))
    release(store, trust, [2], WORD)
    rows = asked(path, "SELECT authenticity, sightings FROM alerts ORDER BY id")
    assert rows == [("verified", 1), ("unverified", 1)]
    replay(store, trust, ALL)
    assert asked(path, "SELECT authenticity, sightings FROM alerts ORDER BY id") == rows


def test_a_forged_alert_dated_far_ahead_swallows_no_proven_one(
    store: Store, path: Path, trust: Trust
):
    ahead = alert(proof=None, date=mails.NOON + timedelta(hours=23))
    put(store, BLIND, ahead, alert())
    release(store, BLIND, [1, 2], WORD)
    replay(store, trust, ALL)
    late = alert(date=mails.NOON + timedelta(hours=40))
    assert put(store, trust, late, first=9) == ["alert"]
    verified = "SELECT count(*) FROM alerts WHERE authenticity = 'verified'"
    assert asked(path, verified) == [(2,)]


def test_two_hundred_forged_for_one_key_are_one_row_that_the_genuine_takes(
    store: Store, path: Path, trust: Trust
):
    forged = [mails.check_finished("CHK1", proof=None) for _ in range(200)]
    put(store, trust, *forged, mails.check_finished("CHK1"))
    for start in range(1, 201, 100):
        release(store, trust, range(start, start + 100), WORD)
    replay(store, trust, ALL)
    assert [row[1] for row in asked(path, EVENTS)] == ["verified"]


def test_notices_that_a_proven_mail_does_not_prove_are_released_by_themselves(
    store: Store, path: Path, trust: Trust
):
    put(store, trust, mails.check_finished("CHK1"))
    with Reader(path) as reader:
        (kept,) = reader.kept(ALL, 0, 99)
    finding = examine(kept.delivery, trust)
    (event,) = finding.events
    other = replace(
        event, subject_id="CHK2", base_key="CHK2/x", key="CHK2/x", authenticity="unverified"
    )
    _execute(path, "UPDATE deliveries SET unread = 1")
    with Reader(path) as reader:
        (kept,) = reader.kept(ALL, 0, 99)
    store.reexamine([(kept, replace(finding, events=(event, other)))])
    assert [row[:2] for row in asked(path, EVENTS)] == [
        ("CHK1/check.finished", "verified"),
        ("CHK2/x", "unverified"),
    ]
    assert asked(path, "SELECT outcome, unread FROM deliveries") == [("recorded", 0)]
    with Reader(path) as reader:
        (kept,) = reader.kept(ALL, 0, 99)
    store.reexamine([(kept, replace(finding, unread=1))])
    words = "what a person has released does not wait for him again"
    assert asked(path, "SELECT outcome, unread FROM deliveries") == [("recorded", 0)], words


def test_a_notice_nobody_can_read_stays_and_may_be_dropped_while_its_events_stand(
    store: Store, path: Path, trust: Trust
):
    event = {"event_type": "check", "event_action": "finished", "object": {"check_id": "CHK1"}}
    put(store, trust, mails.write(json.dumps([event, {"event_type": "check", "object": {}}])))
    (done,) = release(store, trust, [1], WORD)
    assert (done.outcome, done.stays) == ("recorded", "1 more in it not understood")
    assert store.drop([1], Deed("ana", "drop")) == [1]
    assert asked(path, "SELECT outcome, unread, raw IS NULL FROM deliveries") == [
        ("recorded", 0, 1)
    ]
    assert len(asked(path, EVENTS)) == 1


def test_a_mail_that_is_read_otherwise_today_makes_no_second_row(
    store: Store, path: Path, trust: Trust
):
    put(store, trust, delayed("CHK1"))
    with Reader(path) as reader:
        (kept,) = reader.kept(ALL, 0, 99)
    finding = examine(kept.delivery, trust)
    (event,) = finding.events
    dated = replace(
        event,
        occurred_at=mails.NOON - timedelta(minutes=20),
        time_source="vendor",
        key="CHK1/check.delayed@2026-08-03T11:40:00Z",
    )
    for today in (dated, replace(event, subject_id="CHK2", base_key="CHK2/check.delayed")):
        store.reexamine([(kept, replace(finding, events=(today,)))])
        assert len(asked(path, EVENTS)) == 1


def test_of_two_events_read_today_one_is_the_row_that_is_there(
    store: Store, path: Path, trust: Trust
):
    put(store, trust, mails.check_finished("CHK1"))
    with Reader(path) as reader:
        (kept,) = reader.kept(ALL, 0, 99)
    finding = examine(kept.delivery, trust)
    (event,) = finding.events
    more = replace(event, subject_id="CHK2", base_key="CHK2/x", key="CHK2/check.finished")
    (change,) = store.reexamine([(kept, replace(finding, events=(more, event)))])
    assert change.new == ("CHK2/check.finished",)
    assert [row[0] for row in asked(path, EVENTS)] == ["CHK1/check.finished", "CHK2/check.finished"]


@pytest.mark.parametrize("reading", ["same", "dated"])
def test_what_was_pruned_is_not_told_anew(store: Store, path: Path, trust: Trust, reading: str):
    put(store, trust, delayed("CHK1"), mails.check_finished("CHK2"), alert())
    settings = StoreSettings(raw_days=None, event_days=365)
    prune(store, settings, times.now() + timedelta(days=366))
    with Reader(path) as reader:
        (kept, *_) = reader.kept(ALL, 0, 99)
    if reading == "same":
        replay(store, trust, ALL)
    else:
        finding = examine(kept.delivery, trust)
        events = tuple(
            replace(one, occurred_at=mails.NOON - timedelta(hours=9), time_source="vendor")
            for one in finding.events
        )
        store.reexamine([(kept, replace(finding, events=events))])
    assert asked(path, EVENTS) == []


def test_mails_without_bytes_are_counted(tmp_path: Path, trust: Trust):
    path = tmp_path / "headers.db"
    with Store(path, keep_raw="headers") as store:
        put(store, trust, mails.check_finished("CHK1"))
    with Store(path, keep_raw="none") as store:
        put(store, trust, mails.check_finished("CHK2"), first=2)
        before = whole(path)
        counts = replay(store, trust, ALL)
    assert counts == {"examined": 1, "without_bytes": 1, "left": 1}
    assert whole(path) == before


def test_a_replay_that_was_broken_off_goes_on_where_it_was(store: Store, path: Path, trust: Trust):
    put(store, BLIND, *(mails.check_finished(f"CHK{n}") for n in range(250)))
    done: list[int] = []

    def break_off(count: int) -> None:
        done.append(count)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(store, trust, HELD, progress=break_off)
    assert asked(path, "SELECT last_id, until_id FROM replays") == [(100, 250)]
    assert len(asked(path, EVENTS)) == 100
    steps: list[int] = []
    assert replay(store, trust, HELD, progress=steps.append)["recorded"] == 250
    assert steps == [100, 100, 50]
    assert len(asked(path, EVENTS)) == 250
    assert asked(path, "SELECT * FROM replays") == []
    assert len(asked(path, "SELECT * FROM audit")) == 1


def test_other_rules_begin_anew(store: Store, trust: Trust):
    put(store, BLIND, *(mails.check_finished(f"CHK{n}") for n in range(150)))

    def break_off(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(store, BLIND, ALL, progress=break_off)
    assert replay(store, trust, ALL)["recorded"] == 150


def test_since_and_reader_version_narrow_it(store: Store, path: Path, trust: Trust):
    put(store, BLIND, mails.check_finished("CHK1"))
    late = Delivery("file", "file:1", mails.NOON + timedelta(days=2), mails.check_finished("CHK2"))
    ingest(Batch((late,)), store, BLIND)
    assert replay(store, trust, Selection(reader_version="0.0.0"))["examined"] == 0
    assert replay(store, trust, Selection(since=mails.NOON + timedelta(days=1)))["recorded"] == 1
    assert [row[0] for row in asked(path, EVENTS)] == ["CHK2/check.finished"]


def test_what_waits_for_the_dns_is_given_up_after_three_days(
    store: Store, path: Path, trust: Trust, monkeypatch: pytest.MonkeyPatch
):
    put(store, trust, mails.check_finished("CHK1", proof=None), mails.write("new"))
    temporary = "dkim_dns_temporary: the DNS does not answer for s1._domainkey.truora.com"

    def unanswered(delivery: Delivery, trust: Trust) -> object:
        return replace(examine(delivery, trust), verdict="quarantined", reason=temporary, events=())

    with Reader(path) as reader:
        kept = reader.kept(ALL, 0, 1)[0]
    store.reexamine([(kept, unanswered(kept.delivery, trust))])  # type: ignore[list-item]
    monkeypatch.setattr("mailhook.replay.pipeline.examine", unanswered)
    reasons = "SELECT substr(reason, 1, instr(reason, ':')) FROM deliveries ORDER BY id"
    assert replay(store, trust, WAITS_FOR_DNS)["examined"] == 1
    assert asked(path, reasons) == [("dkim_dns_temporary:",), ("unknown_notice:",)]
    later = times.now() + timedelta(days=3, hours=1)
    monkeypatch.setattr("mailhook.replay.times.now", lambda: later)
    replay(store, trust, WAITS_FOR_DNS)
    assert asked(path, reasons) == [("dkim_dns_failed:",), ("unknown_notice:",)]
    assert replay(store, trust, WAITS_FOR_DNS)["examined"] == 0


def test_what_was_dropped_has_no_bytes_and_is_never_examined_again(
    store: Store, path: Path, trust: Trust
):
    put(store, BLIND, mails.check_finished("CHK1"), mails.check_finished("CHK2"))
    deed = Deed("ana", "drop", "forged")
    assert store.drop([1, 99], deed) == [1]
    assert store.drop([1], deed) == []
    assert replay(store, trust, ALL) == {
        "examined": 1,
        "without_bytes": 0,
        "changed": 1,
        "recorded": 1,
    }
    assert asked(path, "SELECT outcome, raw IS NULL FROM deliveries") == [
        ("dropped", 1),
        ("recorded", 0),
    ]
    assert asked(path, "SELECT who, what, why, detail FROM audit LIMIT 1") == [
        ("ana", "drop", "forged", '{"deliveries":[1]}')
    ]
    assert put(store, trust, mails.check_finished("CHK1")) == ["duplicate"]


def test_a_bug_of_ours_costs_one_delivery_and_the_replay_ends(
    store: Store, path: Path, trust: Trust, monkeypatch: pytest.MonkeyPatch
):
    put(store, BLIND, *(mails.check_finished(f"CHK{n}") for n in range(3)))
    apply = Again.apply

    def stumble(self: Again, kept: Kept, finding: Finding, now: datetime) -> Change:
        if kept.id == 3:
            raise LookupError
        return apply(self, kept, finding, now)

    monkeypatch.setattr(Again, "apply", stumble)
    assert replay(store, trust, HELD)["recorded"] == 2
    assert asked(path, OUTCOMES) == [("recorded",), ("recorded",), ("quarantined",)]
    assert asked(path, "SELECT * FROM replays") == []


def test_bytes_that_nobody_waits_for_any_more_are_kept_as_the_settings_say(
    tmp_path: Path, trust: Trust
):
    path = tmp_path / "none.db"
    with Store(path, keep_raw="none") as store:
        put(store, BLIND, mails.check_finished("CHK1"), mails.check_finished("CHK2", proof=None))
        replay(store, trust, ALL)
        release(store, trust, [2], WORD)
    # What is unverified may still be proven, as long as it is there.
    assert asked(path, "SELECT outcome, raw IS NULL FROM deliveries") == [
        ("recorded", 1),
        ("recorded", 0),
    ]


def test_what_waits_is_found_by_its_index(store: Store, path: Path, trust: Trust):
    put(store, trust, mails.check_finished("CHK1"))
    clauses = " AND ".join(clause for clause, _ in WAITS_FOR_DNS.clauses()).replace("?", "''")
    plan = asked(path, f"EXPLAIN QUERY PLAN SELECT id FROM deliveries WHERE {clauses}")  # noqa: S608
    assert "deliveries_attention" in str(plan)
