"""A store of before readings were counted: its verdicts stay, what is open waits for a reading."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import mails
import pytest
from command import Home
from fake_api import NOW, fill
from sqlite_utils import Database
from stores import asked
from test_reconcile_healing import disabled, given_to

from mailhook import times
from mailhook.store import Store
from mailhook.store.schema import migrations
from mailhook.testing.api import FakeApi

_DELIVERY = """
INSERT INTO deliveries (channel, location, received_at, recorded_at, size, sha256, outcome,
                        authenticity, authenticity_detail)
VALUES ('email', 'imap://a/1', ?1, ?1, 1, 'x', 'alert', 'verified', '')
"""
_EVENT = """
INSERT INTO events (key, revision, product, event_type, event_action, occurred_at, time_source,
                    recorded_at, authenticity, confidence, object, raw_type, raw_action)
VALUES ('webhook/-/disabled', 1, 'webhook', 'webhook', 'disabled', ?1, 'mail', ?1, 'verified',
        'exact', '{}', 'webhook', 'disabled')
"""
_ALERT = """
INSERT INTO alerts (kind, occurred_at, last_seen_at, delivery_id, event_id, authenticity, state,
                    detail)
VALUES ('hook_disabled', ?1, ?1, 1, 1, 'verified', ?2, '{}')
"""


@pytest.mark.parametrize(
    ("before", "after"), [("open", "open"), ("healed", "healed"), ("lost", "open")]
)
def test_its_alerts_are_judged_by_a_reading_that_begins_later(
    tmp_path: Path, before: str, after: str
):
    with FakeApi() as api:
        home = Home(tmp_path, api=given_to(api, tmp_path))
        moment = times.stored(NOW - timedelta(hours=2))
        source = f"{api.url}/v1/hooks/events"
        with closing(sqlite3.connect(home.store)) as db, db:
            migrations.apply(Database(db), stop_before="m013_alerts")
            db.execute(_DELIVERY, (moment,))
            db.execute(_EVENT, (moment,))
            db.execute("UPDATE counters SET value = 1 WHERE name = 'revision'")
            db.execute(_ALERT, (moment, before))
            db.execute(
                "INSERT INTO listings (source, read_at, read_until) VALUES (?, ?, ?)",
                (source, times.stored(NOW - timedelta(hours=1)), moment),
            )
        Store(home.store).close()
        begun = asked(home.store, "SELECT read_number, read_from FROM listings")
        assert begun == [(1, times.stored(NOW - timedelta(days=60, hours=1)))]
        fill(api, 3)
        api.fail(403, times=99)
        assert home.call("reconcile").code == 78
        assert asked(home.store, "SELECT state FROM alerts") == [(after,)]
        api.mend()
        assert home.call("reconcile").code == 0
        assert asked(home.store, "SELECT state FROM alerts") == [("healed",)]
        home.deliver(disabled(timedelta(hours=1)), at=mails.NOON)
        assert asked(home.store, "SELECT state FROM alerts ORDER BY id")[-1] == ("open",)
