"""Mail, web and API tell of some events in any order: the same events, with the same contents."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import mails
import pytest
from fake_api import settings_of
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from stores import asked

from mailhook import catalog, config, times
from mailhook.config import TrustSettings
from mailhook.model import Batch, Channel, Delivery, Event, Finding
from mailhook.pipeline import commit, examine
from mailhook.reconcile import reconcile
from mailhook.store import Store
from mailhook.testing import Envelope, Happening, Inventor, Style, of_event, sign
from mailhook.testing.api import FakeApi
from mailhook.testing.letters import LAYOUTS
from mailhook.testing.wording import LANGUAGES
from mailhook.trust import Trust

KEY = b"any-order-signing-key-0123456789ab"
TRUST = Trust(TrustSettings(authserv_id=(mails.SERVER,)), (KEY,))
_INVENTOR = Inventor("any order")
_TYPES = frozenset(one.type for one in _INVENTOR.kinds)
_FETCHED_TYPES = ("check", "continuous_check", "identity_process")
_WINDOW_SECONDS = 180
# More than two windows between repeats of one base key, and a mail within its own.
_GAPS = st.integers(2 * _WINDOW_SECONDS + 1, 50_000)
_numbers = count(1)
_ROWS = """
SELECT subject_id, event_type, event_action, occurred_at, time_source, authenticity, confidence,
       status, truora_id, idempotency_key, object,
       (SELECT count(*) FROM conflicts WHERE event_id = e.id)
FROM events e
"""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing in it, to be copied: making one takes longer."""
    path = tmp_path_factory.mktemp("empty") / "mailhook.db"
    Store(path).close()
    return path


@dataclass(frozen=True)
class Told:
    """An event and by which roads it is told: each in the words of that road."""

    event: Happening
    style: Style
    mailed_after: int
    roads: tuple[Channel, ...]

    @property
    def is_dated(self) -> bool:
        """Whether one of its tellings has the vendor's time."""
        by_mail = self.style.with_time or self.style.layout in {"json", "token"}
        return by_mail or self.roads != ("email",)

    def findings(self) -> Iterator[Finding]:
        for road in self.roads:
            at = self.event.at + timedelta(seconds=self.mailed_after)
            yield examine(Delivery(road, "somewhere", at, self._raw(road)), TRUST)

    def _raw(self, road: Channel) -> bytes:
        if road == "web":
            return sign([self.event], KEY).encode()
        if road == "api":
            return json.dumps(_item(self.event)).encode()
        at = self.event.at + timedelta(seconds=self.mailed_after)
        name = f"<{next(_numbers)}@mail.truora.com>"
        envelope = Envelope("hooks@example.com", at, name, results=mails.PROOF)
        return of_event(self.event, self.style, envelope, KEY)


def _item(event: Happening) -> dict[str, object]:
    """The event as the API lists it."""
    return {
        "idempotency_key": f"HIK{event.id[3:]}",
        "event_type": event.type,
        "event_action": event.action,
        "object": json.dumps(event.object),
        "timestamp": event.timestamp,
        "delivery_status": "success",
    }


@st.composite
def lives(draw: st.DrawFn, types: Collection[str] = _TYPES) -> list[Told]:
    """Up to six events of one or two subjects of a kind; what may not repeat happens once."""
    kind = draw(st.sampled_from(sorted(types)))
    kinds = [one for one in _INVENTOR.kinds if one.type == kind]
    at, found = mails.NOON, dict[tuple[str, str, str], Told]()
    for number in range(draw(st.integers(1, 6))):
        chosen, subject = draw(st.sampled_from(kinds)), draw(st.sampled_from(["SUB1", "SUB2"]))
        at += timedelta(seconds=draw(_GAPS))
        event = _INVENTOR.event(at, kind, chosen.action.name)
        ids = {name: subject for name in chosen.id_fields if name in event.object}
        event = replace(event, object={**event.object, **ids})
        once = "" if chosen.action.repeats else "once"
        place = (subject, chosen.action.name, once or str(number))
        found.setdefault(place, draw(_told(event)))
    return [*found.values()]


def _told(event: Happening) -> st.SearchStrategy[Told]:
    roads = st.lists(st.sampled_from(["email", "web", "api"]), min_size=1, unique=True)
    styles = st.builds(
        Style,
        st.sampled_from(LAYOUTS),
        st.sampled_from(LANGUAGES),
        with_time=st.booleans(),
        with_id=st.booleans(),
    )
    mailed = st.integers(-10, _WINDOW_SECONDS)
    return st.builds(Told, st.just(event), styles, mailed, roads.map(tuple))


def recorded(
    empty: Path,
    told: Sequence[Finding],
    sizes: Sequence[int],
    ask: Callable[[Store], object] | None = None,
) -> list[list[object]]:
    """The events of a store that was told so, in batches of these sizes; each place is its own.

    After each batch `ask`, if any, may complete what is due.
    """
    path = empty.with_name(f"{next(_numbers)}.db")
    shutil.copy(empty, path)
    rest, at = [*map(_arrived, told)], 0
    with Store(path) as store:
        while rest:
            size = sizes[at % len(sizes)]
            batch, rest, at = rest[:size], rest[size:], at + 1
            commit(Batch(tuple(one.delivery for one in batch)), batch, store)
            if ask:
                ask(store)
    rows = [
        [
            json.dumps(json.loads(str(one)), sort_keys=True) if nth == 10 else one
            for nth, one in enumerate(row)
        ]
        for row in asked(path, _ROWS)
    ]
    path.unlink()
    return sorted(rows, key=lambda row: [str(one) for one in row])


def _arrived(finding: Finding) -> Finding:
    place = f"told:{next(_numbers)}"
    return replace(finding, delivery=replace(finding.delivery, location=place))


_quick = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@_quick
@given(data=st.data(), happened=lives())
def test_in_whatever_order_the_roads_tell_the_events_and_their_contents_are_the_same(
    empty: Path, data: st.DataObject, happened: list[Told]
):
    _check(empty, data, happened)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@settings(_quick, max_examples=3_000, derandomize=False)
@given(data=st.data(), happened=lives())
def test_in_whatever_order_they_tell_deeply(empty: Path, data: st.DataObject, happened: list[Told]):
    _check(empty, data, happened)


@pytest.fixture(scope="module")
def api() -> Iterator[FakeApi]:
    with FakeApi() as one:
        yield one


@settings(_quick, max_examples=15)
@given(data=st.data(), happened=lives(_FETCHED_TYPES))
def test_whenever_their_subjects_are_asked_for_the_events_are_the_same(
    empty: Path, api: FakeApi, data: st.DataObject, happened: list[Told]
):
    """What mail and web have left open, and the list may tell later, the subject stands in for."""
    told = [
        _thinned(finding, is_prose=not one.style.with_id)
        for one in happened
        for finding in one.findings()
    ]
    api.resources = dict(_subject(event) for one in told for event in one.events)
    asks = settings_of(api, empty.parent)

    def ask(store: Store) -> None:
        assert reconcile(config.Settings(api=asks), store, TRUST).exit_code == 0

    order = data.draw(st.permutations(told))
    turns = data.draw(st.lists(st.booleans(), min_size=len(told), max_size=len(told)))
    turns[-1] = True
    found = recorded(empty, order, [1], lambda store: turns.pop(0) and ask(store))
    at_last = iter(range(len(told) - 1, -1, -1))
    assert found == recorded(empty, told, [1], lambda store: next(at_last) or ask(store))


def _thinned(finding: Finding, *, is_prose: bool) -> Finding:
    """The same where only the list says how it ended, and a mail may but mention it."""
    thin = replace if finding.delivery.channel == "api" else _thin
    if is_prose and finding.delivery.channel == "email":
        thin = _mention
    return replace(finding, events=tuple(thin(one) for one in finding.events))


def _thin(event: Event) -> Event:
    content = {name: value for name, value in event.object.items() if "status" not in name}
    return replace(event, status=None, raw_status=None, object=content)


def _mention(event: Event) -> Event:
    content = {name: one for name, one in event.object.items() if one == event.subject_id}
    said = {"process_id": None, "account_id": None, "flow_id": None, "object": content}
    return replace(_thin(event), confidence="mentioned", **said)


def _subject(event: Event) -> tuple[str, object]:
    """Where the subject of the event lies, and how it stands; there may be no such place."""
    kind = catalog.load().resource(event.subject_type or "", event.subject_id or "")
    if kind is None:
        return "/nowhere", None
    content = dict.fromkeys(kind.id_fields, event.subject_id)
    content |= {kind.status_fields[-1]: "success", "found_by": "asking"}
    return kind.path.replace("{id}", str(event.subject_id)), content


def _check(empty: Path, data: st.DataObject, happened: list[Told]) -> None:
    told = [finding for one in happened for finding in one.findings()]
    again = data.draw(st.lists(st.sampled_from(told), max_size=4))
    order = data.draw(st.permutations([*told, *again]))
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    expected = recorded(empty, told, [1])
    assert recorded(empty, order, sizes) == expected
    assert len(expected) == len(happened)
    for one in filter(lambda one: one.is_dated, happened):
        event = one.event
        name = [event.type, event.action, times.stored(event.at), "vendor"]
        (row,) = [row for row in expected if row[1:5] == name]
        assert json.loads(str(row[10])).items() >= _plain(event).items()
        assert (row[5], row[6], row[11]) == ("verified", "exact", 0)


def _plain(event: Happening) -> dict[str, object]:
    found: dict[str, object] = json.loads(json.dumps(event.object))
    return found
