"""What is done to mails after commit: seen, moved, deleted; exactly those, and never twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mails
import pytest
from dovecot import Account, Dovecot, start
from scripted_imap import HONEST, Mail, ScriptedImap, poll, rows, settings

from mailhook.config import Settings, load
from mailhook.model import Action, Place
from mailhook.sources.imap import Mailbox

HOOK = mails.check_finished("CHK" + "a" * 32)
OTHER = mails.check_finished("CHK" + "b" * 32)
FORGED = mails.check_finished("CHK" + "c" * 32, proof=None)
NEWS = mails.write("hi", headers=(("List-Unsubscribe", "<https://example.com/>"),))
MOVE = {"move": "Done"}


@pytest.fixture(scope="module")
def without_move(dovecot: Dovecot) -> Iterator[Dovecot]:
    assert dovecot
    server = start(extra="imap_capability = IMAP4rev1 UIDPLUS NAMESPACE")
    yield server
    server.stop()


def queued(all_settings: Settings) -> list[tuple[int, str, str | None]]:
    """UID, state and error of what is still to be done."""
    return rows(all_settings, "SELECT uid, state, error FROM actions ORDER BY uid")


def box(server: ScriptedImap, name: str = "INBOX") -> list[bytes]:
    return [mail.raw for mail in server.boxes[name].mails.values()]


def test_leave_leaves_and_seen_marks_only_what_was_understood(account: Account):
    account.append(HOOK, FORGED, NEWS, HOOK)
    left = poll(load(account.config()))
    assert left.outcomes == ["recorded", "quarantined", "ignored", "duplicate"]
    assert account.count() == 4
    account.append(OTHER)
    poll(load(account.config(after="seen")))
    with account.dovecot.client(account.user) as client:
        client.select("INBOX", readonly=True)
        seen = client.search(None, "SEEN")[1]
    assert seen == [b"5"]


@pytest.mark.parametrize("after", [MOVE, "delete"])
@pytest.mark.parametrize("server", ["dovecot", "without_move"])
def test_only_what_was_understood_leaves_the_inbox(
    request: pytest.FixtureRequest, tmp_path: Path, server: str, after: object
):
    account = Account(
        request.getfixturevalue(server),
        f"leaves-{'delete' if after == 'delete' else 'move'}",
        tmp_path,
    )
    alert = mails.write("Your hook https://hooks.example.com/hooks was disabled", subject="Alert")
    account.append(HOOK, FORGED, NEWS, HOOK, alert)
    all_settings = load(account.config(after=after))
    result = poll(all_settings)
    assert result.errors == []
    kept = sum(outcome in ("quarantined", "ignored") for outcome in result.outcomes)
    assert result.outcomes[:4] == ["recorded", "quarantined", "ignored", "duplicate"]
    assert account.count() == kept
    if after == MOVE:
        assert account.count("Done") == 5 - kept
    assert queued(all_settings) == []


def test_what_others_flagged_deleted_is_not_expunged(without_move: Dovecot, tmp_path: Path):
    account = Account(without_move, "others", tmp_path)
    account.append(NEWS, HOOK)
    with account.dovecot.client(account.user) as client:
        client.select("INBOX")
        client.store("1", "+FLAGS", r"(\Deleted)")
        client.unselect()
    assert poll(load(account.config(after=MOVE))).errors == []
    assert (account.count(), account.count("Done")) == (1, 1)


def test_a_missing_target_is_created_and_subscribed_to(account: Account):
    account.append(HOOK)
    assert poll(load(account.config(after={"move": "Truora/Año 2026"}))).errors == []
    assert account.count('"Truora/A&APE-o 2026"') == 1
    with account.dovecot.client(account.user) as client:
        assert b"Truora/A&APE-o 2026" in (client.lsub()[1][-1] or b"")


def test_actions_are_worked_when_there_is_nothing_new(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOK) as server:
        server.on("UID MOVE", b"<tag> NO later\r\n", times=1)
        all_settings = settings(tmp_path, server.mailbox(after=MOVE))
        assert len(poll(all_settings).errors) == 1
        server.log.clear()
        result = poll(all_settings)
    assert (result.outcomes, result.errors) == ([], [])
    assert server.said("UID FETCH") == []
    assert (box(server), box(server, "Done")) == ([], [HOOK])


def test_without_move_exactly_those_are_copied_flagged_and_expunged(tmp_path: Path):
    with ScriptedImap(tmp_path, NEWS, HOOK, NEWS + b"x", OTHER) as server:
        server.capabilities = "IMAP4rev1 UIDPLUS"
        assert poll(settings(tmp_path, server.mailbox(after=MOVE))).errors == []
    acted = [line for line in server.log if line.startswith(("UID COPY", "UID STORE", "UID EXP"))]
    assert acted == [
        'UID COPY 2,4 "Done"',
        r"UID STORE 2,4 +FLAGS.SILENT (\Deleted)",
        "UID EXPUNGE 2,4",
    ]
    assert server.said("EXPUNGE") == server.said("CLOSE") == []
    assert box(server, "Done") == [HOOK, OTHER]


@pytest.mark.parametrize(("after", "verb"), [(MOVE, "move to Done"), ("delete", "delete")])
def test_without_uidplus_one_error_names_it_and_nothing_is_touched(
    tmp_path: Path, after: object, verb: str
):
    with ScriptedImap(tmp_path, HOOK, OTHER) as server:
        server.capabilities = "IMAP4rev1"
        all_settings = settings(tmp_path, server.mailbox(after=after))
        result = poll(all_settings)
    (error,) = result.errors
    assert result.outcomes == ["recorded", "recorded"]
    assert result.exit_code == 75
    assert f"refused: {verb}: " in str(error)
    assert "UIDPLUS" in str(error)
    assert "stays queued" in str(error)
    assert [(uid, state) for uid, state, _ in queued(all_settings)] == [
        (1, "queued"),
        (2, "queued"),
    ]
    assert not [one for one in server.log if one.startswith(("UID STORE", "UID COPY", "EXPUNGE"))]


@pytest.mark.parametrize("refuses", ["CREATE", "UID MOVE"])
def test_a_refused_target_is_one_error_a_round_until_it_is_granted(tmp_path: Path, refuses: str):
    with ScriptedImap(tmp_path, HOOK, OTHER) as server:
        server.on(refuses, b"<tag> NO [NOPERM] not yours\r\n", times=2)
        all_settings = settings(tmp_path, server.mailbox(after=MOVE))
        for _ in range(2):
            (error,) = poll(all_settings).errors
            assert "move to Done" in str(error)
            assert "[NOPERM] not yours" in str(error)
            assert len(queued(all_settings)) == 2
        assert poll(all_settings).errors == []
    assert queued(all_settings) == []
    assert box(server, "Done") == [HOOK, OTHER]


def test_a_folder_that_may_only_be_read_is_one_error(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOK) as server:
        server.on("SELECT", b"* OK [READ-ONLY] look\r\n* 1 EXISTS\r\n<tag> OK [READ-ONLY] done\r\n")
        all_settings = settings(tmp_path, server.mailbox(after=MOVE))
        (error,) = poll(all_settings).errors
    assert "refused: move to Done: " in str(error)
    assert len(queued(all_settings)) == 1


def test_a_refusal_keeps_no_other_kind_of_action_waiting(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOK, OTHER) as server, Mailbox(server.settings()) as mailbox:
        server.on("CREATE", b"<tag> NO not yours\r\n")
        place = Place(mailbox.source("INBOX"), 7, 1)
        noted: list[tuple[int, str]] = []
        mailbox.perform(
            [Action(1, place, "move", "Done"), Action(2, replace(place, uid=2), "seen")],
            lambda some, word: noted.extend((one.id, word.split(":")[0]) for one in some),
        )
    assert noted == [(1, "refused"), (2, "done")]


def test_actions_of_another_uidvalidity_are_dropped(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOK) as server:
        server.on("UID MOVE", b"<tag> NO later\r\n", times=1)
        all_settings = settings(tmp_path, server.mailbox(after=MOVE))
        poll(all_settings)
        server.inbox.mails.clear()
        server.inbox.uidvalidity, server.inbox.uidnext = 8, 1
        server.inbox.add(Mail(NEWS))
        result = poll(all_settings)
    assert (result.outcomes, result.errors) == (["ignored"], [])
    assert queued(all_settings) == []
    assert box(server) == [NEWS]


def test_without_uidvalidity_nothing_is_done_to_mails_and_that_is_said(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOK) as server:
        server.inbox.uidvalidity = None
        (error,) = poll(settings(tmp_path, server.mailbox(after=MOVE))).errors
    assert "without UIDVALIDITY no mail can be named safely" in str(error)
    assert box(server) == [HOOK]


def test_a_mail_somebody_took_first_is_no_error(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOK, OTHER) as server:
        server.on("SELECT", lambda: server.inbox.mails.pop(1, None), HONEST)
        all_settings = settings(tmp_path, server.mailbox(after=MOVE))
        assert poll(all_settings).errors == []
    assert queued(all_settings) == []
    assert box(server, "Done") == [OTHER]


def test_many_actions_go_in_commands_of_at_most_250_uids(tmp_path: Path):
    hooks = [mails.check_finished(f"CHK{number:032d}") for number in range(300)]
    with ScriptedImap(tmp_path, *hooks) as server:
        assert poll(settings(tmp_path, server.mailbox(after=MOVE))).errors == []
    named = [len(line.split()[2].split(",")) for line in server.said("UID MOVE")]
    assert named == [250, 50]
    assert box(server, "Done") == hooks
