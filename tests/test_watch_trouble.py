"""A mailbox in trouble heals by itself, leaves its server alone meanwhile, and delays no other."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import certificates
import pytest
from ports import free_port
from scripted_imap import CUT, HANG, HONEST, Box, Drip, Mail, ScriptedImap
from watching import HURRIED, IDLING, PATIENCE, Hasty, hook, idle_watch, idles, watching

from mailhook.worker.backoff import Backoff

BROKEN = {
    "end of file": (CUT,),
    "no answer": (HANG,),
    "BYE": (b"* BYE shutting down\r\n", CUT),
    "one byte at a time": (Drip(b"* OK " + b"x" * 100, 0.1),),
    "another tag": (b"zzz9 OK done\r\n", HANG),
    "a literal of 4 GB": (b"* 1 FETCH (BODY[] {4294967296}\r\n", HANG),
}
COMMANDS = ["CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "NOOP", "STATUS"]


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_connection_that_breaks_in_any_command_is_made_anew(
    tmp_path: Path, command: str, name: str
):
    with ScriptedImap(tmp_path, hook(0)) as server, watching(tmp_path) as watched:
        server.boxes["Junk"] = Box()
        settings = server.settings(probe_seconds=0.1, folders=["INBOX", "Junk"])
        backoff = Hasty()
        server.on(command, *BROKEN[name], times=1)
        watch = watched.watch(settings, "INBOX", "Junk", patience=HURRIED, backoff=backoff)
        watched.until_recorded(1)
        if command == "STATUS":
            watch.ring()
        watched.until_said("healed")
        server.inbox.add(Mail(hook(1)))
        watch.ring()
        watched.until_recorded(1)
        assert len(backoff.waits) == 1
        assert watched.rows("SELECT count(*) FROM deliveries") == [(2,)]


LATER = {
    "at the login": ("LOGIN", b"<tag> NO [UNAVAILABLE] later\r\n", 5),
    "by a limit": ("LOGIN", b"<tag> NO [LIMIT] too much\r\n", 60),
    "at the folder": ("EXAMINE", b"<tag> NO [THROTTLED] slow down\r\n", 60),
    "at the search": ("UID SEARCH", b"<tag> NO [THROTTLED] slow down\r\n", 60),
    "at the mails": ("UID FETCH", b"<tag> NO [LIMIT] too much\r\n", 60),
    "by BYE": ("UID SEARCH", b"* BYE [UNAVAILABLE] later\r\n", 5),
    "by BYE in idle": ("IDLE", b"+ idling\r\n* BYE Too many commands\r\n", 60),
    "by BYE at the end of idle": ("DONE", b"* BYE [THROTTLED] go\r\n", 60),
    "at the status": ("STATUS", b"<tag> NO [THROTTLED] slow down\r\n", 60),
}


@pytest.mark.parametrize("name", LATER)
def test_a_server_that_wants_to_be_left_alone_is(tmp_path: Path, name: str):
    command, said, seconds = LATER[name]
    backoff = Hasty()
    with ScriptedImap(tmp_path, hook(0)) as server:
        server.on(command, said, times=1)
        server.boxes["Junk"], server.capabilities = Box(), IDLING
        settings = server.settings(probe_seconds=0.2, folders=["INBOX", "Junk"])
        with watching(tmp_path) as watched:
            watch = watched.watch(settings, "INBOX", "Junk", backoff=backoff)
            watched.until_recorded(1)
            watch.ring()
            watched.until_said("healed")
    assert backoff.waits == [seconds]
    assert "will be tried again" in str(backoff.errors[0])


def test_a_server_that_turns_away_at_the_door_is_left_alone(tmp_path: Path):
    backoff = Hasty()
    with ScriptedImap(tmp_path) as server, watching(tmp_path) as watched:
        server.greeting = (b"* BYE too many connections\r\n", CUT)
        watched.watch(server.settings(), backoff=backoff)
        watched.until_said("too many connections")
        server.greeting = (b"* OK ready\r\n",)
        watched.until_said("healed")
    assert backoff.waits[0] == 60


def test_refused_logins_come_ever_more_seldom_until_the_password_is_right(tmp_path: Path):
    backoff = Hasty()
    with ScriptedImap(tmp_path, hook(0)) as server, watching(tmp_path) as watched:
        settings = server.settings()
        (tmp_path / "password").write_text("of last year")
        watched.watch(settings, backoff=backoff)
        for _ in range(7):
            watched.until_said("refuses the login")
        (tmp_path / "password").write_text("correct-horse")
        watched.until_recorded(1)
        for refused, usual in zip(
            backoff.waits, (60, 120, 240, 480, 960, 1800, 1800), strict=False
        ):
            assert usual <= refused <= min(usual * 1.25, 1800)


def test_a_changed_password_waits_a_minute_unless_somebody_asks(tmp_path: Path):
    with (
        ScriptedImap(tmp_path, hook(0)) as server,
        idle_watch(tmp_path, server, backoff=Backoff()) as watched,
    ):
        (watch,) = watched.watches
        watched.until_recorded(1)
        idles(server)
        server.on("LOGIN", b"<tag> NO [AUTHENTICATIONFAILED] no\r\n")
        server.cut()
        watched.until_said("the connection")
        refused = watched.until_said("refuses the login")
        assert 60 <= vars(refused)["next_try_seconds"] <= 75
        watch.ring()
        assert watch.ask().result(5).exit_code == 78
        server.on("LOGIN", HONEST)
        server.inbox.add(Mail(hook(1)))
        assert len(watch.ask().result(5).outcomes) == 1
        idles(server)
    assert watched.backoffs[0].refused == 0


def test_a_person_who_asks_is_answered_though_the_mailbox_is_ending(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        with idle_watch(tmp_path, server) as watched:
            idles(server)
        assert watched.watches[0].ask().result(1).exit_code == 0


def test_two_hundred_refused_connections_do_not_tire_it(tmp_path: Path):
    port = free_port()
    with watching(tmp_path) as watched:
        probe = ScriptedImap(tmp_path)
        settings = probe.settings(port=port)
        with probe:
            backoff = Hasty(most=0)
            watched.watch(settings, backoff=backoff)
            for _ in range(200):
                watched.until_said("Connection refused")
        with ScriptedImap(tmp_path, hook(0), port=port):
            watched.until_recorded(1)
            watched.until_said("healed")
            assert len(backoff.waits) >= 200


def test_a_name_that_does_not_resolve_is_temporary(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, watching(tmp_path) as watched:
        watched.watch(server.settings(host="mail.invalid", tls="implicit"))
        watched.until_said("the name cannot be resolved")


def test_a_certificate_that_has_expired_is_said_and_healed_when_it_is_renewed(tmp_path: Path):
    good = certificates.make(tmp_path)
    expired = certificates.expired(good, tmp_path)
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(expired.crt.read_text())
    with (
        ScriptedImap(tmp_path, hook(0), context=expired.context()) as server,
        watching(tmp_path) as watched,
    ):
        watched.watch(server.settings(host="localhost", tls="implicit", ca_file=str(trusted)))
        watched.until_said("certificate has expired")
        server.context = good.context()
        trusted.write_text(good.crt.read_text())
        watched.until_recorded(1)


def test_exists_in_one_tls_record_with_the_answer_is_heard(tmp_path: Path):
    made = certificates.make(tmp_path)
    with ScriptedImap(tmp_path, context=made.context()) as server:
        early = b"+ idling\r\n" + b"* OK still here\r\n" * 500 + b"* 1 EXISTS\r\n"
        server.on("IDLE", lambda: server.inbox.add(Mail(hook(1))), early, times=1)
        tls = {"host": "localhost", "tls": "implicit", "ca_file": str(made.crt)}
        with idle_watch(tmp_path, server, **tls) as watched:
            watched.until_recorded(1)
            idles(server)
            server.deliver(hook(2))
            watched.until_recorded(1)
            idles(server)
            server.cut()
            idles(server)
            server.deliver(hook(3))
            watched.until_recorded(1)
        assert len(server.said("LOGIN")) == 2


def test_one_mailbox_in_trouble_never_delays_another(tmp_path: Path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir(), bad.mkdir()
    with ScriptedImap(good) as server, ScriptedImap(bad) as hanging:
        hanging.greeting = (HANG,)
        with watching(tmp_path) as watched:
            slow = replace(PATIENCE, read=60, opening=60)
            watched.watch(hanging.settings(name="bad", username="bad"), patience=slow)
            server.capabilities = IDLING
            watched.watch(server.settings(poll_seconds=3600))
            started = time.monotonic()
            for number in range(3):
                idles(server)
                server.deliver(hook(number))
                watched.until_recorded(1)
            assert time.monotonic() - started < 20  # of 60 that the other waits
            hanging.cut()


def test_a_server_that_hangs_up_at_each_idle_is_not_hammered(tmp_path: Path):
    backoff = Hasty()
    with ScriptedImap(tmp_path) as server:
        server.on("IDLE", b"+ idling\r\n", CUT)
        with idle_watch(tmp_path, server, backoff=backoff) as watched:
            for _ in range(5):
                watched.until_said("has closed the connection")
    assert {backoff.began_at} == {backoff.first}


def test_without_uidvalidity_the_same_mails_are_not_fetched_again_at_each_round(tmp_path: Path):
    with ScriptedImap(tmp_path, hook(0), hook(1)) as server:
        server.inbox.uidvalidity = None
        with idle_watch(tmp_path, server) as watched:
            (watch,) = watched.watches
            watched.until_recorded(2)
            for _ in range(3):
                watch.ask().result(5)
            server.inbox.add(Mail(hook(2)))
            assert watch.ask().result(5).outcomes == ["recorded"]
            server.boxes["INBOX"] = Box(uidvalidity=None)
            server.inbox.add(Mail(hook(3)))
            assert watch.ask().result(5).outcomes == ["recorded"]
        assert len(server.said("UID FETCH")) == 6
        assert watched.rows("SELECT count(*) FROM events") == [(4,)]


def test_a_mail_that_comes_while_another_breaks_the_connection_is_not_missed(tmp_path: Path):
    with ScriptedImap(tmp_path, hook(0)) as server:
        server.on("UID FETCH 1 (BODY", lambda: server.inbox.add(Mail(hook(1))), CUT, times=1)
        with idle_watch(tmp_path, server) as watched:
            watched.until_recorded(2)
