"""Mails that mean harm. Those of kilobytes and more are built here; small ones lie in fixtures."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import mails

GOOD_HEAD = (
    f"Authentication-Results: {mails.PROOF}\r\n"
    f"From: {mails.SENDER}\r\n"
    "Subject: Check finished\r\n"
    "Date: Mon, 03 Aug 2026 12:00:00 +0000\r\n"
    "Message-ID: <hostile@truora.com>\r\n"
    "MIME-Version: 1.0\r\n"
).encode()
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
HTML = b"Content-Type: text/html; charset=utf-8\r\n\r\n"
MULTIPART = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def spent(work: Callable[[], object]) -> float:
    """Seconds of processor time, which neighbours on the machine do not lengthen."""
    start = time.process_time()
    work()
    return time.process_time() - start


def sendable(text: str) -> str:
    """The text without what no mail program could encode."""
    return text.encode("utf-8", "replace").decode()


def nested(depth: int) -> bytes:
    """Multiparts inside each other, none of them closed."""
    parts = (
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(depth)
    )
    return GOOD_HEAD + "".join(parts).encode() + TEXT + b"words"


def jwt_without_proof() -> bytes:
    """A hook as the vendor sends it, but for the signature: `alg` is none."""
    parts = (b'{"alg":"none"}', b'{"iss":"Truora","events":[{"event_type":"check"}]}')
    text = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return GOOD_HEAD + TEXT + f"{text}.".encode()


def event(object_json: str) -> bytes:
    """A mail whose text is one event in JSON, its object as given."""
    text = f'{{"event_type":"check","event_action":"finished","object":{object_json}}}'
    return GOOD_HEAD + TEXT + text.encode()


def header(line: bytes) -> bytes:
    return line + b"\r\n" + GOOD_HEAD + TEXT + b"words"


# By what they are, of kilobytes to megabytes; what the size of each is follows from `size`.
SHAPES: dict[str, Callable[[int], bytes]] = {
    "one long header": lambda size: header(b"X: " + b"x" * size),
    "many headers": lambda size: header(b"X: x\r\n" * (size // 6)),
    "many folds": lambda size: header(b"X: x" + b"\r\n x" * (size // 4)),
    "many addresses": lambda size: header(b"From: " + b"a@b.example, " * (size // 13)),
    "comments in From": lambda size: header(b"From: " + b"(" * size),
    "quotes in From": lambda size: header(b"From: " + b'"\\' * (size // 2)),
    "many Froms": lambda size: header(b"From: a@b.example\r\n" * (size // 19)),
    "encoded words": lambda size: header(b"Subject: " + b"=?utf-8?q?x?= " * (size // 14)),
    "beginnings of encoded words": lambda size: header(b"Subject: " + b"=?" * (size // 2)),
    "punycode": lambda size: header(b"Subject: =?punycode?q?" + b"zz" * (size // 2) + b"?="),
    "a long date": lambda size: header(b"Date: " + b"1:" * (size // 2)),
    "comments in Authentication-Results": lambda size: header(
        b"Authentication-Results: " + b"(" * size
    ),
    "many parameters": lambda size: header(b"Content-Type: text/plain" + b"; a=b" * (size // 5)),
    "a string of semicolons": lambda size: header(b'Content-Type: text/plain; a="' + b";" * size),
    "pieces of a parameter": lambda size: header(
        b"Content-Type: text/plain"
        + b"".join(b"; charset*%d=x" % n for n in range(size // 18))
    ),
    "a long boundary": lambda size: header(
        b"Content-Type: multipart/mixed; boundary=" + b"b" * size
    ),
    "a long charset": lambda size: header(b"Content-Type: text/plain; charset=" + b"x" * size),
    "parts with many parameters": lambda size: GOOD_HEAD + MULTIPART
    + (b'--b\r\nContent-Type: text/plain; a="' + b";" * 1_500 + b"\r\n\r\n") * (size // 1_540),
    "boundaries": lambda size: GOOD_HEAD + MULTIPART + b"--b\r\n" * (size // 5),
    "nearly boundaries": lambda size: GOOD_HEAD + MULTIPART + b"--bb\r\n" * (size // 6),
    "blank lines in 29 multiparts": lambda size: nested(29) + b"\r\n" * (size // 2),
    "nested multiparts": lambda size: nested(size // 60),
    "attached messages in each other": lambda size: GOOD_HEAD
    + b"Content-Type: message/rfc822\r\n\r\n" * (size // 32),
    "delivery-status": lambda size: GOOD_HEAD
    + b"Content-Type: message/delivery-status\r\n\r\n" + b"a: b\r\n\r\n" * (size // 8),
    "a long file name": lambda size: GOOD_HEAD + MULTIPART
    + b"--b\r\nContent-Type: application/json; name*=utf-8''" + b"%41" * (size // 3)
    + b"\r\n\r\n{}\r\n--b--\r\n",
    "broken base64": lambda size: GOOD_HEAD
    + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"Y=\r\n" * (size // 4),
    "quoted-printable": lambda size: GOOD_HEAD
    + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=3D=\r\n" * (size // 6),
    "punycode as body": lambda size: GOOD_HEAD
    + b"Content-Type: text/plain; charset=punycode\r\n\r\na-" + b"zz" * (size // 2),
    "lone CRs": lambda size: GOOD_HEAD + TEXT + b"\r" * size,
    "NUL": lambda size: GOOD_HEAD + TEXT + b"\0" * size,
    "8-bit": lambda size: GOOD_HEAD + TEXT + b"\xff" * size,
}  # fmt: skip

# Whole mails for the way through the pipeline, all claiming to be proven.
LARGE: dict[str, Callable[[], bytes]] = {
    "a header of 1 MB": lambda: header(b"X-Long: " + b"x" * 1_000_000),
    "an Authentication-Results of 1 MB": lambda: header(
        b"Authentication-Results: mx.example.com; none (" + b"x" * 1_000_000 + b")"
    ),
    "a subject of 1 MB": lambda: header(b"Subject: " + b"=?utf-8?q?=1B[2J?= " * 55_000),
    "2,000 multiparts in each other": lambda: nested(2_000),
    "100,000 brackets": lambda: event("[" * 100_000),
    "100,000 brackets that close": lambda: event("[" * 100_000 + "]" * 100_000),
    "900 levels of JSON": lambda: event('{"a":' * 900 + "1" + "}" * 900),
    "a number of 5,000 digits": lambda: event('{"check_id":"CHK1","score":' + "9" * 5_000 + "}"),
    "lone surrogates": lambda: event('{"check_id":"CHK1","country":"\\ud800"}'),
    "a token without proof": jwt_without_proof,
    "20,000 nested tables": lambda: GOOD_HEAD + HTML + b"<table><tr><td>" * 20_000,
    "formatting opened anew": lambda: GOOD_HEAD + HTML + b"<p>"
    + b"".join(b"<b a=%d>" % n for n in range(2_000)) + b"</p>" + b"<p>x</p>" * 2_000,
    "blocks in blocks": lambda: GOOD_HEAD + HTML + b"<div>" * 300_000,
    "100,000 labels": lambda: GOOD_HEAD + TEXT + b"Check ID: x\r\nEvent: y\r\n" * 50_000,
    "100,000 cells": lambda: GOOD_HEAD + TEXT + b"a\tb\r\n" * 100_000,
    "a line of 2 MB": lambda: GOOD_HEAD + TEXT + b"CHK" * 700_000,
    "a mail of 25 MB": lambda: GOOD_HEAD + MULTIPART
    + b"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b"QUJD" * 15 * 416_000 + b"\r\n--b--\r\n",
    "a text of 25 MB": lambda: GOOD_HEAD + TEXT + b"words and words\r\n" * 1_500_000,
}  # fmt: skip
