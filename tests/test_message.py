"""Bytes to a message: whatever they are, what can be read of it and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import hostile
import mails
import pytest
from depth import DEEP, deeper, examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhook.errors import MalformedMessage
from mailhook.message import is_auto_reply, is_bulk, is_report, parse
from mailhook.model import Attachment, Message

HEAD = b"From: a@example.com\r\n"


def with_header(line: bytes | str) -> Message:
    return parse((line.encode() if isinstance(line, str) else line) + b"\r\nX: x\r\n\r\nbody")


def with_body(content_type: str, body: bytes, encoding: str = "8bit") -> Message:
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return parse(HEAD + head.encode() + body)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 100,
        b"\r\n",
        b"words",
        b"\xff\xfe" * 50,
        b"X: y\r\n\r\nbody",
        b"\r\nFrom: a@b.c\r\n",
    ],
)
def test_bytes_without_from_date_and_message_id_are_no_message(raw: bytes):
    with pytest.raises(MalformedMessage):
        parse(raw)


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("Subject: words", "words"),
        ("SUBJECT :  words ", "words"),
        ("Subject: one\r\n two", "one two"),
        ("Subject: one\n\ttwo", "one two"),
        ("Subject: =?utf-8?q?one=0Atwo=0D=00?=", "one two"),
        ("Subject: =?utf-8?b?w7M=?= =?iso-8859-1?q?=F3?=", "óó"),
        ("Subject: verificación", "verificación"),
        ("Subject: verificación".encode("latin-1"), "verificación"),
        ("Subject: =?utf-8?B?a?=", "=?utf-8?B?a?="),
        (b"Subject: =?utf\0-8?q?a?=", "a"),
        ("Subject: =?nonsense?q?a=F3?=", "=?nonsense?q?a=F3?="),
        ("Subject: =?punycode?q?zz?=", "=?punycode?q?zz?="),
        ("Subject: =?utf-8?q?=ED=A0=80?=", "=?utf-8?q?=ED=A0=80?="),
        ("Subject: one\r\nSubject: two", "one"),
        ("Subject:", ""),
        ("Subject: " + "x" * 5_000, "x" * 2_000),
    ],
)
def test_a_subject_is_one_line_of_text(line: str | bytes, subject: str):
    found = with_header(
        HEAD.rstrip() + b"\r\n" + (line.encode() if isinstance(line, str) else line)
    )
    assert found.subject == subject


@pytest.mark.parametrize(
    ("line", "message_id"),
    [
        ("Message-ID: <a@example.com>", "<a@example.com>"),
        ("message-id:\r\n <a@example.com>", "<a@example.com>"),
        ("Message-ID: <a@example.com>\r\nMessage-ID: <b@example.com>", "<a@example.com>"),
        ("Message-ID: =?utf-8?q?a?=", "=?utf-8?q?a?="),
        ("Message-ID:\r\nDate: x", None),
        ("Message-ID: <" + "x" * 3_000 + ">", None),
    ],
)
def test_the_message_id_is_the_first_one_as_it_stands(line: str, message_id: str | None):
    assert with_header(line).message_id == message_id


@pytest.mark.parametrize(
    ("line", "senders"),
    [
        ("From: Truora <N@Truora.com>", ("n@truora.com",)),
        ("From: a@example.com, b@example.com", ("a@example.com", "b@example.com")),
        ("From: a@example.com\r\nFrom: b@example.com", ("a@example.com", "b@example.com")),
        ("From: =?utf-8?B?a?= <a@example.com>", ("a@example.com",)),
        ("From:", ()),
        ("From: words", ("words",)),
        ("From: " + "(" * 1_900, ()),
        ("From: " + "a@example.com, " * 500, ()),
    ],
)
def test_the_senders_are_the_addresses_of_all_froms(line: str, senders: tuple[str, ...]):
    assert with_header(line).senders == senders


@pytest.mark.parametrize(
    ("date", "hour"),
    [
        ("Mon, 03 Aug 2026 12:00:00 +0000", 12),
        ("Mon, 3 Aug 2026 07:00:00 -0500 (COT)", 12),
        ("3 Aug 2026 12:00:00 GMT", 12),
        ("03 Aug 26 12:00 +0000", 12),
        ("Mon,03 Aug 2026 12:00:00", 12),
        ("Mon, 03 Aug 2026 12:00:00 -0000", 12),
        ("Mon, 33 Aug 2026 12:00:00 +0000", None),
        ("Mon, 03 Aug 0026 12:00:00 +9999999", None),
        ("Mon, 03 Aug 1970 12:00:00 +0000", None),
        ("yesterday", None),
        ("", None),
        ("9" * 5_000, None),
    ],
)
def test_a_date_is_utc_and_a_broken_one_is_none(date: str, hour: int | None):
    expected = None if hour is None else datetime(2026, 8, 3, hour, tzinfo=UTC)
    assert with_header(f"From: a@example.com\r\nDate: {date}").date == expected


def test_headers_keep_their_order_their_repetitions_and_their_bytes():
    raw = b"X: \xf3\r\nx:  2\r\n\t3\r\nnot a header\r\n of it\r\nFrom: a@b.c\r\n\r\nX: body"
    expected = (("x", "\xf3"), ("x", "2\t3"), ("from", "a@b.c"))
    assert parse(raw).headers == expected
    assert parse(raw).header("x") == ["\xf3", "2\t3"]


def test_a_lone_cr_ends_no_header_because_it_ended_none_for_the_server_that_judged_it():
    found = parse(b"X: x\rFrom: a@truora.com\r\rDate: x\r\nFrom: b@example.com\r\n\r\nbody")
    assert found.senders == ("b@example.com",)


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", "ó".encode(), "ó"),
        ("iso-8859-1", b"\xf3", "ó"),
        ("us-ascii", "ó".encode(), "ó"),
        ("us-ascii", b"\xf3", "ó"),
        ("iso-8859-8-i", b"\xe0", "א"),
        ("windows-874", b"\xa1", "ก"),
        ("unicode", "ó".encode(), "ó"),
        ("utf-16", "ó".encode("utf-16"), "ó"),
        ("iso-2022-jp", b"\x1b$B$\x22\x1b(B", "あ"),
        ('"\x1b[31m"', "ó".encode(), "ó"),
        ("punycode", b"a-zz", "a-zz"),
        ("base64", b"a", "a"),
        ("x" * 5_000, b"a", "a"),
        ('"utf\0-8"', "ó".encode(), "ó"),
        ("utf-8", b"a\0b\xff\r\nc\rd", "ab\xff\nc\nd"),
    ],
)
def test_a_body_is_read_in_its_charset_else_in_the_likeliest(charset: str, body: bytes, text: str):
    assert with_body(f"text/plain; charset={charset}", body).text == text


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("base64", b"d29yZHM=", "words"),
        ("BASE64 ", b"d29y\r\nZHM", "words"),
        ("base64", b"d29y!\r\n\0ZHM=", "words"),
        ("quoted-printable", b"w=6Frds=\r\n!", "words!"),
        ("quoted-printable", b"100=ZZ", "100=ZZ"),
        ("x-unknown", b"words", "words"),
        ("", b"words", "words"),
    ],
)
def test_a_transfer_encoding_is_undone_as_far_as_it_goes(encoding: str, body: bytes, text: str):
    assert with_body("text/plain", body, encoding).text == text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Content-Type: multipart/report; report-type=delivery-status", is_report),
        ("Auto-Submitted: auto-replied (vacation)", is_auto_reply),
        ("Precedence: Bulk", is_bulk),
        ("List-Unsubscribe: <https://example.com/>", is_bulk),
    ],
)
def test_headers_say_what_kind_of_mail_it_is(line: str, says: Callable[[Message], bool]):
    assert says(with_header(f"From: a@example.com\r\n{line}"))
    assert not says(with_header("From: a@example.com\r\nAuto-Submitted: auto-generated"))


@deeper
@pytest.mark.parametrize("shape", hostile.SHAPES.values(), ids=hostile.SHAPES)
def test_reading_takes_time_in_proportion_to_size(shape: Callable[[int], bytes]):
    def read(size: int) -> float:
        raw = shape(size)
        return hostile.spent(lambda: tolerated(raw))

    assert min(read(32_000) for _ in range(2)) < 0.5
    size, seconds = (4_000_000, 6) if DEEP else (1_000_000, 1.5)
    assert read(size) < seconds


def tolerated(raw: bytes) -> Message | None:
    try:
        return parse(raw)
    except MalformedMessage:
        return None


def test_the_parser_beneath_logs_nothing_that_a_mail_could_speak_through(
    caplog: pytest.LogCaptureFixture,
):
    with_header(HEAD + b"Content-Type: multipart/\x1b[2J; boundary=?utf-8?B?a?=\x1b[31m")
    assert not caplog.records


@given(st.binary() | st.binary().map(lambda raw: HEAD + raw))
@settings(max_examples=examples(80), deadline=None)
def test_random_bytes_are_a_message_or_malformed(raw: bytes):
    found = tolerated(raw)
    assert found is None or "\0" not in found.text + found.subject


PIECES = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"\0", b"--b", b"--b--", b": ", b";", b'"', b"=?utf-8?q?", b"?=", b"=",
     b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: text/plain; charset=", b"From: ",
     b"Content-Transfer-Encoding: base64", b"message/rfc822", b"name*0*=utf-8''%", b"(", b"\xff"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map(b"".join))
@settings(max_examples=examples(120), deadline=None)
def test_pieces_of_mails_in_any_order_are_a_message_or_malformed(raw: bytes):
    found = tolerated(HEAD + raw)
    assert found is None or all("\0" not in one.filename for one in found.attachments)


def test_a_mail_is_what_was_written():
    attachment = ("application/json", "event.json", b'{"a": 1}')
    date = mails.NOON + timedelta(hours=1)
    raw = mails.write("uno\n", html="<p>dos</p>", subject="Acción", date=date, message_id="<a@b.c>",
                      attachments=(attachment,))  # fmt: skip
    found = parse(raw)
    assert (found.text, found.html) == ("uno\n", "<p>dos</p>\n")
    assert (found.subject, found.date, found.message_id) == ("Acción", date, "<a@b.c>")
    assert found.attachments == (Attachment(*attachment),)
    assert found.senders == ("notifications@truora.com",)
