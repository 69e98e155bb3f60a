"""One event by web, and by mails with labels, JSON or a token, in every order: one row."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import count, permutations
from pathlib import Path
from random import Random
from typing import Any

import mails
import pytest
from stores import asked

from mailhook.catalog import load
from mailhook.config import TrustSettings
from mailhook.model import Batch, Channel, Delivery, Finding
from mailhook.pipeline import commit, examine
from mailhook.store import Store
from mailhook.testing import Envelope, Happening, Inventor, Style, of_event, sign
from mailhook.trust import Trust

KEY = b"both-roads-signing-key-0123456789"
TRUST = Trust(TrustSettings(authserv_id=(mails.SERVER,)), (KEY,))
KINDS = (
    "check finished",
    "check delayed",
    "continuous_check changed",
    "identity_process step_succeeded",
)
STYLES = {
    "with its time": Style("labelled", "es"),
    "with time and id": Style("table", "en", with_id=True),
    "with its id": Style("labelled", "pt", with_time=False, with_id=True),
    "with neither": Style("table", "es", with_time=False),
}
SPELLINGS = ("labelled", "web", "json", "token")
_numbers = count(1)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing in it, to be copied: making one takes longer."""
    path = tmp_path_factory.mktemp("empty") / "mailhook.db"
    Store(path).close()
    return path


def happening(kind: str, seed: int = 7) -> Happening:
    return Inventor(seed).event(mails.NOON, *kind.split())


def mail(event: Happening, style: Style, seconds: int = 7) -> bytes:
    """The mail as it comes so long after the event."""
    at = event.at + timedelta(seconds=seconds)
    name = f"<roads-{next(_numbers)}@mail.truora.com>"
    return of_event(event, style, Envelope("hooks@example.com", at, name, results=mails.PROOF), KEY)


def found(channel: Channel, raw: bytes, event: Happening) -> Finding:
    at = event.at + timedelta(seconds=9)
    return examine(Delivery(channel, "somewhere", at, raw), TRUST)


@cache
def findings(kind: str, style: Style) -> dict[str, Finding]:
    """What each spelling of one event tells, by its name."""
    event = happening(kind)
    return {
        "labelled": found("email", mail(event, style), event),
        "web": found("web", sign([event], KEY).encode(), event),
        "json": found("email", mail(event, Style("json")), event),
        "token": found("email", mail(event, Style("token")), event),
    }


def spellings(kind: str, style: Style) -> tuple[str, ...]:
    """Those that can be known for one: two mails of what may repeat, one without time and id, not.

    Nothing then says that they are not of two events.
    """
    repeats = load().action(*kind.split()).repeats
    if repeats and not style.with_time and not style.with_id:
        return ("labelled", "web")
    return SPELLINGS


def some(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Orders of which each name is the first of one and the last of another, twice."""
    rounds = [(*names[nth:], *names[:nth]) for nth in range(len(names))]
    return [*rounds, *(order[::-1] for order in rounds)]


def orders(
    names: Sequence[str], seed: str, *, every: bool, shuffles: int
) -> Iterator[tuple[str, ...]]:
    """Orders of them, and of each of them twice what chance makes of it."""
    yield from permutations(names) if every else some(names)
    random = Random(seed)  # noqa: S311 - it is to be the same again
    for _ in range(shuffles):
        yield tuple(random.sample([*names, *names], 2 * len(names)))


def recorded(empty: Path, told: Sequence[Finding]) -> list[dict[str, Any]]:
    """The events of a store that was told so, each with its `channels` and its conflicts."""
    path = empty.with_name(f"{next(_numbers)}.db")
    shutil.copy(empty, path)
    arrived = [
        replace(finding, delivery=replace(finding.delivery, location=f"told:{next(_numbers)}"))
        for finding in told
    ]
    with Store(path) as store:
        commit(Batch(tuple(finding.delivery for finding in arrived)), arrived, store)
    rows = [dict(zip(NAMES, row, strict=True)) for row in asked(path, ROWS)]
    path.unlink()
    return rows


NAMES = (
    *("key", "subject", "truora_id", "authenticity", "confidence", "status", "time_source"),
    *("occurred_at", "object", "email_at", "web_at", "sightings", "conflicts"),
)
ROWS = """
SELECT e.key, e.subject_id, e.truora_id, e.authenticity, e.confidence, e.status, e.time_source,
       e.occurred_at, e.object, c.email_at, c.web_at, c.sightings,
       (SELECT count(*) FROM conflicts WHERE event_id = e.id)
FROM events e JOIN channels c ON c.event_id = e.id ORDER BY e.occurred_at, e.id
"""


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", KINDS)
def test_one_event_is_one_row_in_the_orders_it_is_told(empty: Path, kind: str, style: str):
    one_row(empty, kind, style, every=False, shuffles=2)


@pytest.mark.torture
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", KINDS)
def test_one_event_is_one_row_in_whatever_order_it_is_told(empty: Path, kind: str, style: str):
    one_row(empty, kind, style, every=True, shuffles=40)


def one_row(empty: Path, kind: str, style: str, *, every: bool, shuffles: int) -> None:
    by_name = findings(kind, STYLES[style])
    contents = set()
    names = spellings(kind, STYLES[style])
    for order in orders(names, kind + style, every=every, shuffles=shuffles):
        rows = recorded(empty, [by_name[name] for name in order])
        assert len(rows) == 1, (order, [row["key"] for row in rows])
        (row,) = rows
        assert (row["conflicts"], row["sightings"]) == (0, len(order)), order
        assert row["email_at"], order
        assert row["web_at"], order
        assert row["truora_id"] == happening(kind).id, order
        assert (row["authenticity"], row["confidence"]) == ("verified", "exact"), order
        assert (row["time_source"], row["occurred_at"]) == ("vendor", "2026-08-03T12:00:00.000000Z")
        contents.add(json.dumps([json.loads(row["object"]), row["status"]], sort_keys=True))
    # What it is in the end does not depend on who was first.
    assert len(contents) == 1


@pytest.mark.parametrize("style", STYLES)
def test_two_events_of_one_subject_stay_two_in_whatever_order_they_are_told(
    empty: Path, style: str
):
    first = happening("check delayed")
    later = first.at + timedelta(minutes=10)
    second = replace(first, at=later, id=f"HKE{'2' * 40}")
    told = [
        found(channel, raw, event)
        for event in (first, second)
        for channel, raw in (
            ("email", mail(event, STYLES[style])),
            ("web", sign([event], KEY).encode()),
        )
    ]
    for order in permutations(told):
        rows = recorded(empty, order)
        assert [row["truora_id"] for row in rows] == [first.id, second.id]
        assert all(row["email_at"] and row["web_at"] for row in rows)
        assert {row["conflicts"] for row in rows} == {0}


def test_a_retry_that_comes_hours_later_and_one_with_a_new_id_are_the_same_event(empty: Path):
    event = happening("check delayed")
    retried = found("web", sign([event], KEY).encode() + b"\n", event)
    retried = replace(
        retried, delivery=replace(retried.delivery, received_at=event.at + timedelta(minutes=171))
    )
    renewed = replace(event, id=f"HKE{'3' * 40}")
    told = [
        found("web", sign([event], KEY).encode(), event),
        found("web", sign([renewed], KEY).encode(), event),
        found("email", mail(event, STYLES["with neither"]), event),
        retried,
    ]
    for order in permutations(told):
        (row,) = recorded(empty, order)
        assert row["email_at"]
        assert row["web_at"]


def test_a_token_with_several_events_tells_each_once_beside_their_mails(empty: Path):
    events = [happening(kind, seed) for seed, kind in enumerate(KINDS)]
    together = found("web", sign(events, KEY).encode(), events[0])
    alone = [found("email", mail(event, STYLES["with its time"]), event) for event in events]
    for told in ([together, *alone], [*alone, together], [*alone[:2], together, *alone[2:]]):
        rows = recorded(empty, told)
        assert sorted(row["truora_id"] for row in rows) == sorted(event.id for event in events)
        assert all(row["email_at"] and row["web_at"] for row in rows)
        assert {row["conflicts"] for row in rows} == {0}
