"""Mailboxes to rows: each mail once, whatever a server forgets; no mailbox waits for another."""

from __future__ import annotations

import time
from pathlib import Path

import mails
import pytest
from dovecot import Account
from scripted_imap import CUT, HANG, HONEST, Mail, ScriptedImap, poll, rows, settings

from mailhook.errors import FolderMissing, TemporaryError

HOOKS = [mails.check_finished(f"CHK{number:032d}") for number in range(5)]


@pytest.mark.parametrize("uidvalidity", [8, 0, None])
def test_known_mails_gain_no_row_when_uidvalidity_is_another(
    tmp_path: Path, uidvalidity: int | None
):
    with ScriptedImap(tmp_path, *HOOKS[:3]) as server:
        all_settings = settings(tmp_path, server.mailbox())
        poll(all_settings)
        server.inbox.uidvalidity = uidvalidity
        server.inbox.add(Mail(HOOKS[3]))
        assert poll(all_settings).outcomes == ["duplicate"] * 3 + ["recorded"]
    assert rows(all_settings, "SELECT count(*) FROM deliveries") == [(4,)]
    assert rows(all_settings, "SELECT count(*) FROM events") == [(4,)]


def test_without_uidvalidity_round_after_round_adds_nothing(tmp_path: Path):
    with ScriptedImap(tmp_path, *HOOKS, mails.write("hi"), b"") as server:
        server.inbox.uidvalidity = None
        all_settings = settings(tmp_path, server.mailbox())
        for _ in range(3):
            assert poll(all_settings).errors == []
    assert rows(all_settings, "SELECT count(*) FROM deliveries") == [(7,)]


def test_a_known_message_id_with_other_bytes_is_a_delivery_of_its_own(tmp_path: Path):
    first = mails.check_finished("CHK" + "1" * 32, message_id="<same@truora.com>")
    edited = mails.check_finished("CHK" + "2" * 32, message_id="<same@truora.com>")
    with ScriptedImap(tmp_path, first) as server:
        all_settings = settings(tmp_path, server.mailbox())
        poll(all_settings)
        server.inbox.uidvalidity = 8
        server.inbox.add(Mail(edited))
        assert poll(all_settings).outcomes == ["duplicate", "recorded"]
    assert rows(all_settings, "SELECT count(*), count(DISTINCT message_id) FROM deliveries") == [
        (2, 1)
    ]
    assert rows(all_settings, "SELECT count(*) FROM events") == [(2,)]


def test_a_mail_over_the_limit_is_a_quarantined_row_with_its_size_and_headers(tmp_path: Path):
    large = mails.write("x" * 5000, subject="large")
    with ScriptedImap(tmp_path, HOOKS[0], large, HOOKS[1]) as server:
        all_settings = settings(tmp_path, server.mailbox(max_message_bytes=2000))
        assert poll(all_settings).outcomes == ["recorded", "quarantined", "recorded"]
    query = "SELECT subject, size, substr(reason, 1, 10) FROM quarantine"
    assert rows(all_settings, query) == [("large", len(large), "too_large:")]


def test_an_undeliverable_mail_is_a_quarantined_row_and_the_position_passes(tmp_path: Path):
    with ScriptedImap(tmp_path, *HOOKS[:3]) as server:
        server.on("UID FETCH 1,2,3 (BODY", CUT)
        server.on("UID FETCH 2 (BODY", CUT)
        all_settings = settings(tmp_path, server.mailbox(after={"move": "Done"}))
        assert poll(all_settings).outcomes == ["recorded", "quarantined", "recorded"]
        assert poll(all_settings).outcomes == []
        assert list(server.inbox.mails) == [2]
    ((location, reason),) = rows(all_settings, "SELECT location, reason FROM quarantine")
    assert location.endswith(";UID=2")
    assert reason == "undeliverable: the server did not give it in 3 tries"
    assert rows(all_settings, "SELECT last_uid FROM positions") == [(3,)]


def test_what_came_before_the_break_is_kept_and_the_rest_follows(tmp_path: Path):
    hooks = [mails.check_finished(f"CHK{number:032d}") for number in range(300)]
    with ScriptedImap(tmp_path, *hooks) as server:
        refuse_second_login = lambda: server.on("LOGIN", CUT, times=1)  # noqa: E731 - a step
        server.on("UID FETCH 251", refuse_second_login, CUT, times=1)
        all_settings = settings(tmp_path, server.mailbox())
        first, second = poll(all_settings), poll(all_settings)
    assert (len(first.outcomes), first.exit_code) == (250, 75)
    assert (len(second.outcomes), second.errors) == (50, [])
    assert rows(all_settings, "SELECT count(*) FROM events") == [(300,)]


def test_several_folders_of_several_mailboxes_are_read(account: Account, tmp_path: Path):
    account.append(HOOKS[0])
    account.append(HOOKS[1], folder="M&AOE-s")
    with ScriptedImap(tmp_path, HOOKS[2]) as server:
        all_settings = settings(
            tmp_path,
            account.mailbox(folders=["INBOX", "Más"]),
            server.mailbox(name="second"),
        )
        result = poll(all_settings)
    assert (result.outcomes, result.errors) == (["recorded"] * 3, [])
    sources = rows(all_settings, "SELECT source FROM positions")
    folders = sorted(source.rpartition("/")[2] for (source,) in sources)
    assert folders == ["INBOX", "INBOX", "M%C3%A1s"]
    assert rows(all_settings, "SELECT count(*) FROM heartbeat WHERE error IS NULL") == [(3,)]


def test_a_missing_folder_keeps_no_other_folder_waiting(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOKS[0]) as server:
        all_settings = settings(tmp_path, server.mailbox(folders=["Gone", "INBOX"]))
        result = poll(all_settings)
    assert result.outcomes == ["recorded"]
    assert [type(error) for error in result.errors] == [FolderMissing]
    assert result.exit_code == 78


def test_a_folder_the_server_breaks_on_keeps_no_other_folder_waiting(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOKS[0]) as server:
        server.boxes["Broken"] = server.inbox
        server.on('EXAMINE "Broken"', CUT)
        all_settings = settings(tmp_path, server.mailbox(folders=["Broken", "INBOX"]))
        result = poll(all_settings)
    assert result.outcomes == ["recorded"]
    assert [type(error) for error in result.errors] == [TemporaryError]
    beats = rows(all_settings, "SELECT error IS NULL FROM heartbeat ORDER BY name")
    assert beats == [(0,), (1,)]


def test_a_server_that_is_away_is_asked_once_a_round_however_many_folders(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.on("LOGIN", b"<tag> NO [UNAVAILABLE] later\r\n")
        all_settings = settings(tmp_path, server.mailbox(folders=["INBOX", "A", "B", "C"]))
        result = poll(all_settings)
    assert len(server.said("LOGIN")) == len(result.errors) == 1
    assert rows(all_settings, "SELECT count(*) FROM heartbeat WHERE error IS NOT NULL") == [(4,)]


def test_a_mailbox_in_trouble_keeps_no_other_mailbox_waiting(tmp_path: Path):
    released: list[float] = []
    with ScriptedImap(tmp_path, HOOKS[0]) as good, ScriptedImap(tmp_path) as bad:
        note = lambda: released.append(time.monotonic())  # noqa: E731 - a step of the script
        good.on("LOGOUT", note, bad.ended.set, HONEST)
        bad.greeting = (HANG,)
        all_settings = settings(tmp_path, bad.mailbox(name="bad"), good.mailbox(name="good"))
        result = poll(all_settings)
    assert released
    assert result.outcomes == ["recorded"]
    assert result.exit_code == 75
    assert [str(error).startswith("mailbox bad: ") for error in result.errors] == [True]


def test_the_gravest_error_of_a_round_gives_the_exit_code(tmp_path: Path):
    with ScriptedImap(tmp_path) as refusing, ScriptedImap(tmp_path) as away:
        refusing.on("LOGIN", b"<tag> NO who are you\r\n")
        away.greeting = (CUT,)
        result = poll(
            settings(tmp_path, away.mailbox(name="away"), refusing.mailbox(name="refusing"))
        )
    assert [error.exit_code for error in result.errors] == [75, 78]
    assert result.exit_code == 78


def test_mails_without_bytes_are_not_taken_for_one_another(tmp_path: Path):
    with ScriptedImap(tmp_path, *HOOKS) as server:
        for command in ("UID FETCH 1,2", "UID FETCH 2 (BODY", "UID FETCH 3 (BODY"):
            server.on(command, b"<tag> NO cannot\r\n")
        server.on("UID FETCH 1,2,3,4,5 (RFC822.SIZE", HONEST)
        all_settings = settings(tmp_path, server.mailbox())
        assert poll(all_settings).outcomes.count("quarantined") == 2
    sizes = rows(all_settings, "SELECT size FROM quarantine")
    assert sizes == [(len(HOOKS[1]),), (len(HOOKS[2]),)]
