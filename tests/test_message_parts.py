"""The parts of a mail: its own text, what is attached, and what is somebody else's mail."""

from __future__ import annotations

import base64
from email.message import MIMEPart

import hostile
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from test_message import HEAD, with_body

from mailhook.errors import MalformedMessage
from mailhook.message import parse
from mailhook.model import Attachment, Message


def multipart(*parts: bytes, subtype: str = "mixed", end: bytes = b"\r\n--b--\r\n") -> Message:
    body = b"".join(b"\r\n--b\r\n" + part for part in parts) + end
    return with_body(f"multipart/{subtype}; boundary=b", body)


def test_texts_of_one_kind_are_joined_and_the_other_kind_stands_apart():
    found = multipart(b"\r\none", b"Content-Type: text/html\r\n\r\n<p>two", b"\r\nthree")
    assert (found.text, found.html) == ("one\nthree", "<p>two")


@pytest.mark.parametrize(
    ("part", "attachment"),
    [
        (b"Content-Type: application/json; name=a.json\r\n\r\n{}",
         Attachment("application/json", "a.json", b"{}")),
        (b"Content-Type: application/jwt\r\nContent-Transfer-Encoding: base64\r\n\r\nZXlK",
         Attachment("application/jwt", "", b"eyJ")),
        (b'Content-Disposition: attachment; filename="a b.txt"\r\n\r\nx',
         Attachment("text/plain", "a b.txt", b"x")),
        (b"Content-Type: text/json\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{=7D",
         Attachment("text/json", "", b"{}")),
        (b"Content-Type: application/pdf; name*=utf-8''%C3%B3.pdf\r\n\r\nx",
         Attachment("application/pdf", "ó.pdf", b"x")),
        (b'Content-Type: application/pdf; name="=?utf-8?q?=C3=B3?="\r\n\r\nx',
         Attachment("application/pdf", "ó", b"x")),
        (b"Content-Type: application/pdf; name*=nonsense''%FF\r\n\r\nx",
         Attachment("application/pdf", "", b"x")),
        (b'Content-Type: application/pdf; name="a\0b"\r\n\r\nx',
         Attachment("application/pdf", "ab", b"x")),
    ],
)  # fmt: skip
def test_what_is_no_text_of_the_mail_is_attached(part: bytes, attachment: Attachment):
    found = multipart(b"\r\nwords", part)
    assert (found.text, found.attachments) == ("words", (attachment,))


def test_a_film_is_not_held_but_json_of_any_size_is():
    part = b"Content-Type: %b\r\n\r\n" + b"x" * 1_500_000
    found = multipart(part % b"video/mp4", part % b"application/json")
    assert [len(one.payload) for one in found.attachments] == [0, 1_500_000]


def test_a_mail_that_is_json_and_nothing_else_is_an_attachment():
    assert with_body("application/json", b"{}").attachments == (
        Attachment("application/json", "", b"{}"),
    )


INNER = b"From: b@example.com\r\n\r\nnot mine"


@pytest.mark.parametrize("kind", ["message/rfc822", "message/global"])
@pytest.mark.parametrize("encoding", ["7bit", "base64"])
def test_an_attached_message_is_forwarded_and_never_the_mails_own_text(kind: str, encoding: str):
    body = base64.encodebytes(INNER) if encoding == "base64" else INNER
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    found = multipart(b"\r\nmine", head.encode() + body)
    assert (found.text, found.attachments, found.forwarded) == ("mine", (), (INNER,))


@pytest.mark.parametrize("kind", ["message/partial", "message/http", "message/delivery-status"])
def test_nothing_inside_any_kind_of_message_is_the_mails_own_text(kind: str):
    found = multipart(b"\r\nmine", f"Content-Type: {kind}\r\n\r\n".encode() + INNER)
    assert found.text == "mine"


def test_the_parts_of_a_digest_are_attached_messages():
    found = multipart(b"\r\n" + INNER, subtype="digest")
    assert found.text == ""
    assert [inner.split() for inner in found.forwarded] == [INNER.split()]


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\n--b-", b"\r\n--bb--", b"\r\n--b"])
def test_a_multipart_that_is_never_closed_is_read_to_its_end(end: bytes):
    assert multipart(b"\r\none", b"\r\ntwo", end=end).text.startswith("one\ntwo")


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("multipart/mixed", b"words", "words"),
        ("multipart/mixed; boundary=b", b"words", "words"),
        ('multipart/mixed; boundary=""', b"words", "words"),
        ('multipart/mixed; boundary="b\0b"', b"--b\0b\r\n\r\nwords\r\n--b\0b--", "words"),
        ("multipart/mixed; boundary=b", b"--b\nX: y\n\nwords\n--b--\n", "words"),
        (
            "multipart/mixed; boundary=b",
            b"--b\r\nno header, but: words\r\n--b--",
            "no header, but: words",
        ),
        ("multipart/mixed; boundary=b", b"--b\r\nX: y\r\nwords\r\n--b--", "words"),
        ("multipart/mixed; boundary=b", b"pre\r\n--b  \r\n\r\nwords\r\n--b--\r\nepilogue", "words"),
        ("multipart/mixed; boundary=b", b"--b\r\n\r\nwords\r\n--bb\r\n--b--", "words\n--bb"),
        ("nonsense", b"words", "words"),
        ("text/plain; charset", b"words", "words"),
    ],
)
def test_torn_mime_loses_no_words(content_type: str, body: bytes, text: str):
    assert with_body(content_type, body).text == text


@pytest.mark.parametrize("raw", [hostile.nested(31), hostile.nested(2_000),
                                 hostile.SHAPES["boundaries"](50_000)])  # fmt: skip
def test_more_parts_than_any_mail_has_are_malformed(raw: bytes):
    with pytest.raises(MalformedMessage, match="parts"):
        parse(raw)


def test_more_text_than_any_mail_has_is_malformed():
    with pytest.raises(MalformedMessage, match="text"):
        with_body("text/plain", b"x" * 2_000_001)


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1)
trees = st.recursive(
    st.tuples(st.sampled_from(["text/plain", "text/html", "application/json"]), words),
    lambda inner: st.lists(inner, min_size=1, max_size=3),
    max_leaves=8,
)


@given(trees)
@settings(max_examples=examples(60), deadline=None)
def test_every_leaf_of_any_tree_of_parts_is_found(tree: object):
    found = parse(HEAD + written(tree).as_bytes())
    said: dict[str, list[str]] = {"text/plain": [], "text/html": [], "application/json": []}
    for content_type, text in leaves(tree):
        said[content_type].append(text)
    assert found.text.split("\n") == (said["text/plain"] or [""])
    assert found.html.split("\n") == (said["text/html"] or [""])
    assert [one.payload.decode() for one in found.attachments] == said["application/json"]


def leaves(tree: object) -> list[tuple[str, str]]:
    return [tree] if isinstance(tree, tuple) else [leaf for one in tree for leaf in leaves(one)]  # type: ignore[attr-defined]


def written(tree: object) -> MIMEPart:
    part = MIMEPart()
    if isinstance(tree, tuple):
        main, _, sub = tree[0].partition("/")
        part.set_content(tree[1].encode(), maintype=main, subtype=sub)
        del part["Content-Disposition"]
        part.set_param("charset", "utf-8")
    else:
        part.make_mixed()
        for inner in tree:  # type: ignore[attr-defined]
            part.attach(written(inner))
    return part
