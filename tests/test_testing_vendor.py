"""The vendor as a program: tokens, retries, the disable rule, by a clock that is moved by hand."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from receivers import OK, drips, hangs, receiving, says, status

from mailhook import token
from mailhook.testing import Clock, HandClock, Happening, Terms, Vendor
from mailhook.testing.agenda import Agenda
from mailhook.testing.rule import Rule

KEY = b"vendor-signing-key-0123456789abcdef"
BEGAN_AT = datetime(2026, 8, 3, 10, tzinfo=UTC)
NEVER_OFF = Terms(disable_ratio=1, timeout_seconds=2)
MINUTE = 60


def vendor(url: str, terms: Terms = NEVER_OFF, **options: object) -> Vendor:
    return Vendor(url, KEY, terms=terms, clock=HandClock(BEGAN_AT), **options)  # type: ignore[arg-type]


def test_a_token_carries_its_events_signed_as_the_vendor_signs_them():
    with receiving() as receiver, vendor(receiver.url) as sender:
        first, second = sender.invent("check", "finished"), sender.invent(after=60)
        posting = sender.post(first, second)
        sender.settle()
    claims = token.verify(receiver.bodies[0], [KEY])
    assert claims == {
        "iss": "Truora",
        "iat": int((BEGAN_AT + timedelta(seconds=61)).timestamp()),
        "events": [first.told(), second.told()],
    }
    assert first.told()["timestamp"] == "2026-08-03T10:00:00Z"
    assert receiver.heads[0].startswith("POST /hooks?a=b HTTP/1.1\r\n")
    assert "Content-Type: application/jwt" in receiver.heads[0]
    assert (posting.fate, posting.why) == ("delivered", "")
    assert sender.delivered == (posting,)
    assert [(one.nth, one.at, one.answer.status) for one in sender.attempts] == [(1, 0, 200)]


def test_a_failed_attempt_is_repeated_five_times_as_documented_and_then_given_up():
    with receiving(says(status(500))) as receiver, vendor(receiver.url) as sender:
        posting = sender.post(sender.invent())
        sender.finish()
    assert [one.at for one in posting.attempts] == [0, 30, 150, 630, 2550, 10230]
    assert posting.why == "6 attempts failed; the last attempt: 500 no"
    assert sender.lost == (posting,)
    assert len(set(receiver.bodies)) == 1


def test_a_retry_that_is_answered_is_the_last():
    with receiving(says(status(503))) as receiver, vendor(receiver.url) as sender:
        posting = sender.post(sender.invent())
        sender.let_pass(100)
        assert (posting.fate, len(posting.attempts)) == ("waiting", 2)
        receiver.respond = says(OK)
        sender.finish()
    assert (posting.fate, len(posting.attempts)) == ("delivered", 3)
    assert sender.clock.now() == 150


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(302, "Location: http://127.0.0.1:9/"), "302 no"),
        (status(401, words="not signed"), "401 not signed"),
        (b"", "no answer that is HTTP (RemoteDisconnected)"),
        (b"220 mail.example.com ESMTP\r\n", "no answer that is HTTP (BadStatusLine)"),
    ],
)
def test_all_but_a_2xx_is_a_failure(answer: bytes, words: str):
    with receiving(says(answer)) as receiver, vendor(receiver.url) as sender:
        posting = sender.post(sender.invent())
        sender.settle()
    assert posting.attempts[0].answer.told == words
    assert not posting.attempts[0].ok


def test_a_receiver_that_does_not_listen_is_a_failure_in_words():
    with vendor("http://127.0.0.1:9/hooks") as sender:
        posting = sender.post(sender.invent())
        sender.settle()
    assert posting.attempts[0].answer.told == "connection refused"


@pytest.mark.parametrize("respond", [hangs, drips])
def test_a_receiver_that_hangs_is_cut_off_and_holds_up_nobody(respond: object):
    terms = Terms(disable_ratio=1, timeout_seconds=2, retry_seconds=())
    with receiving(respond) as receiver, vendor(receiver.url, terms) as sender:  # type: ignore[arg-type]
        start = time.monotonic()
        stuck = [sender.post(sender.invent()) for _ in range(4)]
        sender.until(lambda: len(receiver.bodies) == 4)
        receiver.respond = says(OK)
        quick = sender.post(sender.invent())
        sender.until(lambda: quick.fate == "delivered")
        sender.settle()
        assert time.monotonic() - start < 4 * terms.timeout_seconds
    assert {one.why.partition(": ")[2] for one in stuck} == {"no whole answer within 2 s"}


def test_more_than_the_ratio_of_failures_within_the_window_switches_off():
    rule = Rule(window_seconds=60 * MINUTE)
    for minute in range(10):
        rule.note(minute * MINUTE, ok=minute < 2)
    assert rule.share(10 * MINUTE) == 0.8  # not more than 80 %
    rule.note(10 * MINUTE, ok=False)
    assert rule.share(10 * MINUTE) > 0.8
    # An hour after its end an attempt counts no more.
    assert rule.share(61 * MINUTE) == 1
    assert rule.share(71 * MINUTE) == 0


def test_one_attempt_of_one_that_fails_is_more_than_80_percent():
    terms = Terms(timeout_seconds=2)
    with receiving(says(status(500))) as receiver, vendor(receiver.url, terms) as sender:
        first = sender.post(sender.invent())
        sender.settle()
        assert (sender.disabled_at, sender.failing) == (0, 1)
        second = sender.post(sender.invent())
        sender.finish()
    assert first.why == "the subscription is disabled; the last attempt: 500 no"
    assert (second.why, second.attempts) == ("the subscription is disabled", [])
    assert len(receiver.bodies) == 1


def test_enabled_by_hand_it_goes_on_with_a_clean_sheet_and_says_so():
    mails: list[bytes] = []
    terms = Terms(timeout_seconds=2, alert_language="es")
    with receiving(says(status(500))) as receiver:
        sender = vendor(receiver.url, terms, send=mails.append)
        with sender:
            sender.post(sender.invent())
            sender.settle()
            receiver.respond = says(OK)
            sender.enable()
            sender.enable()
            again = sender.post(sender.invent())
            sender.settle()
            assert (again.fate, sender.disabled_at, sender.failing) == ("delivered", None, 0)
    # Creator and owner each get the alerts.
    assert [one.about for one in sender.letters] == ["disabled"] * 2 + ["enabled"] * 2
    assert [b"To: creator@" in raw for raw in mails] == [True, False, True, False]
    assert receiver.url.encode() in mails[0]


def test_failures_are_told_once_a_window_before_it_is_switched_off():
    with receiving() as receiver:
        sender = vendor(receiver.url, Terms(timeout_seconds=2), send=lambda _: None)
        with sender:
            for nth in range(12):
                sender.post(sender.invent(), after=nth)
            sender.let_pass(20)
            receiver.respond = says(status(500))
            for nth in range(12):
                sender.post(sender.invent(), after=nth)
            sender.let_pass(25)
            assert sender.disabled_at is None
    assert [one.about for one in sender.letters] == ["failing"] * 2


def test_a_mail_nobody_takes_is_kept_with_the_reason():
    def refuse(_: bytes) -> None:
        raise ConnectionRefusedError(111, "nobody there")

    with vendor("http://127.0.0.1:9/", send=refuse) as sender:
        letter = sender.mail(sender.invent("check"))
        sender.finish()
    assert (letter.sent_at, letter.error) == (None, "[Errno 111] nobody there")


def test_without_a_sender_of_mails_it_writes_none():
    with vendor("http://127.0.0.1:9/") as sender, pytest.raises(ValueError, match="nobody who"):
        sender.mail(sender.invent())


@pytest.mark.parametrize("url", ["ftp://example.com/", "example.com", "http:///hooks"])
def test_an_url_that_cannot_be_posted_to_is_refused(url: str):
    with pytest.raises(ValueError, match="no http or https URL"):
        vendor(url)


def test_the_same_seed_invents_the_same():
    def invented(seed: int) -> list[Happening]:
        with vendor("http://127.0.0.1:9/", Terms(seed=seed)) as sender:
            return [sender.invent(after=nth) for nth in range(20)]

    assert invented(1) == invented(1)
    assert invented(1) != invented(2)


def test_time_can_go_by_itself_many_times_as_fast():
    with receiving(says(status(500))) as receiver:
        with Vendor(receiver.url, KEY, terms=NEVER_OFF, clock=Clock(3_000)) as sender:
            start = time.monotonic()
            posting = sender.post(sender.invent())
            sender.let_pass(600)
            assert 0.2 <= time.monotonic() - start < 10
            sender.until(lambda: len(posting.attempts) >= 3)
            receiver.respond = says(OK)
            sender.until(lambda: posting.fate == "delivered")
        assert posting.attempts[-1].at >= 630


def test_a_time_out_is_scaled_with_time_but_leaves_a_second():
    assert Clock(1).ours(10) == 10
    assert Clock(2).ours(10) == 5
    assert Clock(1_000).ours(10) == 1
    assert Clock(1_000).ours(0.2) == 0.2
    assert HandClock().ours(10) == 10
    with pytest.raises(ValueError, match="0 times as fast"):
        Clock(0)


def test_by_a_hand_moved_clock_nothing_happens_by_itself():
    with receiving() as receiver, vendor(receiver.url) as sender:
        posting = sender.post(sender.invent(), after=1)
        sender.settle()
        assert (posting.fate, sender.clock.now()) == ("waiting", 0)
        sender.let_pass(0.5)
        assert (posting.fate, sender.clock.now()) == ("waiting", 0.5)
        sender.let_pass(0.5)
        assert posting.fate == "delivered"


def test_who_waits_in_vain_is_told_what_there_is_to_come():
    with vendor("http://127.0.0.1:9/") as sender:
        sender.post(sender.invent(), after=60)
        with pytest.raises(TimeoutError, match=r"not so after 0\.05 s: 0 being done, 1 to come"):
            sender._agenda.until(lambda: False, 0.05)  # noqa: SLF001 - its patience is a minute


def test_a_bug_in_what_is_to_be_done_is_raised_to_whoever_waits():
    agenda = Agenda(Clock(), 1)
    done = threading.Event()
    agenda.at(0, lambda: 1 // 0)
    agenda.at(0, done.set)
    with pytest.raises(ZeroDivisionError):
        agenda.until(lambda: False)
    agenda.close()
    assert done.is_set()
