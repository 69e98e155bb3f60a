"""No mail can stop the next one: each becomes a row, in no time, and the good one its event."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import hostile
import mails
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhook.cli import screen
from mailhook.config import TrustSettings
from mailhook.model import Batch, Delivery
from mailhook.pipeline import Trust, examine, ingest
from mailhook.store import Store

FIXTURES = Path(__file__).parent.parent / "fixtures" / "mail" / "hostile"
GOOD = "CHK" + "f" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "mailhook.db") as opened:
        yield opened


def delivered(name: str, raw: bytes) -> Delivery:
    return Delivery("email", f"imap://hooks@192.0.2.1/INBOX;UID={name}", mails.NOON, raw)


def row_beside_a_good_mail(raw: bytes, store: Store, trust: Trust) -> sqlite3.Row:
    """Ingest it and a good mail in one batch; the row it became."""
    batch = Batch((delivered("1", raw), delivered("2", mails.check_finished(GOOD))))
    outcomes: list[str] = []
    spent = hostile.spent(lambda: outcomes.extend(ingest(batch, store, trust)))
    assert spent < 2
    assert outcomes[1] == "recorded"
    with closing(sqlite3.connect(f"file:{store.path}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        keys = [row["key"] for row in connection.execute("SELECT key FROM events")]
        rows = connection.execute("SELECT * FROM deliveries ORDER BY id").fetchall()
    assert f"{GOOD}/check.finished" in keys
    assert len(rows) == 2
    assert rows[0]["outcome"] == outcomes[0]
    return rows[0]


def outcome(row: sqlite3.Row) -> dict[str, str]:
    """The outcome and the code of the reason, as the fixtures' `.json` spell them."""
    found = {"outcome": row["outcome"]}
    return found | ({"reason": row["reason"].partition(":")[0]} if row["reason"] else {})


SMALL = [pytest.param(path, id=path.stem) for path in sorted(FIXTURES.glob("*.eml"))]


@pytest.mark.parametrize("path", SMALL)
def test_a_small_mail_that_means_harm_becomes_the_row_its_fixture_names(
    path: Path, store: Store, trust: Trust
):
    row = row_beside_a_good_mail(path.read_bytes(), store, trust)
    assert outcome(row) == json.loads(path.with_suffix(".json").read_text())


@pytest.mark.parametrize("build", hostile.LARGE.values(), ids=hostile.LARGE)
def test_a_large_mail_that_means_harm_is_kept_whole_and_stops_nothing(
    build: Callable[[], bytes], store: Store, trust: Trust
):
    raw = build()
    row = row_beside_a_good_mail(raw, store, trust)
    assert row["outcome"] in {"recorded", "ignored", "quarantined"}
    assert not (row["reason"] or "").startswith("bug")
    assert row["size"] == len(raw)
    assert zlib.decompress(row["raw"]) == raw


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a header of 1 MB", "unknown_notice"),
        ("an Authentication-Results of 1 MB", "no_notice"),
        ("2,000 multiparts in each other", "malformed_message"),
        ("100,000 brackets", "malformed_notice"),
        ("100,000 brackets that close", "malformed_notice"),
        ("900 levels of JSON", "malformed_notice"),
        ("a number of 5,000 digits", "malformed_notice"),
        ("lone surrogates", "malformed_notice"),
        ("a token without proof", "untrusted"),
        ("20,000 nested tables", "unknown_notice"),
        ("a text of 25 MB", "malformed_message"),
        ("a mail of 25 MB", "unknown_notice"),
    ],
)
def test_the_reason_says_what_is_wrong_with_it(name: str, expected: str, trust: Trust):
    finding = examine(delivered("1", hostile.LARGE[name]()), trust)
    assert (finding.reason or "").partition(":")[0] == expected


@pytest.mark.parametrize("path", SMALL)
def test_nothing_a_mail_says_moves_the_cursor(path: Path, store: Store, trust: Trust):
    row = row_beside_a_good_mail(path.read_bytes(), store, trust)
    for column in ("message_id", "sender", "subject", "reason", "authenticity_detail"):
        assert screen.escaped(row[column]).isprintable()


@given(
    st.binary(max_size=300) | st.builds(mails.write, st.text(max_size=200).map(hostile.sendable))
)
@settings(max_examples=examples(60), deadline=None)
def test_whatever_the_bytes_are_there_is_a_finding_and_no_bug(raw: bytes):
    trust = Trust(TrustSettings(authserv_id=("mx.example.com",)))
    finding = examine(delivered("1", raw), trust)
    assert finding.verdict in {"read", "ignored", "quarantined"}
    assert not (finding.reason or "").startswith("bug")


@given(st.data())
@settings(max_examples=examples(80), deadline=None)
def test_a_good_mail_with_bytes_changed_is_no_bug_either(data: st.DataObject):
    raw = mails.check_finished(GOOD, message_id="<good@truora.com>")
    at = data.draw(st.integers(0, len(raw)))
    piece = data.draw(st.binary(max_size=4) | st.sampled_from([b"\r\n", b"=?", b'"', b"(", b"--"]))
    changed = raw[:at] + piece + raw[at + data.draw(st.integers(0, 4)) :]
    trust = Trust(TrustSettings(authserv_id=("mx.example.com",)))
    assert not (examine(delivered("1", changed), trust).reason or "").startswith("bug")
