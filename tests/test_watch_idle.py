"""IDLE as an alarm clock, by whatever a server says while it rings, and when it does not."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from scripted_imap import CUT, HANG, HONEST, Box, Drip, Mail, ScriptedImap
from watching import HURRIED, IDLING, hook, idle_watch, idles, watching

from mailhook.errors import Bug

SLOW = Drip(b"* OK " + b"x" * 100, 0.05)
# The first IDLE goes so; the second one, of another connection, is honest.
BROKEN_IDLE = {
    "end of file": (CUT,),
    "end of file while idle": (b"+ idling\r\n", CUT),
    "BYE instead of an answer": (b"* BYE shutting down\r\n", CUT),
    "BYE while idle": (b"+ idling\r\n* BYE shutting down\r\n", CUT),
    "BYE, and then silence": (b"+ idling\r\n", b"* BYE shutting down\r\n", HANG),
    "EXISTS and BYE": (b"+ idling\r\n* 1 EXISTS\r\n* BYE now\r\n", CUT),
    "no answer": (HANG,),
    "half a line, then a pause": (b"+ idling\r\n* 1 EXI", HANG),
    "half a line, then the end": (b"+ idling\r\n* 1 EXI", CUT),
    "one byte at a time": (b"+ idling\r\n", SLOW),
    "one byte at a time instead of an answer": (SLOW,),
    "a line without end": (b"+ idling\r\n* OK " + b"x" * 17_000_000, HANG),
    "a literal of 4 GB": (b"+ idling\r\n* 1 FETCH (BODY[] {4294967296}\r\n", HANG),
    "another tag": (b"+ idling\r\nzzz9 OK done\r\n", HANG),
    "its own end": (b"+ idling\r\n<tag> OK done\r\n* BYE\r\n", CUT),
    "another protocol": (b"HTTP/1.1 400 Bad Request\r\n", HANG),
    "garbage": (b"+ idling\r\n" + bytes(range(256)) + b"\r\n", HANG),
}


@pytest.mark.parametrize("name", BROKEN_IDLE)
def test_a_connection_that_breaks_in_idle_is_made_anew_and_misses_nothing(
    tmp_path: Path, name: str
):
    with ScriptedImap(tmp_path) as server:
        server.on("IDLE", *BROKEN_IDLE[name], times=1)
        with idle_watch(tmp_path, server) as watched:
            idles(server)
            server.deliver(hook(1))
            watched.until_recorded(1)
            idles(server)
        assert len(server.said("LOGIN")) == 2
        assert len(server.said("IDLE")) == 3


BROKEN_END = {
    "end of file": (CUT,),
    "no answer": (HANG,),
    "BYE": (b"* BYE shutting down\r\n", CUT),
    "NO": (b"<tag> NO never\r\n", CUT),
    "BAD": (b"<tag> BAD what\r\n", HANG),
    "another tag": (b"zzz9 OK done\r\n", HANG),
    "one byte at a time": (SLOW,),
}


@pytest.mark.parametrize("name", BROKEN_END)
def test_a_connection_that_does_not_come_back_from_idle_is_made_anew(tmp_path: Path, name: str):
    with ScriptedImap(tmp_path) as server:
        server.on("DONE", *BROKEN_END[name], times=1)
        with idle_watch(tmp_path, server, probe_seconds=0.1) as watched:
            watched.until_said("")
            watched.until_said("healed")
            server.deliver(hook(1))
            watched.until_recorded(1)
        assert len(server.said("LOGIN")) == 2


def test_mail_told_of_while_idle_is_recorded_and_the_connection_stays(tmp_path: Path):
    with ScriptedImap(tmp_path, hook(0)) as server, idle_watch(tmp_path, server) as watched:
        watched.until_recorded(1)
        for number in (1, 2, 3):
            idles(server)
            server.deliver(hook(number))
            watched.until_recorded(1)
        idles(server)
        server.deliver(hook(4), hook(5))
        watched.until_recorded(2)
        assert len(server.said("LOGIN")) == 1
        assert len(server.said("EXAMINE")) == 1 + 4


EARLY = {
    "in one segment with the answer": b"+ idling\r\n* 1 EXISTS\r\n",
    "before the answer": b"* 1 EXISTS\r\n+ idling\r\n",
    "behind much else": b"+ idling\r\n" + b"* OK still here\r\n" * 1000 + b"* 1 EXISTS\r\n",
    "between flags": b"+ idling\r\n* 1 FETCH (FLAGS ())\r\n* 1 EXISTS\r\n* 1 RECENT\r\n",
}


@pytest.mark.parametrize("name", EARLY)
def test_exists_is_heard_wherever_it_stands(tmp_path: Path, name: str):
    with ScriptedImap(tmp_path) as server:
        add = lambda: server.inbox.add(Mail(hook(1)))  # noqa: E731 - a step
        server.on("IDLE", add, EARLY[name], times=1)
        with idle_watch(tmp_path, server) as watched:
            watched.until_recorded(1)
            idles(server)
        assert len(server.said("IDLE")) == 2


@pytest.mark.parametrize("command", ["DONE", "UID SEARCH", "UID FETCH 1 (RFC", "UID FETCH 1 (BODY"])
def test_exists_is_heard_in_answer_to_any_command(tmp_path: Path, command: str):
    with ScriptedImap(tmp_path) as server:
        server.on(command, HONEST, lambda: server.inbox.add(Mail(hook(2))), times=1)
        with idle_watch(tmp_path, server) as watched:
            idles(server)
            server.deliver(hook(1))
            watched.until_recorded(2)


def test_exists_in_answer_to_the_status_of_another_folder_is_heard(tmp_path: Path):
    with ScriptedImap(tmp_path, hook(0)) as server, watching(tmp_path) as watched:
        server.capabilities = IDLING
        server.boxes["Junk"] = Box()
        settings = server.settings(folders=["Junk", "INBOX"])
        watch = watched.watch(settings, "INBOX", "Junk")
        idles(server)
        server.on("STATUS", lambda: server.inbox.add(Mail(hook(1))), HONEST, times=1)
        watch.ring()
        watched.until_recorded(2)


def test_the_open_folder_is_opened_anew_for_its_status_may_be_of_a_folder_that_was(tmp_path: Path):
    with ScriptedImap(tmp_path, hook(0)) as server, idle_watch(tmp_path, server) as watched:
        idles(server)
        assert watched.watches[0].ask().result(5).exit_code == 0
        assert not server.said("STATUS")


@pytest.mark.parametrize("said", [b"<tag> NO no\r\n", b"<tag> BAD what\r\n", b"<tag> OK done\r\n"])
def test_a_server_that_refuses_idle_is_polled_and_not_asked_again(tmp_path: Path, said: bytes):
    with ScriptedImap(tmp_path, hook(0)) as server:
        server.on("IDLE", said, server.idling.release)
        with idle_watch(tmp_path, server, probe_seconds=0.1) as watched:
            idles(server)
            for number in (1, 2, 3):
                watched.until_recorded(1)
                server.inbox.add(Mail(hook(number)))
                watched.watches[0].ring()
            watched.until_recorded(1)
        assert len(server.said("IDLE")) == len(server.said("LOGIN")) == 1


def test_a_server_without_idle_is_polled_and_asked_for_signs_of_life(tmp_path: Path):
    with ScriptedImap(tmp_path, hook(0)) as server, watching(tmp_path) as watched:
        asked = iter(range(3))
        server.on("NOOP", HONEST, lambda: next(asked, None) is None and server.idling.release())
        watch = watched.watch(server.settings(probe_seconds=0.1))
        watched.until_recorded(1)
        idles(server)
        server.inbox.add(Mail(hook(1)))
        watch.ring()
        watched.until_recorded(1)
        assert not server.said("IDLE")


def test_a_server_that_claims_idle_and_never_speaks_is_found_out_by_the_ring(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, idle_watch(tmp_path, server) as watched:
        idles(server)
        server.inbox.add(Mail(hook(1)))
        watched.watches[0].ring()
        watched.until_recorded(1)
        idles(server)


def test_a_reset_connection_is_made_anew(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, idle_watch(tmp_path, server) as watched:
        idles(server)
        server.inbox.add(Mail(hook(1)))
        server.reset()
        watched.until_recorded(1)


REPEATED = {
    "at each idle": ("IDLE", (b"+ idling\r\n* 1 EXISTS\r\n",)),
    "with each search": ("UID SEARCH", (b"* 1 EXISTS\r\n", HONEST)),
    "at the end of each idle": ("DONE", (b"* 1 EXISTS\r\n", HONEST)),
    "of what is not there": ("IDLE", (b"+ idling\r\n* 9 EXISTS\r\n",)),
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_server_that_repeats_exists_is_not_searched_again_and_again(tmp_path: Path, name: str):
    command, steps = REPEATED[name]
    with ScriptedImap(tmp_path, hook(0)) as server:
        server.on(command, *steps)
        with idle_watch(tmp_path, server, probe_seconds=0.2) as watched:
            watched.until_recorded(1)
            watched.stop.wait(1)  # nothing is to happen
        assert len(server.log) < 150


def test_the_same_number_is_news_after_an_expunge(tmp_path: Path):
    with ScriptedImap(tmp_path, hook(0)) as server, idle_watch(tmp_path, server) as watched:
        watched.until_recorded(1)
        idles(server)
        del server.inbox.mails[1]
        server.push(b"* 1 EXPUNGE\r\n")
        server.inbox.add(Mail(hook(1)))
        server.push(b"* 1 EXISTS\r\n")
        watched.until_recorded(1)


def test_a_flood_of_lines_does_not_hold_up_the_news(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        with idle_watch(tmp_path, server) as watched:
            idles(server)
            started = time.process_time()
            server.push(b"* 1 FETCH (FLAGS (\\Seen))\r\n" * 10_000)
            server.deliver(hook(1))
            watched.until_recorded(1)
            assert time.process_time() - started < 2
        assert len(server.said("LOGIN")) == 1


def test_exists_that_shrinks_harms_nothing(tmp_path: Path):
    with ScriptedImap(tmp_path, hook(0), hook(1)) as server:
        with idle_watch(tmp_path, server) as watched:
            watched.until_recorded(2)
            idles(server)
            server.push(b"* 1 EXISTS\r\n")
            idles(server)
            server.deliver(hook(2))
            watched.until_recorded(1)
        assert len(server.said("LOGIN")) == 1
        assert watched.rows("SELECT count(*) FROM deliveries") == [(3,)]


@pytest.mark.parametrize("said", ["", "* OK still here\r\n"])
def test_idle_costs_nothing_and_is_renewed_in_time(tmp_path: Path, said: str):
    with ScriptedImap(tmp_path) as server:
        with idle_watch(tmp_path, server, probe_seconds=0.25):
            idles(server)
            server.push(said.encode())
            started = time.process_time()
            for _ in range(3):
                idles(server)
            assert time.process_time() - started < 0.6
        assert len(server.said("LOGIN")) == 1
        assert len(server.said("EXAMINE")) == 1


def test_it_ends_at_once_while_idle(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        with idle_watch(tmp_path, server):
            idles(server)
            started = time.monotonic()
        assert time.monotonic() - started < 1
        assert server.log[-2:] == ["DONE", "LOGOUT"]


def test_capabilities_are_asked_for_once(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, idle_watch(tmp_path, server, probe_seconds=0.1):
        for _ in range(3):
            idles(server)
    assert len(server.said("CAPABILITY")) == 2  # before and after the login
    assert server.capabilities == IDLING


@given(
    junk=st.one_of(
        st.binary(max_size=60),
        st.from_regex(
            rb"\* [0-9]{1,12} (EXISTS|EXPUNGE|FETCH|RECENT)[ -~]{0,20}\r\n", fullmatch=True
        ),
        st.from_regex(rb"\* (OK|NO|BAD|BYE|PREAUTH) [ -~]{0,40}\r\n", fullmatch=True),
        st.from_regex(rb"\* 1 FETCH \([ -~]{0,40}\{[0-9]{1,3}\}\r\n", fullmatch=True),
    ),
    where=st.sampled_from(["before", "while", "at the end"]),
)
@bounded(max_examples=12, deadline=None)
def test_whatever_a_server_says_in_idle_the_next_ring_finds_the_mail(junk: bytes, where: str):
    with TemporaryDirectory() as folder, ScriptedImap(Path(folder)) as server:
        match where:
            case "before":
                server.on("IDLE", junk, HONEST, times=1)
            case "while":
                server.on("IDLE", HONEST, junk, times=1)
            case "at the end":
                server.on("DONE", junk, HONEST, times=1)
        with idle_watch(Path(folder), server, probe_seconds=0.2, patience=HURRIED) as watched:
            idles(server)
            server.deliver(hook(1))  # which junk may swallow, as the rest of its literal
            watched.watches[0].ring()
            watched.until_recorded(1)
        assert not [error for error in watched.errors if isinstance(error, Bug)]
