"""A mail the server cannot give costs one row; a server that gives none costs no position."""

from __future__ import annotations

from pathlib import Path

import mails
import pytest
from dovecot import Account
from scripted_imap import CUT, HONEST, ScriptedImap

from mailhook.errors import TemporaryError
from mailhook.model import Batch
from mailhook.sources.imap import Mailbox

MAIL = mails.write("hello")


def sweep(server: ScriptedImap) -> list[Batch]:
    mailbox = Mailbox(server.settings())
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


REFUSALS = {
    "NO": b"<tag> NO [SERVERBUG] Internal error\r\n",
    "BAD": b"<tag> BAD cannot\r\n",
    "left out": b"<tag> OK done\r\n",
    "NIL": b"* 2 FETCH (UID 2 BODY[] NIL)\r\n<tag> OK done\r\n",
}


@pytest.mark.parametrize("item", ["(RFC822.SIZE", "(BODY"])
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_mail_costs_one_row_and_no_new_connection(tmp_path: Path, name: str, item: str):
    with ScriptedImap(tmp_path, MAIL, MAIL, MAIL) as server:
        server.on(f"UID FETCH 1,2,3 {item}", b"<tag> NO cannot\r\n")
        server.on(f"UID FETCH 2 {item}", REFUSALS[name])
        batches = sweep(server)
    assert uids(batches) == [1, 2, 3]
    assert undeliverable(batches) == [2]
    assert len(server.said("LOGIN")) == 1


def test_a_mail_that_dovecot_cannot_read_costs_one_row(account: Account):
    account.append(MAIL, MAIL, MAIL)
    files = (account.dovecot.home / "mail" / account.user / "new").iterdir()
    sorted(files)[1].chmod(0)
    with Mailbox(account.settings()) as mailbox:
        batches = list(mailbox.sweep("INBOX", None))
    assert uids(batches) == [1, 2, 3]
    assert undeliverable(batches) == [2]


def test_a_mail_that_comes_at_the_third_try_is_taken(tmp_path: Path):
    with ScriptedImap(tmp_path, MAIL, MAIL) as server:
        server.on("UID FETCH 1,2 (BODY", CUT)
        server.on("UID FETCH 2 (BODY", CUT, times=2)
        (batch,) = sweep(server)
    assert [one.raw for one in batch.deliveries] == [MAIL, MAIL]
    assert len(server.said("LOGIN")) == 4


def test_three_broken_mails_alone_in_a_folder_are_three_rows(tmp_path: Path):
    with ScriptedImap(tmp_path, *[MAIL] * 3) as server:
        server.on("UID FETCH", HONEST)
        for command in ("UID FETCH 1,2,3 (B", "UID FETCH 1 (B", "UID FETCH 2 (B", "UID FETCH 3 (B"):
            server.on(command, b"<tag> NO cannot\r\n")
        assert undeliverable(sweep(server)) == [1, 2, 3]


def test_many_broken_mails_are_rows_if_the_newest_can_be_had(tmp_path: Path):
    with ScriptedImap(tmp_path, *[MAIL] * 8) as server:
        server.on("UID FETCH 1,2", HONEST)
        for uid in range(1, 8):
            server.on(f"UID FETCH {uid} (BODY", b"<tag> NO cannot\r\n")
        server.on("UID FETCH 1,2,3,4,5,6,7,8 (BODY", b"<tag> NO cannot\r\n")
        batches = sweep(server)
    assert undeliverable(batches) == [1, 2, 3, 4, 5, 6, 7]
    assert uids(batches) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_server_that_gives_no_mail_at_all_moves_no_position(tmp_path: Path):
    """Its storage is down: rows without bytes for all that waits would be a loss."""
    with ScriptedImap(tmp_path, *[MAIL] * 50) as server:
        every = ",".join(map(str, range(1, 51)))
        server.on("UID FETCH", b"<tag> NO storage is down\r\n")
        server.on(f"UID FETCH {every} (RFC822.SIZE", HONEST)
        with pytest.raises(TemporaryError, match="the server gives no mail"):
            sweep(server)
    assert len(server.said("UID FETCH")) < 20


@pytest.mark.parametrize("word", ["[UNAVAILABLE]", "[LIMIT]", "[INUSE]", "try again", "throttled"])
def test_a_server_that_means_later_is_believed(tmp_path: Path, word: str):
    with ScriptedImap(tmp_path, MAIL) as server:
        server.on("UID FETCH 1 (BODY", f"<tag> NO {word} please\r\n".encode())
        with pytest.raises(TemporaryError):
            sweep(server)
    assert len(server.said("UID FETCH 1 (BODY")) == 1


def test_a_mail_gone_between_search_and_fetch_is_no_error(tmp_path: Path):
    with ScriptedImap(tmp_path, MAIL, MAIL, MAIL) as server:
        gone = lambda: server.inbox.mails.pop(2)  # noqa: E731 - a step of the script
        server.on("UID FETCH 1,2,3 (RFC822.SIZE", gone, HONEST)
        batches = sweep(server)
    assert uids(batches) == [1, 3]
    assert undeliverable(batches) == []


def test_all_mails_gone_before_their_bodies_come_pass_the_position(tmp_path: Path):
    with ScriptedImap(tmp_path, *[MAIL] * 100) as server:
        server.on("UID FETCH 1,2", HONEST, server.inbox.mails.clear, times=1)
        batches = sweep(server)
    assert uids(batches) == []
    assert batches[-1].position
    assert batches[-1].position.last_uid == 100
    assert len(server.log) < 12


def test_a_folder_made_anew_while_we_reconnect_ends_the_sweep(tmp_path: Path):
    with ScriptedImap(tmp_path, MAIL) as server:
        anew = lambda: setattr(server.inbox, "uidvalidity", 8)  # noqa: E731 - a step of the script
        server.on("UID FETCH 1 (BODY", anew, CUT)
        with pytest.raises(TemporaryError, match="made anew"):
            sweep(server)
