"""The whole road: two hundred mails in a Dovecot, a dozen of them broken, polled into a table."""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import hostile
import mails
import warm
import yaml
from dovecot import Account

MAILHOOK = Path(sys.executable).with_name("mailhook")
FIXTURES = Path(__file__).parents[1] / "fixtures" / "mail"
KEY = "fixture-signing-key-0123456789abcdef"
BROKEN = [
    b"\r\n",
    b"\xff\xfe garbage without a header\r\n",
    b"From: a@example.com\r\n\r\n",
    hostile.nested(2000),
    hostile.GOOD_HEAD + hostile.MULTIPART + b"--b\r\n\r\nnever closed",
    hostile.event("[" * 50_000),
    hostile.event('{"check_id":"\\ud800"}'),
    hostile.event('{"score":' + "9" * 5_000 + "}"),
    hostile.jwt_without_proof(),
    hostile.header(b"X: " + b"x" * 1_000_000),
    hostile.header(b"Message-ID: <another@truora.com>"),
    hostile.GOOD_HEAD + b"Content-Type: text/plain; charset=no-such-charset\r\n\r\n\xe9\xff",
    hostile.GOOD_HEAD + hostile.HTML + b"<table><tr><td>" * 20_000,
    hostile.GOOD_HEAD + hostile.TEXT + b"Check finished\r\n" * 200_000,
]


def test_two_hundred_mails_become_what_they_say_and_nothing_else(account: Account):
    told = {path: json.loads(path.with_suffix(".json").read_text()) for path in corpus()}
    plain = [mails.check_finished(f"CHK{n:032d}") for n in range(200 - len(told) - len(BROKEN))]
    letters = [*(path.read_bytes() for path in told), *plain, *BROKEN]
    random.Random(7).shuffle(letters)  # noqa: S311 - the same order in each run
    account.append(*letters)

    config = account.config()
    whole = yaml.safe_load(config.read_text())
    (account.home / "key").write_text(KEY)
    whole["trust"]["signing_keys"] = [{"file": "key"}]
    config.write_text(yaml.safe_dump(whole))
    poll = [MAILHOOK, "-c", config, "poll"]
    first = warm.run(poll, capture_output=True, text=True)
    second = warm.run(poll, capture_output=True, text=True)
    assert (first.returncode, first.stderr) == (0, "")
    assert (second.returncode, second.stdout) == (0, "nothing new\n")

    with closing(sqlite3.connect(f"file:{account.home}/mailhook.db?mode=ro", uri=True)) as db:
        deliveries = db.execute("SELECT message_id, outcome, raw IS NOT NULL FROM deliveries")
        rows = deliveries.fetchall()
        facts = db.execute(
            "SELECT event_type, event_action, subject_id FROM events WHERE event_type <> 'webhook'"
        ).fetchall()
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert len(rows) >= 200
    assert all(kept for _, _, kept in rows)
    wanted = {
        (event["event_type"], event["event_action"], event["subject_id"])
        for expectation in told.values()
        if expectation["outcome"] == "recorded"
        for event in expectation["events"]
    }
    wanted |= {("check", "finished", f"CHK{n:032d}") for n in range(len(plain))}
    assert set(facts) == wanted
    outcomes = Counter(outcome for _, outcome, _ in rows)
    expected = Counter(expectation["outcome"] for expectation in told.values())
    assert outcomes["ignored"] >= expected["ignored"]
    assert outcomes["alert"] == expected["alert"]
    assert outcomes["quarantined"] >= expected["quarantined"] + 8


def corpus() -> list[Path]:
    return sorted(p for p in FIXTURES.rglob("*.eml") if "hostile" not in p.parts)
