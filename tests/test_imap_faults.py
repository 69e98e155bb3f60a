"""Servers in trouble, and hostile ones: a clear error in time; one bad mail costs one row."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import mails
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from scripted_imap import CUT, HANG, HONEST, Drip, ScriptedImap

from mailhook.errors import MailhookError, TemporaryError
from mailhook.model import Batch
from mailhook.sources.imap import Mailbox, Patience

MAIL = mails.write("hello")
# Where an error is what is expected, a machine too busy to answer does no harm.
HASTY = Patience(connect=5, read=0.1, opening=0.2, command=0.2, ending=0.1)
# Where only some answers are to fail, the others have as long as they need.
UNHURRIED = Patience(ending=0.1)
SLOW = Drip(b"* OK " + b"x" * 100, 0.05)


def sweep(server: ScriptedImap, patience: Patience = UNHURRIED) -> list[Batch]:
    mailbox = Mailbox(server.settings(), patience)
    try:
        return list(mailbox.sweep("INBOX", None))
    finally:
        mailbox.close()


def uids(batches: list[Batch]) -> list[int]:
    return [one.place.uid for batch in batches for one in batch.deliveries if one.place]


def undeliverable(batches: list[Batch]) -> list[int]:
    return [
        one.place.uid
        for batch in batches
        for one in batch.deliveries
        if one.place and (one.problem or "").startswith("undeliverable: ")
    ]


GREETINGS = {
    "end of file": (CUT,),
    "half a line": (b"* OK rea", CUT),
    "silence": (HANG,),
    "one byte at a time": (SLOW,),
    "no end": (b"* OK " + b"x" * 20_000_000, HANG),
    "lines without end": (b"* CAPABILITY IMAP4rev1\r\n" * 10, SLOW),
    "BYE": (b"* BYE too many connections\r\n", CUT),
    "another protocol": (b"HTTP/1.1 400 Bad Request\r\n\r\n", CUT),
    "garbage": (bytes(range(256)) * 4 + b"\r\n", CUT),
    "NUL": (b"\0" * 100, CUT),
    "nothing but a line end": (b"\r\n", HANG),
}


@pytest.mark.parametrize("name", GREETINGS)
def test_a_greeting_that_is_none_is_a_temporary_error_in_time(tmp_path: Path, name: str):
    with ScriptedImap(tmp_path, MAIL) as server:
        server.greeting = GREETINGS[name]
        start = time.monotonic()
        with pytest.raises(TemporaryError, match=rf"mailbox hooks: 127.0.0.1:{server.port}: "):
            sweep(server, HASTY)
        assert time.monotonic() - start < 5
    assert not server.said("LOGIN")


ANSWERS = {
    "end of file": (CUT,),
    "half a line": (b"* SEARCH 1 2", CUT),
    "BYE": (b"* BYE shutting down\r\n", CUT),
    "BYE in the middle": (b"* 1 FETCH (UID 1 BODY[] {100}\r\nabc", b"* BYE now\r\n", CUT),
    "silence": (HANG,),
    "one byte at a time": (SLOW,),
    "another tag": (b"zzz1 OK done\r\n", HANG),
    "a continuation nobody asked for": (b"+ go on\r\n", HANG),
    "a literal shorter than said": (b"* 1 FETCH (UID 1 BODY[] {10}\r\nabc", CUT),
    "a literal longer than said": (
        b"* 1 FETCH (UID 1 BODY[] {3}\r\n" + b"x" * 500 + b")\r\n<tag> OK done\r\n",
    ),
    "a literal beyond all bounds": (b"* 1 FETCH (UID 1 BODY[] {99999999999999}\r\n", HANG),
    "a size that is no number": (b"* 1 FETCH (UID 1 BODY[] {1e9}\r\n<tag> OK done\r\n",),
    "deep parentheses": (b"* 1 FETCH " + b"(" * 5000 + b"\r\n<tag> OK done\r\n",),
    "an endless number": (b"* 1 FETCH (UID " + b"9" * 5000 + b")\r\n<tag> OK done\r\n",),
    "garbage": (bytes(range(256)) + b"\r\n<tag> OK done\r\n",),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH"])
def test_an_answer_that_is_none_is_a_temporary_error_in_time(
    tmp_path: Path, command: str, name: str
):
    with ScriptedImap(tmp_path, MAIL) as server:
        server.on(command, *ANSWERS[name])
        start = time.monotonic()
        try:
            read = uids(sweep(server, HASTY))
        except TemporaryError:
            read = []
        assert read in ([], [1])  # what was odd may have been beside the point
        assert time.monotonic() - start < 5


@pytest.mark.parametrize("name", ANSWERS)
def test_a_server_that_breaks_on_one_mail_costs_one_row_and_the_rest_go_on(
    tmp_path: Path, name: str
):
    impatient = replace(UNHURRIED, read=1, command=1.5)
    with ScriptedImap(tmp_path, MAIL, MAIL, MAIL) as server:
        for command in ("UID FETCH 1,2,3 (BODY", "UID FETCH 2 (BODY"):
            server.on(command, *ANSWERS[name])
        batches = sweep(server, impatient)
    assert uids(batches) == [1, 2, 3]
    assert undeliverable(batches) == [2]
    assert batches[-1].position
    assert batches[-1].position.last_uid == 3
    assert len(server.said("UID FETCH 2 (BODY")) == 3


def test_a_connection_that_breaks_between_batches_keeps_what_came(tmp_path: Path):
    with ScriptedImap(tmp_path, *[MAIL] * 300) as server:
        server.on("UID FETCH 251", CUT)
        server.on("EXAMINE", HONEST, times=1)
        mailbox = Mailbox(server.settings(), UNHURRIED)
        sweeping = mailbox.sweep("INBOX", None)
        first = next(sweeping)
        server.on("LOGIN", b"<tag> NO [UNAVAILABLE] later\r\n")
        with pytest.raises(TemporaryError):
            next(sweeping)
        mailbox.close()
    assert len(first.deliveries) == 250


def test_a_body_that_drips_is_cut_though_each_byte_is_in_time(tmp_path: Path):
    drip = Drip(b"* 1 FETCH (UID 1 BODY[] {1000}\r\n" + b"x" * 1000, 0.05)
    with ScriptedImap(tmp_path, MAIL) as server:
        server.on("UID FETCH 1 (BODY", drip)
        start = time.monotonic()
        assert undeliverable(sweep(server, replace(UNHURRIED, command=1.5))) == [1]
        assert time.monotonic() - start < 20  # of 50 that one try would take


def test_a_silent_goodbye_is_not_waited_for(tmp_path: Path):
    with ScriptedImap(tmp_path, MAIL) as server:
        server.on("LOGOUT", HANG)
        start = time.monotonic()
        assert uids(sweep(server)) == [1]
        assert time.monotonic() - start < 20  # of 45 that an answer may take


def test_by_default_every_wait_has_an_end(tmp_path: Path):
    from mailhook.sources.imap import connection

    with ScriptedImap(tmp_path) as server:
        usual = connection.patience(server.settings())
        larger = connection.patience(server.settings(max_message_bytes=100_000_000))
    assert (usual.connect, usual.read, usual.opening) == (10, 45, 30)
    assert usual.command == 120 + 200
    assert larger.command == 120 + 5000
    assert larger.answer_bytes > 100_000_000 > usual.answer_bytes


@given(
    command=st.sampled_from(["CAPABILITY", "LOGIN", "LIST", "EXAMINE", "UID SEARCH", "UID FETCH"]),
    junk=st.one_of(
        st.binary(max_size=60),
        st.from_regex(rb"\* [A-Z0-9]{1,6} [ -~]{0,40}\r\n", fullmatch=True),
        st.from_regex(rb"\* 1 FETCH \([ -~]{0,40}\)\r\n", fullmatch=True),
        st.from_regex(rb"\* OK \[[A-Z]{2,12} [ -~]{0,20}\]\r\n", fullmatch=True),
    ),
)
@bounded(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_a_server_says_nothing_but_our_errors_comes_out(
    tmp_path: Path, command: str, junk: bytes
):
    with ScriptedImap(tmp_path, MAIL) as server:
        server.on(command, junk, HONEST)
        try:
            batches = sweep(server, HASTY)
        except MailhookError:
            return
    assert uids(batches) in ([], [1])
