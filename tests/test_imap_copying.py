"""Moves by COPY and UID EXPUNGE, cut short anywhere: ended in the next round, never doubled."""

from __future__ import annotations

from pathlib import Path

import mails
import pytest
from scripted_imap import CUT, MUTE, Mail, ScriptedImap, poll, rows, settings

from mailhook.model import Action, Place
from mailhook.sources.imap import Mailbox

HOOK = mails.check_finished("CHK" + "a" * 32)
OTHER = mails.check_finished("CHK" + "b" * 32)
NEWS = mails.write("hi", headers=(("List-Unsubscribe", "<https://example.com/>"),))
MOVE = {"move": "Done"}


def box(server: ScriptedImap, name: str = "INBOX") -> list[bytes]:
    return [mail.raw for mail in server.boxes[name].mails.values()]


CUTS = {
    "before COPY": ("UID COPY", (CUT,)),
    "after COPY, before its answer": ("UID COPY", (MUTE, CUT)),
    "before STORE": ("UID STORE", (CUT,)),
    "before EXPUNGE": ("UID EXPUNGE", (CUT,)),
    "after EXPUNGE": ("UID EXPUNGE", (MUTE, CUT)),
    "COPY refused": ("UID COPY", (b"<tag> NO [OVERQUOTA] full\r\n",)),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_move_by_copy_that_was_cut_short_is_ended_and_never_doubled(tmp_path: Path, name: str):
    command, steps = CUTS[name]
    with ScriptedImap(tmp_path, HOOK, NEWS, OTHER) as server:
        server.capabilities = "IMAP4rev1 UIDPLUS"
        server.on(command, *steps, times=1)
        all_settings = settings(tmp_path, server.mailbox(after=MOVE))
        assert len(poll(all_settings).errors) == 1
        assert poll(all_settings).errors == []
    assert rows(all_settings, "SELECT * FROM actions") == []
    assert box(server) == [NEWS]
    assert box(server, "Done") == [HOOK, OTHER]


def test_a_twin_in_the_target_is_not_taken_for_the_copy(tmp_path: Path):
    """The same mail came last week and was moved: this one has yet to be."""
    with ScriptedImap(tmp_path, HOOK) as server:
        server.capabilities = "IMAP4rev1 UIDPLUS"
        server.on("UID COPY", CUT, times=1)
        all_settings = settings(tmp_path, server.mailbox(after=MOVE))
        poll(all_settings)
        server.boxes["Done"].add(Mail(HOOK, date="27-Jul-2026 12:00:00 +0000"))
        assert poll(all_settings).errors == []
    assert (box(server), box(server, "Done")) == ([], [HOOK, HOOK])


@pytest.mark.parametrize(
    "message_id", ['<a"b\\c@x>', "<ñ@x>", "<a@x>\r\nzz9 UID EXPUNGE 1:*", "<a\0b@x>", "", None]
)
def test_a_message_id_never_reaches_the_server_as_a_command(tmp_path: Path, message_id: str | None):
    with ScriptedImap(tmp_path, HOOK) as server, Mailbox(server.settings()) as mailbox:
        server.capabilities = "IMAP4rev1 UIDPLUS"
        mailbox.close()
        server.boxes["Done"] = type(server.inbox)()
        place = Place(mailbox.source("INBOX"), 7, 1)
        action = Action(1, place, "move", "Done", "copying", message_id)
        noted: list[str] = []
        mailbox.perform([action], lambda some, word: noted.extend(word for _ in some))
    assert noted == ["copying", "copied", "done"]
    assert not [line for line in server.log if line.startswith("UID EXPUNGE 1:")]
    assert box(server, "Done") == [HOOK]
