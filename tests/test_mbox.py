"""mbox in its four dialects: what is written comes back, and only postmarks separate."""

from __future__ import annotations

import gzip
import hashlib
import re
import tempfile
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import hostile
import mails
import pytest
from depth import DEEP, deeper, examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhook.model import Delivery
from mailhook.sources.files import Report, read

LIMIT = 1_000_000
MARK = b"From hooks@example.com Mon Aug  3 12:00:00 2026\n"
NEXT = b"From - Tue Aug  4 12:00:00 2026\n"

# Writes a message, without its postmark: the bytes in the file, and what must come back.
Writer = Callable[[bytes, bytes], tuple[bytes, bytes]]


def put(folder: Path, raw: bytes, name: str = "a.mbox") -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def found(path: Path, limit: int = LIMIT) -> list[Delivery]:
    """All that is in the file, which must be readable to its end."""
    report = Report()
    deliveries = [one for batch in read([path], limit, report) for one in batch.deliveries]
    assert report.problems == []
    return deliveries


def counted(path: Path) -> int:
    return sum(len(batch.deliveries) for batch in read([path], LIMIT, Report()))


def raws(path: Path, limit: int = LIMIT) -> list[bytes]:
    return [one.raw for one in found(path, limit)]


def split(raw: bytes) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return raws(put(Path(folder), raw))


# --- the dialects ---------------------------------------------------------------------------


def mboxo(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    raw = head + body
    return re.sub(rb"(?m)^From ", b">From ", raw), raw


def mboxrd(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    raw = head + body
    return re.sub(rb"(?m)^(>*From )", rb">\1", raw), raw


def mboxcl(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    stored = re.sub(rb"(?m)^From ", b">From ", body)
    return _lengthened(head, stored) + stored, _lengthened(head, stored) + body


def mboxcl2(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    raw = _lengthened(head, body) + body
    return raw, raw


def _lengthened(head: bytes, body: bytes) -> bytes:
    end = b"\r\n" if head.endswith(b"\r\n") else b"\n"
    return head.removesuffix(end) + b"Content-Length: %d" % len(body) + end * 2


ENDS = st.sampled_from([b"\n", b"\r\n"])
BARE = st.sampled_from(
    [
        MARK.strip(),
        b"From here on",
        b"From ",
        b" From x",
        b"Fro",
        b"",
        b"",
        b"words",
        b"\xff\0",
        b"\r",
    ]
)
QUOTED = st.sampled_from([b">From ", b">>From here", b">>>" + MARK.strip(), b"> From x"])
PLAIN = st.lists(BARE, max_size=8)
ANY = st.lists(BARE | QUOTED, max_size=8)


def lists_of(lines: st.SearchStrategy[list[bytes]]) -> st.SearchStrategy[list[list[bytes]]]:
    return st.lists(lines, max_size=5)


def there_and_back(
    write: Writer, bodies: list[list[bytes]], end: bytes, last: bytes
) -> tuple[list[bytes], list[bytes]]:
    """The messages that must come back, and those that do; `last` is what ends a body."""
    head = b"Subject: a" + end * 2
    pairs = [write(head, b"".join(line + end for line in lines) + last) for lines in bodies]
    mark = MARK.strip() + end
    return [raw for _, raw in pairs], split(b"".join(mark + kept + end for kept, _ in pairs))


@pytest.mark.parametrize("write", [mboxo, mboxrd, mboxcl, mboxcl2])
@given(bodies=lists_of(PLAIN), end=ENDS)
def test_messages_written_in_any_dialect_come_back_byte_for_byte(
    write: Writer, bodies: list[list[bytes]], end: bytes
):
    written, back = there_and_back(write, bodies, end, b"")
    assert back == written


@given(bodies=lists_of(ANY), end=ENDS)
def test_mboxrd_loses_nothing_whatever_was_quoted_before(bodies: list[list[bytes]], end: bytes):
    written, back = there_and_back(mboxrd, bodies, end, b"")
    assert back == written


@pytest.mark.parametrize("write", [mboxo, mboxcl, mboxcl2])
@given(bodies=lists_of(ANY), end=ENDS)
def test_what_was_quoted_before_may_differ_by_its_quotes_where_the_dialect_does_not_tell(
    write: Writer, bodies: list[list[bytes]], end: bytes
):
    written, back = there_and_back(write, bodies, end, b"")
    plain = [re.sub(rb"(?m)^>+From ", b"From ", raw) for raw in written]
    assert [re.sub(rb"(?m)^>+From ", b"From ", raw) for raw in back] == plain


@pytest.mark.parametrize("write", [mboxcl, mboxcl2])
@given(bodies=lists_of(PLAIN), end=ENDS, last=st.sampled_from([b"x", b"From", MARK.strip()]))
def test_by_content_length_a_body_may_end_without_a_line_end(
    write: Writer, bodies: list[list[bytes]], end: bytes, last: bytes
):
    written, back = there_and_back(write, bodies, end, last)
    assert back == written


@given(
    lines=st.lists(
        BARE | QUOTED | st.integers(-5, 300).map(lambda told: b"Content-Length: %d" % told)
    )
)
@settings(max_examples=examples(120))
def test_packed_or_not_the_same_messages_are_read(lines: list[bytes]):
    raw = MARK + b"\n".join(lines)
    assert split(gzip.compress(raw)) == split(raw)


@given(raw=st.binary(max_size=300) | st.lists(BARE | QUOTED).map(b"\n".join))
@settings(max_examples=examples(120))
def test_whatever_follows_a_postmark_is_read_without_an_error(raw: bytes):
    assert split(MARK + raw)


# --- what separates -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b"From hooks@example.com Mon Aug  3 12:00:00 2026",
        b"From MAILER-DAEMON Mon Aug  3 12:00:00 2026 +0200",
        b"From - Mon Aug 03 12:00 2026",
        b"From 1234@xxx Mon Aug 03 12:00:00 +0000 2026",
        b"From user at example.com  Mon Aug  3 12:00:00 2026",
        b"From ???@??? Mon Aug 03 12:00:00 2026",
        b"From a@b Mon Aug  3 12:00:00 CEST 2026",
        b"From a@b Mon Aug  3 12:00:00 CET DST 2026",
        b"From a@b Mon Aug  3 12:00:00 2026 remote from host",
        b"From a@b Mon, 03 Aug 2026 12:00:00 +0000",
        b"From a@b Mon Aug  3 12:00:00 26",
        b"From Mon Aug  3 12:00:00 2026",
        b'From "a b"@example.com Mon Aug  3 12:00:00 2026\r',
    ],
)
def test_a_postmark_behind_a_blank_line_separates(line: bytes):
    assert split(MARK + b"A: 1\n\none\n\n" + line + b"\nA: 2\n\ntwo\n") == [
        b"A: 1\n\none\n",
        b"A: 2\n\ntwo\n",
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"words\n" + MARK,
        b"\nFrom here on it was Monday\n",
        b"\nFrom Mon to Fri we are open, Aug 3 12:00:00 2026\n",
        b"\nFrom a@b Mon Aug  3\n",
        b"\nFrom a@b Foo Aug  3 12:00:00 2026\n",
        b"\n From a@b Mon Aug  3 12:00:00 2026\n",
        b"\nfrom a@b Mon Aug  3 12:00:00 2026\n",
        b" \n" + MARK,
        b"\nFrom " + b"x" * 2_000 + b" Mon Aug  3 12:00:00 2026\n",
    ],
)
def test_what_is_no_postmark_or_not_behind_a_blank_line_does_not(text: bytes):
    assert split(MARK + b"A: 1\n\n" + text) == [b"A: 1\n\n" + text]


@deeper
def test_a_postmark_is_found_wherever_the_pieces_of_reading_end(tmp_path: Path):
    for before in range(-1_020, 10) if DEEP else (*range(-1_020, -60, 19), *range(-60, 10)):
        first = b"A: 1\n\n" + b"x" * ((1 << 18) + before - len(MARK) - 7) + b"\n"
        path = put(tmp_path, MARK + first + b"\n" + NEXT + b"A: 2\n\n2\n")
        assert raws(path) == [first, b"A: 2\n\n2\n"]


def test_of_the_blank_lines_between_two_messages_one_is_the_separator():
    assert split(MARK + b"A: 1\n\n1\n\n\n\n" + NEXT + b"A: 2\n\n2\n\n\n") == [
        b"A: 1\n\n1\n\n\n",
        b"A: 2\n\n2\n\n",
    ]


def test_an_empty_mbox_has_no_messages_and_an_empty_message_is_one():
    assert split(b"") == []
    assert split(MARK) == [b""]
    assert split(MARK + b"\n" + MARK + b"\n") == [b"", b""]
    assert split(MARK.strip()) == [b""]


# --- Content-Length -------------------------------------------------------------------------


def lengthened(length: int, body: bytes, *more: int) -> bytes:
    lines = b"".join(b"Content-Length: %d\n" % each for each in (length, *more))
    return b"A: 1\n" + lines + b"\n" + body


BODY = b"one\n\n" + NEXT + b"A: no\n\nof its own\n"


def test_a_content_length_that_leads_to_a_postmark_or_the_end_is_believed():
    raw = lengthened(len(BODY), BODY)
    assert split(MARK + raw + b"\n" + NEXT + b"A: 2\n\n2\n") == [raw, b"A: 2\n\n2\n"]
    assert split(MARK + raw + b"\n") == [raw]
    assert split(MARK + raw) == [raw]


def test_a_content_length_may_count_the_blank_line_which_is_then_of_the_message():
    raw = lengthened(len(BODY) + 1, BODY + b"\n")
    assert split(MARK + raw + NEXT + b"A: 2\n\n2\n") == [raw, b"A: 2\n\n2\n"]


@pytest.mark.parametrize("off", [-len(BODY), -1, 2, 7, 100, 10**14])
def test_a_content_length_that_leads_elsewhere_is_not(off: int):
    raw = lengthened(len(BODY) + off, BODY)
    assert len(split(MARK + raw + b"\n" + NEXT + b"A: 2\n\n2\n")) == 3


def test_of_several_content_lengths_the_longest_that_leads_to_a_postmark_is_believed():
    inner = len(b"one\n")
    raw = lengthened(inner, BODY, len(BODY), len(BODY) + 5)
    assert split(MARK + raw + b"\n" + NEXT + b"A: 2\n\n2\n") == [raw, b"A: 2\n\n2\n"]


@pytest.mark.parametrize("told", [b"x", b"-1", b"4 4", b"9" * 400, b""])
def test_a_content_length_that_is_no_number_says_nothing(told: bytes):
    raw = b"Content-Length: " + told + b"\n\none\n"
    assert split(MARK + raw + b"\n" + NEXT) == [raw, b""]


def test_a_mailbox_that_has_grown_gives_its_old_messages_the_same_bytes(tmp_path: Path):
    old = MARK + b"A: 1\n\n>From me\n>>From you\n\n"
    longer = old + NEXT + b"A: 2\n\nFrom here\n>From there\n"
    (first,) = raws(put(tmp_path, old))
    assert raws(put(tmp_path, longer)) == [first, b"A: 2\n\nFrom here\n>From there\n"]


# --- what is large --------------------------------------------------------------------------

LARGE = 60_000_000 if DEEP else 20_000_000
# Of what is mean, and the seconds that may take.
MEAN_BYTES, MEAN_SECONDS = (1_500_000, 6) if DEEP else (400_000, 1.6)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_of_a_message_over_the_limit_only_the_headers_are_held(
    tmp_path: Path, pack: Callable[[bytes], bytes]
):
    large = b"A: 1\n\n" + b"x" * 3_000_000 + b"\n"
    path = put(tmp_path, pack(MARK + large + b"\n" + NEXT + b"A: 2\n\n2\n"))
    first, second = found(path)
    assert first.raw == b"A: 1\r\n\r\n"
    assert first.size == len(large)
    assert first.location == f"file:{hashlib.sha256(large).hexdigest()};headers"
    assert first.problem == f"too_large: {len(large):,} bytes is over 1,000,000"
    assert (second.raw, second.problem) == (b"A: 2\n\n2\n", None)


def test_in_a_plain_file_a_content_length_far_over_the_limit_is_believed_too(tmp_path: Path):
    raw = lengthened(len(BODY) * 2 + 3_000_000, BODY + b"x" * 3_000_000 + BODY)
    first, second = found(put(tmp_path, MARK + raw + b"\n" + NEXT + b"A: 2\n\n2\n"))
    assert (first.size, second.raw) == (len(raw), b"A: 2\n\n2\n")


def test_where_nobody_can_see_which_is_right_reading_ends_with_a_sentence(tmp_path: Path):
    raw = lengthened(len(BODY) + 3_000_000, BODY + b"x" * 3_000_000)
    whole = gzip.compress(MARK + b"A: 0\n\n0\n\n" + MARK + raw + b"\n" + NEXT)
    report = Report()
    (batch,) = read([put(tmp_path, whole)], LIMIT, report)
    assert [one.raw for one in batch.deliveries] == [b"A: 0\n\n0\n"]
    (problem,) = report.problems
    assert "has a postmark after 34: only in a plain file can be seen which is right" in problem


def test_a_packed_message_as_long_as_it_says_is_read_however_large(tmp_path: Path):
    body = b"x" * 3_000_000 + b"\n"
    raw = lengthened(len(body), body)
    path = put(tmp_path, gzip.compress((MARK + raw + b"\n") * 2 + NEXT + b"A: 2\n\n2\n"))
    assert [one.size for one in found(path)] == [len(raw), len(raw), None]


@deeper
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_memory_stays_bounded_however_large_the_file(
    tmp_path: Path, pack: Callable[[bytes], bytes]
):
    path = put(tmp_path, pack(MARK + b"x" * LARGE + b"\n\n" + MARK + b"\n" * LARGE))
    tracemalloc.start()
    try:
        sizes = [one.size or 0 for one in found(path, 500_000)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert min(sizes) >= LARGE - 1
    assert peak < 6_000_000


MEAN = {
    "nearly postmarks": b"\n\nFrom \n",
    "nearly postmarks with blanks": b"\n\nFrom" + b" " * 900 + b"x\n",
    "nearly postmarks with days": b"\n\nFrom" + b" Mon Aug" * 110 + b"\n",
    "nearly postmarks with times": b"\n\nFrom a Mon Aug  3 12:00:00 " + b"A" * 900 + b"\n",
    "quotes": b">" * 1_000 + b"Fro\n",
    "messages": b"\n" + NEXT,
    "messages that promise too much": b"\n" + NEXT + b"Content-Length: 900000\n\n",
    "messages that promise far too much": b"\n" + NEXT + b"Content-Length: 99999999\n\nx\n",
    "promises": b"Content-Length: 12345\n",
    "line ends": b"\n",
    "carriage returns": b"\r",
    "lines that do not end": b"x",
}


@deeper
@pytest.mark.parametrize("kind", MEAN)
def test_time_stays_linear_in_what_a_sender_writes(tmp_path: Path, kind: str):
    path = put(tmp_path, MARK + MEAN[kind] * (MEAN_BYTES // len(MEAN[kind])) + b"\n\n" + NEXT)
    assert hostile.spent(lambda: counted(path)) < MEAN_SECONDS


@deeper
@pytest.mark.parametrize("kind", ["messages", "messages that promise too much"])
def test_time_stays_linear_when_it_is_packed(tmp_path: Path, kind: str):
    whole = MARK + MEAN[kind] * (MEAN_BYTES // len(MEAN[kind])) + b"\n\n" + NEXT
    path = put(tmp_path, gzip.compress(whole))
    assert hostile.spent(lambda: counted(path)) < MEAN_SECONDS


# --- when a message came, and which one it is -----------------------------------------------


@pytest.mark.parametrize(
    ("date", "at"),
    [
        (b"Mon Aug  3 12:00:00 2026", datetime(2026, 8, 3, 12, tzinfo=UTC)),
        (b"Mon Aug  3 12:00:00 2026 +0200", datetime(2026, 8, 3, 10, tzinfo=UTC)),
        (b"Mon Aug  3 12:00:00 -0500 2026", datetime(2026, 8, 3, 17, tzinfo=UTC)),
        (b"Mon Aug  3 12:00:00 EST 2026", datetime(2026, 8, 3, 17, tzinfo=UTC)),
        (b"Mon Aug  3 12:00:00 CEST 2026", datetime(2026, 8, 3, 12, tzinfo=UTC)),
        (b"Mon Aug  3 12:00 26", datetime(2026, 8, 3, 12, tzinfo=UTC)),
        (b"Mon, 3 Aug 2026 12:00:00 -0300", datetime(2026, 8, 3, 15, tzinfo=UTC)),
    ],
)
def test_a_message_came_when_its_postmark_says(tmp_path: Path, date: bytes, at: datetime):
    (delivery,) = found(put(tmp_path, b"From a@b " + date + b"\nA: 1\n\n"))
    assert delivery.received_at == at


@pytest.mark.parametrize(
    "date",
    [b"Mon Feb 31 12:00:00 2026", b"Mon Aug  3 99:99:99 2026", b"Sun Jan  1 00:00:00 1950", b""],
)
def test_else_it_came_when_the_file_was_changed(tmp_path: Path, date: bytes):
    path = put(tmp_path, b"From a@b " + date + b"\nA: 1\n\n")
    (delivery,) = found(path)
    assert delivery.received_at == datetime.fromtimestamp(path.stat().st_mtime, UTC)


@pytest.mark.parametrize("write", [mboxo, mboxrd, mboxcl2])
def test_a_message_has_the_location_it_has_in_a_file_of_its_own(tmp_path: Path, write: Writer):
    head, blank, body = mails.write("\nFrom me\n\n" + MARK.decode()).partition(b"\r\n\r\n")
    stored, raw = write(head + blank, body)
    (single,) = found(put(tmp_path, raw, "a.eml"))
    assert single.raw == raw
    (among,) = found(put(tmp_path, MARK + stored + b"\n"))
    assert among.location == single.location
