"""An alert that a hook is switched off closes itself: by a mail, or by web hooks that come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import hooks
import mails
import pytest
from command import Home
from stores import asked

from mailhook.model import Delivery
from mailhook.store import Store
from mailhook.store.hook import plain

URL = "https://hooks.example.com/hooks"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
STATES = "SELECT state, resolved_by FROM alerts WHERE kind = 'hook_disabled' ORDER BY id"
OPEN, BY_MAIL, BY_WEB = ("open", None), ("resolved", "mail"), ("resolved", "web")
AUDIT = "SELECT who, what, why, detail FROM audit"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mailhook.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path, web_url=URL) as opened:
        yield opened


def mail(
    words: str, endpoint: str | None, after: timedelta, name: str | None = None, **told: object
) -> Delivery:
    labels = f"\nEndpoint: {endpoint}" if endpoint else ""
    labels += f"\nHook name: {name}" if name else ""
    text = f"Your webhook has been {words}.\n{labels}\n"
    raw = mails.write(text, date=mails.NOON + after, **told)  # type: ignore[arg-type]
    return hooks.mailed(raw)


def disabled(
    endpoint: str | None = URL, after: timedelta = timedelta(), **told: object
) -> Delivery:
    return mail("disabled", endpoint, after, **told)


def enabled(endpoint: str | None = URL, after: timedelta = HOUR, **told: object) -> Delivery:
    return mail("enabled again", endpoint, after, **told)


def tokens(count: int, after: timedelta = HOUR) -> list[Delivery]:
    """So many, each of an event of its own."""
    return [
        hooks.of_check(f"CHK{nth:032x}", mails.NOON + after + nth * MINUTE) for nth in range(count)
    ]


def came_and_ceased(subject: str = "CHKbefore") -> list[Delivery]:
    """A check that came by web before noon, and one after noon that only a mail tells of."""
    later = mails.check_finished(f"{subject}missed", time="2026-08-03T12:10:00Z")
    return [hooks.of_check(subject, mails.NOON - HOUR), hooks.mailed(later)]


def states(path: Path) -> list[tuple[object, ...]]:
    return asked(path, STATES)


def test_a_proven_mail_that_it_is_enabled_again_closes_it_and_audit_tells(path: Path, store: Store):
    hooks.take(store, disabled(), enabled())
    assert states(path) == [BY_MAIL]
    why = "a verified mail says that the hook is enabled again"
    assert asked(path, AUDIT) == [("mailhook", "alerts resolve", why, '{"alerts":[1]}')]
    assert asked(path, "SELECT resolved_at IS NOT NULL FROM alerts WHERE id = 1") == [(1,)]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(lambda: enabled(proof=None), id="unproven"),
        pytest.param(lambda: enabled("https://other.example.com/hooks"), id="another hook"),
        pytest.param(lambda: enabled(after=-HOUR), id="of before"),
        pytest.param(lambda: mail("not been enabled again", URL, HOUR), id="denied"),
    ],
)
def test_what_does_not_say_so_closes_nothing(
    path: Path, store: Store, again: Callable[[], Delivery]
):
    hooks.take(store, disabled(), again())
    assert states(path) == [OPEN]
    assert asked(path, AUDIT) == []


def test_a_mail_that_names_no_hook_closes_the_only_one_that_is_off(path: Path, store: Store):
    hooks.take(store, disabled(), enabled(None))
    assert states(path) == [BY_MAIL]


def test_a_mail_that_names_no_hook_closes_none_of_several(path: Path, store: Store):
    hooks.take(store, disabled(), disabled("https://other.example.com/"), enabled(None))
    assert states(path) == [OPEN, OPEN]
    hooks.take(store, enabled("HTTPS://Hooks.Example.com:443/hooks/"))
    assert states(path) == [BY_MAIL, OPEN]


def test_the_order_of_reading_does_not_matter(tmp_path: Path):
    both = [disabled(), disabled(after=MINUTE, message_id="<owner@truora.com>"), enabled()]
    for nth, order in enumerate(permutations(both)):
        path = tmp_path / f"{nth}.db"
        with Store(path, web_url=URL) as store:
            hooks.take(store, *order)
        assert set(states(path)) == {BY_MAIL}


def test_it_is_closed_by_one_that_joins_an_older_status_mail(path: Path, store: Store):
    changed = mails.write("The status of your webhook has changed.\n\nEndpoint: " + URL)
    hooks.take(store, hooks.mailed(changed), disabled(), enabled())
    assert states(path) == [BY_MAIL]


def test_a_later_one_is_a_new_alert(path: Path, store: Store):
    hooks.take(store, disabled(), enabled(), disabled(after=2 * HOUR))
    assert states(path) == [BY_MAIL, OPEN]
    hooks.take(store, enabled(after=3 * HOUR))
    assert states(path) == [BY_MAIL, BY_MAIL]


def test_three_proven_web_hooks_of_later_events_close_it(path: Path, store: Store):
    first, second, third = tokens(3)
    hooks.take(store, *came_and_ceased(), disabled(), first, second, second)
    assert states(path) == [OPEN]
    hooks.take(store, third)
    assert states(path) == [BY_WEB]
    ((who, what, why, detail),) = asked(path, AUDIT)
    assert (who, what) == ("mailhook", "alerts resolve")
    assert why == "what had ceased comes to web.url again, by 3 verified web hooks or more"
    assert json.loads(str(detail)) == {"alerts": [1], "deliveries": [4, 5, 6]}


def test_one_token_in_other_words_around_it_is_one(path: Path, store: Store):
    first, second, third = tokens(3)
    hooks.take(store, *came_and_ceased())
    again = (b" " + first.raw, b"Bearer " + first.raw, b'["' + first.raw + b'"]')
    hooks.take(store, disabled(), first, *(hooks.posted(raw, first.received_at) for raw in again))
    assert states(path) == [OPEN]
    hooks.take(store, second, third)
    assert states(path) == [BY_WEB]


def test_a_mail_read_only_after_three_such_hooks_is_closed_at_once(path: Path, store: Store):
    hooks.take(store, *came_and_ceased(), *tokens(3), disabled())
    assert states(path) == [BY_WEB]


@pytest.mark.parametrize(
    ("alert", "came"),
    [
        pytest.param(disabled, lambda: tokens(5, after=-HOUR), id="events of before"),
        pytest.param(
            lambda: disabled("https://other.example.com/hooks"), lambda: tokens(5), id="elsewhere"
        ),
        pytest.param(lambda: disabled(None), lambda: tokens(5), id="nowhere named"),
        pytest.param(disabled, lambda: _forged(5), id="not signed by our key"),
        pytest.param(disabled, lambda: _mailed(5), id="by mail"),
    ],
)
def test_other_hooks_close_nothing(
    path: Path,
    store: Store,
    alert: Callable[[], Delivery],
    came: Callable[[], list[Delivery]],
):
    hooks.take(store, *came_and_ceased(), alert(), *came())
    assert states(path) == [OPEN]


def _forged(count: int) -> list[Delivery]:
    at = mails.NOON + HOUR
    events = (hooks.check(f"CHK{nth}", at) for nth in range(count))
    bodies = (hooks.signed(one, made_at=at, key=hooks.OTHER_KEY) for one in events)
    return [hooks.posted(body, at) for body in bodies]


def _mailed(count: int) -> list[Delivery]:
    return [
        hooks.mailed(mails.check_finished(f"CHK{nth:032x}", time="2026-08-03T13:00:00Z"))
        for nth in range(count)
    ]


def test_without_an_address_of_ours_no_web_hook_closes_anything(path: Path):
    with Store(path) as store:
        hooks.take(store, *came_and_ceased(), disabled(), *tokens(3))
        assert states(path) == [OPEN]
        store.adopt("full", 180, URL)
        hooks.take(store, *tokens(4)[3:])
    assert states(path) == [BY_WEB]


def test_failing_deliveries_stay_open_for_what_was_lost_meanwhile(path: Path, store: Store):
    failing = mails.write(f"The deliveries to your webhook are failing.\n\nEndpoint: {URL}\n")
    hooks.take(store, hooks.mailed(failing), enabled(), *tokens(3))
    kind = "SELECT state FROM alerts WHERE kind = 'delivery_failing'"
    assert asked(path, kind) == [("open",)]


@pytest.mark.parametrize(
    ("address", "spelled"),
    [
        ("HTTPS://Hooks.Example.COM:443/hooks/", URL),
        (f" {URL}#x", URL),
        ("https://hooks.example.com./hooks", URL),
        ("https://user:word@hooks.example.com/hooks", URL),
        ("http://hooks.example.com:80", "http://hooks.example.com"),
        ("https://hooks.example.com:8443/Hooks?a=1", "https://hooks.example.com:8443/Hooks?a=1"),
        ("https://[", "https://["),
        ("no address", "no address"),
        ("", None),
        (None, None),
    ],
)
def test_an_address_has_one_spelling(address: str | None, spelled: str | None):
    assert plain(address) == spelled


def test_the_list_says_in_words_what_has_closed_each(tmp_path: Path):
    home = Home(tmp_path)
    with Store(home.store, web_url=URL) as store:
        hooks.take(store, disabled(), enabled())
        missed = mails.check_finished("CHKmissed", time="2026-08-03T14:10:00Z")
        hooks.take(store, *came_and_ceased(), hooks.mailed(missed))
        hooks.take(store, disabled(after=2 * HOUR), *tokens(3, after=3 * HOUR))
        hooks.take(store, disabled("https://other.example.com/"))
    ((number,),) = asked(home.store, "SELECT max(id) FROM alerts")
    assert home.call("alerts", "resolve", number).code == 0
    shown = home.call("alerts", columns=200).out
    for words in ("enabled again", "by web hooks that came since", "resolved by hand"):
        assert words in shown
    rows = json.loads(home.call("alerts", "--json").out)
    assert {row["resolved_by"] for row in rows} == {"hand", "mail", "web", None}
