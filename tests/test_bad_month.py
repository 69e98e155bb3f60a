"""A bad month against mailhook: in the end the store says what the month's own books say."""

from __future__ import annotations

import os
import sys
import time

import pytest
from dovecot import Account
from month import findings, plan, verdicts
from month.books import Name
from month.machine import COMPILER
from month.month import Month, month
from month.report import lines

pytestmark = pytest.mark.skipif(not COMPILER, reason="there is no C compiler")
# One seed in full, two of a fifth: a quarter of an hour on two cores with nothing else to do.
# MONTH_EVENTS says otherwise for all; fewer than some 5,000 are too quiet a month for its kills.
_EVENTS = {1: 100_000, 2: 20_000, 3: 20_000}
_ASKED = os.environ.get("MONTH_EVENTS")


@pytest.mark.timeout(300)
def test_after_three_bad_days_the_store_says_what_the_books_say(account: Account):
    _lived(plan.short(600, seed=1), account)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", _EVENTS)
def test_after_a_bad_month_the_store_says_what_the_books_say(
    account: Account, seed: int, capsys: pytest.CaptureFixture[str]
):
    with capsys.disabled():
        _lived(plan.long(int(_ASKED or _EVENTS[seed]), seed), account)


def _lived(planned: plan.Plan, account: Account) -> None:
    with month(planned, account) as lived:
        began = time.monotonic()
        lived.live()
        sys.stdout.write("\n".join(["", *lines(lived, time.monotonic() - began), ""]))
        _audit(lived)
        assert lived.machine.stop() == 0
        assert lived.machine.bugs() == []


def _audit(lived: Month) -> None:
    machine, books = lived.machine, lived.books
    rows = findings.events(machine)
    books.learn({name for name, (row, *_) in rows.items() if "web" in findings.roads(row)})
    expected = verdicts.channels(books)
    assert rows.keys() - expected.keys() == set(), "events that never were"
    assert expected.keys() - rows.keys() == set(), "events that are lost"
    assert [name for name, found in rows.items() if len(found) > 1] == [], "doubled events"
    assert {name: findings.roads(found[0]) for name, found in rows.items()} == expected
    assert findings.missed(machine) == verdicts.missed(books, lived.timeline.now)
    assert findings.alerts(machine) == verdicts.alerts(books)
    _audit_contents(lived, rows)


def _audit_contents(lived: Month, rows: dict[Name, list[findings.Row]]) -> None:
    machine, books = lived.machine, lived.books
    assert findings.marked(machine) == 0
    told = findings.forged(machine)
    assert sum(count for count, _ in told.values()) == books.counts["forged mails"]  # type: ignore[misc] # numbers
    assert told.keys() <= {"quarantined", "ignored"}
    waiting = {"email": told["quarantined"][0], "api": books.unread_items}
    assert findings.quarantined(machine) == {
        road: count for road, count in waiting.items() if count
    }
    assert findings.conflicts(machine) == []
    for entry in books.told():
        (row,) = rows[entry.name]
        content = {**entry.event.object, **({"status": "completed"} if entry.thin else {})}
        assert {name: row["object"].get(name) for name in content} == content, entry.name
        assert (row["authenticity"], row["confidence"]) == ("verified", "exact"), entry.name
