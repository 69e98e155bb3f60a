"""What is taken apart by the book is what the general parser finds; all else is left to it."""

from __future__ import annotations

import email
from email.message import Message as Tree

import mails
import pytest
from depth import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailhook import mime

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)
BYTES = st.binary(max_size=400)
PAYLOADS = st.lists(BYTES, max_size=3)
NAMES = {"content-type", "content-transfer-encoding", "content-disposition"}


def written(text: str, html: str | None, payloads: list[bytes]) -> bytes:
    kind = "application/octet-stream"
    return mails.write(
        text,
        html=html,
        attachments=tuple((kind, f"file {n}.bin", payload) for n, payload in enumerate(payloads)),
    )


def by_the_book(raw: bytes) -> list[mime.Leaf] | None:
    head, _, body = raw.partition(b"\r\n\r\n")
    tree = email.message_from_bytes(head + b"\r\n\r\n")
    headers = {name.lower(): str(value) for name, value in tree.items()}
    slim = {name: value.replace("\r\n", "") for name, value in headers.items() if name in NAMES}
    return mime.leaves(slim, body)


def by_the_parser(raw: bytes) -> list[mime.Leaf]:
    return [leaf(part) for part in email.message_from_bytes(raw).walk() if not part.is_multipart()]


def leaf(part: Tree) -> mime.Leaf:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return mime.Leaf(
        part.get_content_type(),
        str(part.get_param("charset") or ""),
        part.get_content_disposition() or "inline",
        part.get_filename() or "",
        payload,
    )


@given(TEXTS, st.none() | TEXTS, PAYLOADS)
@settings(max_examples=examples(60), deadline=None)
def test_every_mail_a_program_writes_is_read_as_the_general_parser_reads_it(
    text: str, html: str | None, payloads: list[bytes]
):
    raw = written(text, html, payloads)
    found = by_the_book(raw)
    assert found is None or found == by_the_parser(raw)


PIECES = st.sampled_from([b"", b"\r\n", b"--", b"\n", b"=", b"\r\n\r\n", b":", b'"', b" ", b"\0"])


# A blank at the end of a file's name.
@example("0000\r\r\r\x80\x80\x80\x80\U00010000", [b""], 0.90625, b" ", 0)
@given(TEXTS, PAYLOADS, st.floats(0, 1), PIECES, st.integers(0, 3))
@settings(max_examples=examples(120), deadline=None)
def test_a_mail_with_bytes_changed_is_read_the_same_or_not_at_all(
    text: str, payloads: list[bytes], place: float, piece: bytes, cut: int
):
    raw = written(text, f"<p>{text}</p>", payloads)
    body = raw.index(b"\r\n\r\n") + 4
    at = body + round(place * (len(raw) - body))
    changed = raw[:at] + piece + raw[at + cut :]
    found = by_the_book(changed)
    assert found is None or found == by_the_parser(changed)


def test_a_text_beside_its_html_is_by_the_book():
    found = by_the_book(mails.write("words", html="<p>words</p>"))
    assert found
    assert [(one.content_type, one.payload) for one in found] == [
        ("text/plain", b"words\r\n"),
        ("text/html", b"<p>words</p>\r\n"),
    ]


ONE = "Content-Type: multipart/mixed; boundary=b\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(ONE + "--b\r\n\r\ntext\r\n", id="no last boundary"),
        pytest.param(ONE + "text\r\n", id="no boundary at all"),
        pytest.param(ONE + "--b\r\n\r\ntext\r\n--b-\r\n", id="a boundary with something behind it"),
        pytest.param(ONE + "--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\ny\r\n--b--\r\n", id="two ends"),
        pytest.param(ONE + "--bb\r\n\r\nx\r\n--b--\r\n", id="a boundary that begins another"),
        pytest.param("Content-Type: multipart/mixed\r\n\r\nx", id="no boundary named"),
        pytest.param("Content-Type: text\r\n\r\nx", id="a type without a subtype"),
        pytest.param("Content-Type: text/plain; charset\r\n\r\nx", id="a parameter without value"),
        pytest.param("Content-Type: text/plain; a=1; a=2\r\n\r\nx", id="a parameter twice"),
        pytest.param("Content-Type: text/plain; name*=utf-8''a\r\n\r\nx", id="RFC 2231"),
        pytest.param("Content-Type: text/plain (or so)\r\n\r\nx", id="a comment"),
        pytest.param(
            "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nFrom: x\r\n--b--\r\n",
            id="a digest, whose parts are messages",
        ),
        pytest.param("Content-Type: message/rfc822\r\n\r\nx", id="an attached message"),
        pytest.param("Content-Transfer-Encoding: base64\r\n\r\nYQ", id="unpadded base64"),
        pytest.param("Content-Transfer-Encoding: uuencode\r\n\r\nYQ", id="another encoding"),
        pytest.param(ONE + "--b\r\nContent-Type: a/b\r\ntext\r\n--b--\r\n", id="a torn header"),
    ],
)
def test_what_is_not_by_the_book_is_left_to_the_general_parser(raw: str):
    assert by_the_book(raw.encode()) is None


@pytest.mark.parametrize("name", [" file.bin ", " ", "<file.bin>", "<", " <file.bin> ", ">"])
def test_the_name_of_a_file_is_read_as_the_general_parser_reads_it(name: str):
    for header in ("Content-Disposition: attachment; filename", "Content-Type: a/b; name"):
        raw = f'{header}="{name}"\r\n\r\nx'.encode()
        found = by_the_book(raw)
        assert found is None or found == by_the_parser(raw)


def test_deep_nesting_is_left_to_the_general_parser():
    raw = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(50)
    )
    assert by_the_book(raw.encode()) is None
