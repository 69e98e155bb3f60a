"""One arrival, one row: which mail is a twin of another, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mails
import pytest
from stores import asked, kept

from mailhook.model import After, Delivery
from mailhook.pipeline import Trust, examine
from mailhook.store import Store

MOVE = After("move", "Done")
CHECK = "CHK" + "a" * 32
HOOK = mails.check_finished(CHECK)
FORGED = mails.check_finished("CHK" + "c" * 32, proof=None)
NEWS = mails.write("hi", headers=(("List-Unsubscribe", "<https://example.com/>"),))
AGAIN = mails.delivered(HOOK, 1, uidvalidity=10)
ELSEWHERE = "imap://hooks@imap.example.com/Archive/2026"
BORROWED = mails.check_finished(CHECK, message_id="<one@truora.com>")
NAMELESS = b"\r\n".join(line for line in HOOK.split(b"\r\n") if b"Message-ID" not in line)
LOST = {"size": 7000, "problem": "undeliverable: the server did not give it in 3 tries"}
TWINS = {
    "the same mail under another UIDVALIDITY": (HOOK, AGAIN, 1),
    "the same mail under another UID": (HOOK, mails.delivered(HOOK, 2), 1),
    "the same mail in another folder": (HOOK, mails.delivered(HOOK, 1, source=ELSEWHERE), 1),
    "the same bytes without a Message-ID": (NAMELESS, mails.delivered(NAMELESS, 2), 1),
    "the same place told again": (HOOK, mails.delivered(HOOK, 1), 1),
    "the same Message-ID over other bytes": (
        BORROWED,
        mails.delivered(mails.check_finished("CHK" + "f" * 32, message_id="<one@truora.com>"), 2),
        2,
    ),
    "the same Message-ID and one more blank": (BORROWED, mails.delivered(BORROWED + b" ", 2), 2),
    "the same mail of another user": (
        HOOK,
        mails.delivered(HOOK, 2, source="imap://hooks2@imap.example.com/INBOX"),
        2,
    ),
    "the same mail of another server": (
        HOOK,
        mails.delivered(HOOK, 2, source="imap://hooks@imap.example.com:1143/INBOX"),
        2,
    ),
    "the same headers over a body of another size": (
        HOOK,
        mails.delivered(HOOK, 2, size=3_000_000, problem="too_large: 3,000,000 bytes"),
        2,
    ),
    "the same mail out of a file": (
        HOOK,
        Delivery("file", "file:0123", mails.NOON, HOOK),
        2,
    ),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mailhook.db"


@pytest.mark.parametrize(("first", "second", "rows"), TWINS.values(), ids=TWINS)
def test_a_mail_gains_no_second_row_only_if_id_and_bytes_are_those_of_its_account(
    path: Path, trust: Trust, first: bytes, second: Delivery, rows: int
):
    with Store(path) as store:
        store.record([examine(mails.delivered(first), trust)])
        told = store.record([examine(second, trust)])
    assert asked(path, "SELECT count(*) FROM deliveries") == [(rows,)]
    assert rows == 2 or told == ["duplicate"]


def test_two_mails_that_a_server_does_not_give_are_two_rows(path: Path, trust: Trust):
    with Store(path) as store:
        told = store.record([examine(mails.delivered(b"", uid, **LOST), trust) for uid in (1, 2)])
    assert told == ["quarantined", "quarantined"]
    assert asked(path, "SELECT count(*) FROM deliveries") == [(2,)]


def test_a_twin_is_dealt_with_in_the_mailbox_as_the_first_was(path: Path, trust: Trust):
    with Store(path) as store:
        for uidvalidity in (9, 10):
            raws = (HOOK, FORGED, NEWS)
            found = [
                examine(mails.delivered(raw, uid, uidvalidity=uidvalidity), trust)
                for uid, raw in enumerate(raws, 1)
            ]
            store.record(found, after=MOVE)
        queued = [(one.place.uidvalidity, one.place.uid) for one in store.actions(mails.INBOX)]
    assert queued == [(9, 1), (10, 1)]


HEADERS = HOOK[: HOOK.index(b"\r\n\r\n") + 4]


@pytest.mark.parametrize(
    ("keep", "raw", "expected"),
    [
        ("full", HOOK, HOOK),
        ("headers", HOOK, HEADERS),
        ("headers", HOOK.replace(b"\r\n", b"\n"), HEADERS.replace(b"\r\n", b"\n")),
        ("none", HOOK, None),
        ("full", FORGED, FORGED),
        ("headers", FORGED, FORGED),
        ("none", FORGED, FORGED),
        ("none", b"", b""),
        ("full", NEWS, NEWS),
        ("none", NEWS, None),
    ],
)
def test_what_is_kept_of_a_mail(
    path: Path, trust: Trust, keep: str, raw: bytes, expected: bytes | None
):
    with Store(path, keep_raw=keep) as store:  # type: ignore[arg-type]
        store.record([examine(mails.delivered(raw), trust)])
    assert kept(path) == [expected]


def test_the_bytes_of_what_was_partly_understood_are_always_kept(path: Path, trust: Trust):
    finding = replace(examine(mails.delivered(HOOK), trust), unread=1)
    with Store(path, keep_raw="none") as store:
        store.record([finding], after=MOVE)
        assert store.actions(mails.INBOX) == []
    assert kept(path) == [HOOK]
