"""Reading takes time in proportion to the mail, whatever shape an adversary gives it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from itertools import cycle, islice

import hostile
import pytest
from depth import DEEP, deeper
from layouts import found

from mailhook.model import Finding

KILOBYTE = 1024
SIZES = tuple(
    32 * KILOBYTE << doubling for doubling in range(6 if DEEP else 5)
)  # larger ones are refused unread
ENOUGH = 0.5 if DEEP else 0.3  # seconds; so far the proportion held, and beyond GROWTH * FLOOR
FLOOR = 0.1  # below this, in seconds, it is noise that grows
GROWTH = 2.5
RUNS = 3
HEAD = "Event: Check finished\r\nCheck ID: CHK0123456789abcdef0123456789abcdef\r\n"


def repeated(piece: str, size: int) -> str:
    return "".join(islice(cycle([piece]), size // len(piece.encode()) + 1))


def text(body: str) -> bytes:
    return hostile.GOOD_HEAD + hostile.TEXT + body.encode()


def page(body: str) -> bytes:
    return hostile.GOOD_HEAD + hostile.HTML + body.encode()


def spent(raw: bytes) -> float:
    """Seconds that one reading of the mail takes; it is no bug of ours."""
    findings: list[Finding] = []
    gc.disable()  # it looks through all that lives, which is not this reading's
    seconds = hostile.spent(lambda: findings.append(found(raw)))
    gc.enable()
    assert not (findings[0].reason or "").startswith("bug"), findings[0].reason
    return seconds


def side_by_side(smaller: bytes, larger: bytes) -> tuple[float, float]:
    """Of three runs of each, in turn, the two neighbours that differ least.

    A core that is lent out runs at half its speed for seconds at a time, which
    shows in processor time as well: only neighbours in time may be compared.
    """
    runs = [(spent(smaller), spent(larger)) for _ in range(RUNS)]
    return min(runs, key=lambda run: run[1] / run[0])


def no_slower_than_it_grows(build: Callable[[int], bytes]) -> None:
    """Fail where a doubling takes more than 2.5 times as long."""
    before = FLOOR
    for size in SIZES:
        raw = build(size)
        seconds = spent(raw)
        if seconds > GROWTH * before:
            half, seconds = side_by_side(build(size // 2), raw)
            before = max(FLOOR, half)
        assert seconds <= GROWTH * before, f"{size} bytes: {seconds:.2f} s after {before:.2f} s"
        if seconds > ENOUGH:
            return
        before = max(FLOOR, seconds)


@pytest.fixture(scope="module", autouse=True)
def _catalogue() -> None:
    """Build the look-ups that all readings share."""
    found(text(f"{HEAD}Full name: Ana\r\n\r\nYour webhook is not disabled.\r\n"))
    found(text("The check CHK1 is not yet known.\r\n"))


# By the reader that they are meant for; each is repeated without anything between.
PIECES = {
    "token: beginnings": "eyJ",
    "token: parts": "eyJhbGciOiJIUzI1NiJ9.",
    "token: dots": "eyJ.eyJ.",
    "json: openings": '{"',
    "json: braces": "{",
    "json: objects": '{"event_type":',
    "json: strings": '{"event_type":"check',
    "json: escapes": '{"a":"\\',
    "json: curly quotes": "{“event_type”:“",
    "json: names": '"event_type" ',
    "json: broken lines": '{"event_type\r\n',
    "labelled: labels without end": "a: ",
    "labelled: labels": "Check ID: a ",
    "labelled: label lines": "Check ID: a\r\n",
    "labelled: different ids": "Check ID: CHK1\r\nCheck ID: CHK2\r\n\r\n",
    "labelled: blocks": "Event: Check finished\r\nCheck ID: CHK1\r\n\r\n",
    "labelled: colons": ":",
    "labelled: bars": "|",
    "labelled: bars apart": "| ",
    "labelled: rows": "| Event | Check ID |\r\n",
    "labelled: blanks": " ",
    "labelled: blanks and letters": "a  ",
    "labelled: labels without a sign": "Check ID ",
    "labelled: emphasis and letters": "*a_",
    "labelled: dashes": " - ",
    "labelled: numbers": "1. ",
    "labelled: commas": "a, ",
    "labelled: asides": "a (",
    "labelled: wrapped": "Full name: " + "x" * 70 + "\r\n" + "y" * 39 + "\r\n",
    "mention: prefixes": "CHK",
    "mention: ids": "CHK0123456789abcdef0123456789abcdef ",
    "mention: beginnings": "El check ",
    "mention: events": "Check finished ",
    "mention: sentences": "El check CHK1 ha finalizado. ",
    "mention: digits": "1",
    "mention: ends": ". ",
    "mention: doubts": "if ",
    "alert: addresses": "https://",
    "alert: hooks": "webhook ",
    "alert: statements": "your webhook has been disabled ",
    "alert: quotation marks": "“",
    "alert: quoted names": "webhook “a” ",
    "quotes: marks": "> ",
    "quotes: lines": "> a\r\n",
    "quotes: answers": "On a wrote:\r\n",
    "quotes: openings": "On ",
    "quotes: forwarded": "---------- Forwarded message ----------\r\n",
    "quotes: headers": "From: a\r\nSent: b\r\n",
    "any: combining": "a\u0301",
    "any: zero-width": "\u200b",
    "any: lines of a letter": "a\r\n",
    "any: lesser": "<",
    "any: placeholders": "{{.",
}  # fmt: skip


_IN_VALUES = frozenset(
    {
        "labelled: labels without end",
        "labelled: colons",
        "labelled: commas",
        "labelled: asides",
        "labelled: emphasis and letters",
        "mention: prefixes",
        "mention: sentences",
        "alert: quotation marks",
    }
)
IN_VALUES = {name: piece for name, piece in PIECES.items() if name in _IN_VALUES}


@deeper
@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_a_text_of_repeats_is_read_in_proportion(piece: str):
    no_slower_than_it_grows(lambda size: text(repeated(piece, size)))


@deeper
@pytest.mark.parametrize("piece", IN_VALUES.values(), ids=IN_VALUES)
def test_repeats_in_a_value_are_read_in_proportion(piece: str):
    no_slower_than_it_grows(
        lambda size: text(f"{HEAD}Full name: {repeated(piece, size)}\r\nCountry: CO\r\n")
    )


MARKUP = {
    "page: labels": "<p>Check ID: a</p>",
    "page: openings": "<",
    "page: divisions": "<div>",
    "page: cells": "<td>a",
    "page: tables": "<table><tr><td>",
    "page: definitions": "<dt>a<dd>b",
    "page: breaks": "Check ID: a<br>",
    "page: links": '<a href="https://a.example/?CHK1">webhook</a>',
    "page: comments": "<!--",
    "page: attributes": "<p a=b c",
    "page: quotation marks": '<p a="',
    "page: style sheets": "<style>a{",
    "page: media": "<style>@media{",
    "page: styles": '<p style="color:red;',
    "page: block quotes": "<blockquote>",
    "page: formatted": "<pre>Check ID: a\n",
}


@deeper
@pytest.mark.parametrize("piece", MARKUP.values(), ids=MARKUP)
def test_a_page_of_repeats_is_read_in_proportion(piece: str):
    no_slower_than_it_grows(lambda size: page(f"<p>{HEAD}</p>{repeated(piece, size)}"))


@deeper
@pytest.mark.parametrize("piece", ["color:", "a{", ".a,", "/*", "@media{"])
def test_a_style_of_repeats_is_read_in_proportion(piece: str):
    no_slower_than_it_grows(lambda size: page(f'<p style="{repeated(piece, size)}">a</p>'))
    no_slower_than_it_grows(lambda size: page(f"<style>{repeated(piece, size)}</style><p>a</p>"))


@deeper
@pytest.mark.parametrize("piece", ["Fwd: ", "a: ", "Check ID "])
def test_a_subject_of_repeats_is_read_in_proportion(piece: str):
    def build(size: int) -> bytes:
        return b"Subject: " + repeated(piece, size).encode() + b"\r\n" + text(HEAD)

    no_slower_than_it_grows(build)
