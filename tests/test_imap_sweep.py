"""What a sweep reads, in which order, with which commands, and where it leaves the position."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import mails
import pytest
from dovecot import Account
from scripted_imap import HONEST, Mail, ScriptedImap

from mailhook.model import Batch, Position
from mailhook.sources.imap import Mailbox

MAIL = mails.write("hello")


def sweep(server: ScriptedImap, position: Position | None = None, **changes: object) -> list[Batch]:
    with Mailbox(server.settings(**changes)) as mailbox:
        return list(mailbox.sweep("INBOX", position))


def uids(batches: list[Batch]) -> list[int]:
    return [one.place.uid for batch in batches for one in batch.deliveries if one.place]


def at(server: ScriptedImap, last_uid: int, uidvalidity: int = 7) -> Position:
    return Position(Mailbox(server.settings()).source("INBOX"), uidvalidity, last_uid)


def after_login(server: ScriptedImap) -> list[str]:
    """The commands between logging in and out."""
    words = [line for line in server.log if not line.startswith("CAPABILITY")]
    assert words[0].startswith("LOGIN")
    return words[1 : words.index("LOGOUT")]


def test_nothing_new_costs_one_round_trip(tmp_path: Path):
    with ScriptedImap(tmp_path, MAIL, MAIL) as server:
        assert sweep(server, at(server, 2)) == []
    assert after_login(server) == ['STATUS "INBOX" (UIDNEXT UIDVALIDITY)']


def test_all_is_read_with_examine_and_peek_and_sizes_come_first(tmp_path: Path):
    with ScriptedImap(tmp_path, MAIL, MAIL) as server:
        assert uids(sweep(server)) == [1, 2]
    assert after_login(server) == [
        'EXAMINE "INBOX"',
        "UID SEARCH UID 1:*",
        "UID FETCH 1,2 (RFC822.SIZE INTERNALDATE)",
        "UID FETCH 1,2 (BODY.PEEK[])",
    ]


def test_dovecot_shows_no_trace_of_a_sweep(account: Account):
    account.append(MAIL, MAIL)
    with Mailbox(account.settings()) as mailbox:
        (batch,) = mailbox.sweep("INBOX", None)
    assert len(batch.deliveries) == 2
    with account.dovecot.client(account.user) as client:
        client.select("INBOX", readonly=True)
        flags = client.fetch("1:*", "(FLAGS)")[1]
    assert [b"Seen" in flag for flag in flags] == [False, False]
    assert [b"Recent" in flag for flag in flags] == [True, True]


def test_a_delivery_is_named_by_its_rfc_5092_url_and_dated_by_the_server(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.inbox.add(Mail(MAIL, date=" 3-Aug-2026 09:30:00 -0300"))
        (batch,) = sweep(server)
    (delivery,) = batch.deliveries
    source = f"imap://hooks%40example.com@127.0.0.1:{server.port}/INBOX"
    assert delivery.location == f"{source};UIDVALIDITY=7/;UID=1"
    assert delivery.received_at == datetime(2026, 8, 3, 12, 30, tzinfo=UTC)
    assert (delivery.raw, delivery.problem, delivery.size) == (MAIL, None, None)
    assert batch.position == Position(source, 7, 1)


@pytest.mark.parametrize(
    "date", ["31-Dec-9999 23:59:59 -1400", "99-Foo-2026 00:00:00 +0000", "yesterday"]
)
def test_a_date_that_is_none_is_replaced_by_the_present(tmp_path: Path, date: str):
    with ScriptedImap(tmp_path) as server:
        server.inbox.add(Mail(MAIL, date=date))
        (batch,) = sweep(server)
    age = datetime.now(UTC) - batch.deliveries[0].received_at
    assert 0 <= age.total_seconds() < 60


def test_only_what_lies_above_the_position_is_asked_for(tmp_path: Path):
    with ScriptedImap(tmp_path, *[MAIL] * 5) as server:
        batches = sweep(server, at(server, 3))
    assert uids(batches) == [4, 5]
    assert batches[-1].position == at(server, 5)
    assert server.said("UID SEARCH") == ["UID SEARCH UID 4:*"]
    assert server.said("UID FETCH 4,5 ")


def test_an_old_uid_named_by_an_open_range_is_not_read_again(tmp_path: Path):
    with ScriptedImap(tmp_path, MAIL, MAIL) as server:
        server.inbox.uidnext = 9
        server.on("UID SEARCH", b"* SEARCH 2\r\n<tag> OK done\r\n")
        assert uids(sweep(server, at(server, 2))) == []
    assert not server.said("UID FETCH")


def test_mails_that_came_and_went_are_looked_for_once(tmp_path: Path):
    with ScriptedImap(tmp_path, MAIL, MAIL) as server:
        server.inbox.uidnext = 9
        (batch,) = sweep(server, at(server, 2))
        assert (batch.deliveries, batch.position) == ((), at(server, 8))
        server.log.clear()
        assert sweep(server, batch.position) == []
    assert after_login(server) == ['STATUS "INBOX" (UIDNEXT UIDVALIDITY)']


def test_a_search_that_tells_nothing_moves_no_position(tmp_path: Path):
    with ScriptedImap(tmp_path, *[MAIL] * 3) as server:
        server.on("UID SEARCH", b"<tag> OK but I forgot to tell\r\n")
        assert sweep(server, at(server, 2)) == []
        assert sweep(server) == []


def test_an_empty_folder_gets_a_position_at_its_first_look(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.inbox.uidnext = 501
        (batch,) = sweep(server)
        assert (batch.deliveries, batch.position) == ((), at(server, 500))
        server.log.clear()
        assert sweep(server, batch.position) == []
    assert len(after_login(server)) == 1


def test_a_blank_after_search_is_no_uid(tmp_path: Path):
    with ScriptedImap(tmp_path, MAIL) as server:
        server.on("UID SEARCH", b"* SEARCH 1 \r\n<tag> OK done\r\n")
        assert uids(sweep(server)) == [1]
        server.on("UID SEARCH", b"* SEARCH \r\n<tag> OK done\r\n")
        assert uids(sweep(server)) == []


@pytest.mark.parametrize("name", [b"RFC822", b"BODY[]", b"rfc822", b"Body[]"])
def test_a_body_is_taken_under_whichever_name_it_comes(tmp_path: Path, name: bytes):
    with ScriptedImap(tmp_path, b"X: 1\r\n\r\nhi") as server:
        answer = b"* 1 FETCH (UID 1 " + name + b" {10}\r\nX: 1\r\n\r\nhi)\r\n<tag> OK done\r\n"
        server.on("UID FETCH 1 (BODY", answer)
        (batch,) = sweep(server)
    assert [one.raw for one in batch.deliveries] == [b"X: 1\r\n\r\nhi"]


def test_answers_about_other_mails_in_between_are_overheard(tmp_path: Path):
    noise = b"* 2 FETCH (FLAGS (\\Seen) UID 2)\r\n* 4 EXISTS\r\n* OK [ALERT] soon down\r\n"
    with ScriptedImap(tmp_path, MAIL, MAIL) as server:
        server.on("UID FETCH", noise, HONEST, noise)
        server.on("UID SEARCH", noise, HONEST)
        (batch,) = sweep(server)
    assert [one.raw for one in batch.deliveries] == [MAIL, MAIL]


def test_a_command_names_at_most_250_uids(tmp_path: Path):
    with ScriptedImap(tmp_path, *[MAIL] * 501) as server:
        batches = sweep(server)
    assert uids(batches) == list(range(1, 502))
    assert [len(batch.deliveries) for batch in batches] == [250, 250, 1]
    assert [batch.position.last_uid for batch in batches if batch.position] == [250, 500, 501]
    named = [len(line.split()[2].split(",")) for line in server.said("UID FETCH")]
    assert named == [250, 250, 250, 250, 1, 1]


def test_a_batch_holds_at_most_four_million_bytes(tmp_path: Path):
    large = b"X: 1\r\n\r\n" + b"x" * 1_500_000
    with ScriptedImap(tmp_path, large, large, large, large, MAIL) as server:
        batches = sweep(server)
    assert [len(batch.deliveries) for batch in batches] == [2, 3]
    assert [batch.position.last_uid for batch in batches if batch.position] == [2, 5]


def test_of_a_mail_over_the_limit_only_headers_are_fetched(tmp_path: Path):
    large = b"Subject: large\r\n\r\n" + b"x" * 2000
    with ScriptedImap(tmp_path, MAIL, large, MAIL) as server:
        (batch,) = sweep(server, max_message_bytes=1000)
    one = batch.deliveries[1]
    assert (one.raw, one.size) == (b"Subject: large\r\n\r\n", len(large))
    assert one.problem == "too_large: 2,018 bytes is over max_message_bytes (1,000)"
    assert [other.problem for other in batch.deliveries] == [None, one.problem, None]
    assert server.said("UID FETCH 1,3 (BODY.PEEK[])")
    assert server.said("UID FETCH 2 (BODY") == ["UID FETCH 2 (BODY.PEEK[HEADER]<0.1000000>)"]


def test_a_mail_of_the_very_limit_is_fetched_whole(tmp_path: Path):
    mail = b"X: 1\r\n\r\n".ljust(1000, b"x")
    with ScriptedImap(tmp_path, mail) as server:
        (batch,) = sweep(server, max_message_bytes=1000)
    assert batch.deliveries[0].raw == mail


def test_dovecot_gives_the_headers_of_a_mail_over_the_limit(account: Account):
    account.append(mails.write("x" * 5000, subject="large"))
    with Mailbox(account.settings(max_message_bytes=2000)) as mailbox:
        (batch,) = mailbox.sweep("INBOX", None)
    (one,) = batch.deliveries
    assert b"Subject: large\r\n" in one.raw
    assert b"xxx" not in one.raw
    assert one.size is not None
    assert one.size > 5000


@pytest.mark.parametrize("uidvalidity", [8, 0, None])
def test_another_uidvalidity_or_none_means_all_is_looked_at_again(
    tmp_path: Path, uidvalidity: int | None
):
    with ScriptedImap(tmp_path, MAIL, MAIL) as server:
        server.inbox.uidvalidity = uidvalidity
        batches = sweep(server, at(server, 2))
    assert uids(batches) == [1, 2]
    assert batches[-1].position == at(server, 2, uidvalidity or 0)


def test_without_uidvalidity_a_location_names_the_bytes_too(tmp_path: Path):
    with ScriptedImap(tmp_path, MAIL, mails.write("other")) as server:
        server.inbox.uidvalidity = None
        (batch,) = sweep(server)
    tails = [one.location.rpartition(";UID=")[2] for one in batch.deliveries]
    assert [tail[:2] for tail in tails] == ["1#", "2#"]
    assert tails[0][2:] != tails[1][2:]


@pytest.mark.parametrize("number", ["4294967296", "99999999999999999999999"])
def test_numbers_no_server_can_mean_are_taken_for_missing(tmp_path: Path, number: str):
    told = f"* 1 EXISTS\r\n* OK [UIDVALIDITY {number}] x\r\n* OK [UIDNEXT {number}] x\r\n"
    with ScriptedImap(tmp_path, MAIL) as server:
        server.on("EXAMINE", told.encode() + b"<tag> OK done\r\n")
        server.on("UID SEARCH", f"* SEARCH {number}\r\n<tag> OK done\r\n".encode())
        (batch,) = sweep(server)
    assert (batch.deliveries, batch.position) == ((), at(server, 0, 0))


def test_a_hundred_and_fifty_thousand_mails_are_named_in_one_answer(tmp_path: Path):
    last = 4_000_000_000
    named = b" ".join(b"%d" % uid for uid in range(last - 150_000, last))
    with ScriptedImap(tmp_path, MAIL) as server:
        server.on("UID SEARCH", b"* SEARCH " + named + b"\r\n<tag> OK done\r\n", times=1)
        with Mailbox(server.settings()) as mailbox:
            first = next(mailbox.sweep("INBOX", None))
    assert first.position
    assert first.position.last_uid == last - 150_000 + 249
