"""Is all well? Each thing that can be wrong, the sentence that says what to do, and no other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import hooks
import mails
import pytest
from command import Home
from stores import asked

from mailhook import config, times
from mailhook.config import TrustSettings
from mailhook.health import Health, look, senders
from mailhook.model import After, Batch, Delivery, Place
from mailhook.pipeline import Trust, ingest
from mailhook.sources.place import url
from mailhook.store import Reader, Store

ENDPOINT = "https://hooks.example.com/truora"
FAILING = f"The deliveries to your webhook are failing.\n\nEndpoint: {ENDPOINT}\n"
DISABLED = f"Your webhook has been disabled.\n\nEndpoint: {ENDPOINT}\n"
FORGED = mails.check_finished("CHKforged", proof=None)
GENUINE = mails.check_finished("CHK1")
STRANGE = mails.write("hello")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "password").write_text("correct-horse")
    mailbox = {
        "name": "hooks",
        "host": "imap.example.com",
        "username": "hooks@example.com",
        "password": {"file": str(tmp_path / "password")},
    }
    return Home(tmp_path, mailboxes=[mailbox])


def source(home: Home) -> str:
    (mailbox,) = config.load(home.config).mailboxes
    return url(mailbox, "INBOX")


def beat(home: Home, error: str | None = None) -> None:
    with Store(home.store) as store:
        store.beat(source(home), error)


def health(home: Home, after: timedelta = timedelta(0), *, now: datetime | None = None) -> Health:
    with Reader(home.store) as store:
        return look(config.load(home.config), store, (now or times.now()) + after)


WEEK = timedelta(days=7, seconds=1)


@pytest.mark.parametrize("mail", [mails.write(FAILING, subject="Webhook failing"), STRANGE])
def test_what_nobody_has_seen_to_for_a_week_is_shown_but_wrong_no_more(home: Home, mail: bytes):
    with Store(home.store) as store:
        trust = Trust(TrustSettings(authserv_id=(mails.SERVER,)))
        ingest(Batch((mails.delivered(mail),)), store, trust)
    assert [one.wrong for one in health(home).advice] == [True, True]
    later = health(home, WEEK).advice
    assert [one.wrong for one in later] == [True, False]
    assert "never polled" in later[0].words


def said(home: Home, after: timedelta = timedelta(0)) -> list[str]:
    return [one.words for one in health(home, after).advice]


def test_a_folder_polled_just_now_and_nothing_waiting_is_well(home: Home):
    now = times.now()
    home.deliver(GENUINE)
    beat(home)
    whole = health(home, now=now)
    assert (whole.is_well, whole.advice) == (True, ())
    (folder,) = whole.folders
    assert (folder.mailbox, folder.name, folder.error, folder.queued) == ("hooks", "INBOX", None, 0)
    assert whole.today == {"recorded": 1}


def test_a_folder_never_polled_is_wrong(home: Home):
    home.deliver()
    assert said(home) == ["hooks, INBOX: never polled; start the service, or `mailhook poll`"]
    assert not health(home).is_well


def test_a_folder_that_fails_says_since_when_and_why(home: Home):
    beat(home)
    beat(home, "login refused\n    hint: see\x1b[2J the password")
    beat(home, "the server closed the connection")
    (words,) = said(home)
    assert words.startswith("hooks, INBOX: no round trip since 20")
    assert words.endswith("Z: the server closed the connection")
    assert not health(home).is_well
    beat(home)
    assert said(home) == []


def test_an_error_of_several_lines_is_one_sentence(home: Home):
    beat(home, "login refused\n    hint: see the password")
    (words,) = said(home)
    assert words.endswith("Z: login refused; hint: see the password")


def refused(home: Home) -> None:
    place = Place(source(home), 9, 1)
    delivery = Delivery("email", f"{place.source};UID=1", mails.NOON, GENUINE, place=place)
    trust = Trust(TrustSettings(authserv_id=(mails.SERVER,)))
    with Store(home.store) as store:
        ingest(Batch((delivery,)), store, trust, After("move", "Done"))
        (action,) = store.actions(place.source)
        store.note_actions([(action, "refused: NO [NOPERM] you may not")])
        store.beat(place.source)


def test_actions_that_the_server_refuses_are_wrong_and_counted(home: Home):
    refused(home)
    assert said(home) == [
        "hooks, INBOX: mails still to be dealt with: 1; refused: NO [NOPERM] you may not"
    ]
    assert health(home).folders[0].queued == 1
    assert not health(home).is_well


@pytest.mark.parametrize(
    ("text", "subject", "words"),
    [
        (FAILING, "Webhook deliveries failing", f"deliveries to {ENDPOINT} fail: look at its"),
        (DISABLED, "Webhook disabled", f"the hook for {ENDPOINT} is switched off: mend its server"),
        ("The deliveries to your webhook are failing.", "Alert", "deliveries to an endpoint that"),
    ],
)
def test_an_open_alert_is_wrong_and_says_what_to_do(
    home: Home, text: str, subject: str, words: str
):
    beat(home)
    assert home.deliver(mails.write(text, subject=subject)) == ["alert"]
    (advice,) = health(home).advice
    assert advice.words.startswith(words)
    assert advice.wrong


def test_the_same_alert_of_many_days_is_said_once(home: Home):
    beat(home)
    for day in range(4):
        home.deliver(mails.write(FAILING, date=mails.NOON + timedelta(days=2 * day)))
    assert len(health(home).alerts) == 4
    assert len(said(home)) == 1


def test_an_alert_that_was_dealt_with_is_well(home: Home):
    beat(home)
    home.deliver(mails.write(FAILING))
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE alerts SET state = 'resolved'")
    assert said(home) == []


def test_hooks_held_for_want_of_authserv_id_are_wrong_and_the_line_to_add_is_named(home: Home):
    home.write({"trust": {"senders": ["truora.com"]}})
    home.deliver(FORGED)
    (advice,) = health(home).advice
    assert advice.words == (
        "1 mail looks like a hook but comes from truora.com without proof: trust.authserv_id is not"
        " set; `mailhook doctor` says which line to add"
    )
    assert advice.wrong


def test_a_forged_hook_beside_proven_ones_is_told_and_no_wrong(home: Home):
    beat(home)
    home.deliver(FORGED, GENUINE)
    (advice,) = health(home).advice
    assert advice.words == (
        "1 mail looks like a hook but comes from truora.com without proof: run `mailhook doctor`"
    )
    assert not advice.wrong
    assert health(home).is_well


def test_the_domains_of_unproven_hooks_are_named_and_nothing_else_of_their_senders(home: Home):
    beat(home)
    senders = ["Jane <jane.doe@x.example>"] * 2 + ["joe@y.example", "a@a.example", "b@b.example"]
    forged = [mails.check_finished(f"CHK{nth}", sender=one) for nth, one in enumerate(senders)]
    home.deliver(forged[0], GENUINE)
    assert said(home) == [
        "1 mail looks like a hook but comes from x.example: run `mailhook doctor`"
    ]
    home.deliver(*forged[1:], mails.write("Event: Check finished", sender="joe@x, ann@z.example"))
    assert "; ".join(said(home)) == (
        "6 mails look like hooks but come from x.example (2), a.example (1), b.example (1) and 2"
        " more domains: run `mailhook doctor`"
    )


def of_new_key(subject: str, **options: object) -> bytes:
    """A mail whose token a key made that is not in the settings."""
    event = hooks.check(subject, mails.NOON)
    text = hooks.signed(event, made_at=mails.NOON, key=hooks.OTHER_KEY).decode()
    return mails.write(text, **options)  # type: ignore[arg-type]


TODO = (
    "put the new key first in trust.signing_keys, restart mailhook, then"
    " `mailhook replay --quarantined`"
)


def test_a_token_of_a_key_not_in_the_settings_from_a_proven_sender_is_a_rotated_key(home: Home):
    beat(home)
    home.deliver(GENUINE, of_new_key("CHK2"), of_new_key("CHK3"), of_new_key("CHK4", proof=None))
    (advice,) = health(home).advice
    assert advice.words == (
        "2 mails have a token that no key in trust.signing_keys has signed, though proven to be"
        f" from truora.com: the key was rotated, it seems: {TODO}"
    )
    assert advice.wrong
    assert not health(home, WEEK).advice[-1].wrong


def test_such_a_token_that_nothing_proves_may_be_anybodys_and_is_no_wrong(home: Home):
    beat(home)
    home.deliver(of_new_key("CHK2", proof=None))
    (advice,) = health(home).advice
    assert advice.words == (
        "1 mail has a token that no key in trust.signing_keys has signed: forged, or the key was"
        f" rotated; if it was, {TODO}"
    )
    assert not advice.wrong


def test_who_sends_unproven_hooks_is_asked_of_the_index_of_what_waits(home: Home):
    home.deliver(FORGED)
    plan = " ".join(str(row) for row in asked(home.store, f"EXPLAIN QUERY PLAN {senders_sql()}"))
    assert "USING INDEX deliveries_attention" in plan
    assert "TEMP B-TREE" not in plan


def senders_sql() -> str:
    return senders.WAITING.replace("?", "1000", 1).replace("?", "'untrusted'")


def test_where_nothing_was_ever_proven_the_settings_are_wrong(home: Home):
    beat(home)
    home.deliver(FORGED)
    assert [one.wrong for one in health(home).advice] == [True]


def half_understood() -> bytes:
    event = '{"event_type": "check", "event_action": "finished", "object": {"check_id": "CHK9"}}'
    return mails.write(f'[{event}, {{"event_type": "check", "object": {{}}}}]')


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: STRANGE, "unknown_notice"),
        (lambda: b"", "malformed_message"),
        (half_understood, "unread"),
    ],
)
def test_what_is_not_understood_waits_for_a_person(
    home: Home, make: Callable[[], bytes], name: str
):
    beat(home)
    home.deliver(make())
    whole = health(home)
    assert whole.waiting == {name: 1}
    (advice,) = whole.advice
    assert advice.words == (
        "in quarantine, not understood or not fetched: 1; see `mailhook quarantine list`"
    )
    assert advice.wrong


def test_today_ends_at_midnight_utc_and_lag_is_from_arrival_to_row(home: Home):
    now = times.now()
    home.deliver(GENUINE, at=now - timedelta(seconds=30))
    home.deliver(STRANGE, at=now - timedelta(seconds=90))
    home.deliver(FORGED, at=now + timedelta(days=1))
    whole = health(home, now=now)
    assert whole.today == {"quarantined": 2, "recorded": 1}
    assert whole.lag_seconds
    median, longest = whole.lag_seconds
    assert 30 <= median < 60
    assert 90 <= longest < 120
    tomorrow = health(home, timedelta(days=2), now=now)
    assert (tomorrow.today, tomorrow.lag_seconds) == ({}, None)
