"""Authentication-Results (RFC 8601): the parser, and what no spelling of a header changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_authenticity import FAIL, FROM, GENUINE, OURS, PASS, Case

from mailhook.authenticity import Result, Results, parse


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", Results("", ())),
        (";", Results("", ())),
        ("a", Results("a", ())),
        ("a;none", Results("a", ())),
        ("A 1; SPF=Pass", Results("a", (Result("spf", "pass"),))),
        ("spf=pass", Results("", (Result("spf", "pass"),))),
        (
            "a; dkim=pass header.b=ab/cd== header.d=x.example",
            Results(
                "a", (Result("dkim", "pass", (("header.b", "ab/cd"), ("header.d", "x.example"))),)
            ),
        ),
        (
            r'a; x=fail reason="a \"b\"; c" p.q=r',
            Results("a", (Result("x", "fail", (("reason", 'a "b"; c'), ("p.q", "r"))),)),
        ),
        ("a; x / 1 = pass p . q = r", Results("a", (Result("x", "pass", (("p.q", "r"),)),))),
    ],
)
def test_a_header_is_parsed_as_rfc_8601_writes_it(value: str, expected: Results):
    assert parse(value) == expected


@pytest.mark.parametrize(
    "value", ["a; (", 'a; "', "a; )", "a; \\", 'a; x="\\', "a; (()", "a; (\\)"]
)
def test_what_cannot_be_tokenized_is_an_error_not_a_guess(value: str):
    with pytest.raises(ValueError, match=r"never ends|belongs to nothing"):
        parse(value)


# Where the grammar allows comments and blanks, each of these may stand.
BLANKS = st.sampled_from(["", " ", "\t", "  ", "(c)", ' (dmarc=fail; (x) \\) ") ', "( ( ) )"])
WORDS = st.sampled_from(
    [
        f"{OURS} ~ 1 ; dmarc / 1 = pass ~ header . from = truora.com",
        f'{OURS} ; spf = fail ; dmarc = pass ~ reason = "a|b;c"',
        f"{OURS} ; dmarc = fail ~ header . from = truora.com",
        f"{OURS} ; dmarc = pass ~ header . from = evil.example ; spf = pass",
        f"{OURS} ; none",
        "other.example ; dmarc = pass",
    ]
).map(lambda words: [" " if word == "~" else word for word in words.split()])


@given(words=WORDS, data=st.data())
@settings(max_examples=300, deadline=None)
def test_comments_and_blanks_in_legal_places_never_change_a_verdict(
    words: list[str], data: st.DataObject
):
    spaced = "".join(data.draw(BLANKS) + word for word in words) + data.draw(BLANKS)
    assert Case("", results=(spaced,)).judged() == Case("", results=("".join(words),)).judged()


PIECES = st.lists(
    st.sampled_from([OURS, "evil.example", "truora.com", "dmarc", "pass", "fail", "header.from",
                     "=", ";", " ", "(", ")", '"', "\\", "/1", "none", ".", PASS]),
    max_size=25,
).map("".join)  # fmt: skip


@given(st.lists(PIECES | st.just(GENUINE), max_size=5), st.sampled_from([OURS, "unnamed"]))
@settings(max_examples=300, deadline=None)
def test_nothing_below_the_topmost_of_ours_turns_a_fail_into_a_pass(below: list[str], server: str):
    ours = FAIL if server == OURS else "dmarc=fail header.from=truora.com"
    assert not Case("", results=(ours, *below), server=server).judged()[0]


@given(st.text() | PIECES, st.text() | st.just(FROM))
@settings(max_examples=300, deadline=None)
def test_whatever_the_headers_hold_there_is_a_verdict(value: str, sender: str):
    verified, detail = Case("", results=(value,), sender=sender).judged()
    assert isinstance(verified, bool)
    assert detail
