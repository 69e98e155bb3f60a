"""Authentication-Results (RFC 8601): the parser, and what no spelling of a header changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from depth import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from proof_cases import ATTACKS, FAIL, FROM, GENUINE, OURS, PASS, PROVEN, REFUSED, Case

from mailhook import message
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
@settings(max_examples=examples(120), deadline=None)
def test_comments_and_blanks_in_legal_places_never_change_a_verdict(
    words: list[str], data: st.DataObject
):
    spaced = "".join(data.draw(BLANKS) + word for word in words) + data.draw(BLANKS)
    assert Case("", results=(spaced,)).judged() == Case("", results=("".join(words),)).judged()


def places(value: str) -> list[int]:
    """Where a blank stands outside of comments and strings: more may stand there."""
    found, depth, quoted, at = [], 0, False, 0
    while at < len(value):
        character = value[at]
        if character == "\\":
            at += 1
        elif character == '"' and not depth:
            quoted = not quoted
        elif not quoted and character in "()":
            depth += 1 if character == "(" else -1
        elif not quoted and not depth and character.isspace():
            found.append(at)
        at += 1
    return found


def statement_ends(value: str) -> list[int]:
    """Where one more property may stand: before each semicolon behind a result, and at the end."""
    ends = (at for at in range(len(value) + 1) if value[at : at + 1] in {"", ";"})
    return [at for at in ends if "=" in value[:at] and balanced(value[:at])]


def balanced(value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


HONEST = [case for case in PROVEN + REFUSED if case.results]
ADDED = st.sampled_from(["(c)", '(dmarc=fail; (x) \\) ")', "\r\n\t", "\r\n ", "\r\n (fold)\r\n\t"])
PROPERTIES = st.sampled_from(
    [" x.y=z", ' policy.note="dmarc=fail; dkim=fail"', " a.b = c=d", ' reason="(no)"', " x-bits=2"]
)


@given(case=st.sampled_from(HONEST), data=st.data())
@settings(max_examples=examples(120), deadline=None)
def test_comments_folds_and_unknown_properties_in_real_headers_never_change_a_verdict(
    case: Case, data: st.DataObject
):
    nth = data.draw(st.integers(0, min(len(case.results), 3) - 1))
    value = case.results[nth].rstrip(" ;")
    if len(value) > 5_000 or not balanced(value):
        return
    if ends := statement_ends(value):
        at = data.draw(st.sampled_from(ends))
        value = value[:at] + data.draw(PROPERTIES) + value[at:]
    for at in sorted(data.draw(st.sets(st.sampled_from(places(value) or [0]))), reverse=True):
        if at:
            value = value[:at] + " " + data.draw(ADDED) + value[at:]
    written = f"From: x\r\nAuthentication-Results: {value}\r\n\r\n".encode("latin-1", "replace")
    (unfolded,) = message.parse(written).header("authentication-results")
    results = (*case.results[:nth], unfolded, *case.results[nth + 1 :])
    assert replace(case, results=results).judged() == case.judged()


PIECES = st.lists(
    st.sampled_from([OURS, "evil.example", "truora.com", "dmarc", "pass", "fail", "header.from",
                     "=", ";", " ", "(", ")", '"', "\\", "/1", "none", ".", PASS]),
    max_size=25,
).map("".join)  # fmt: skip


@given(st.lists(PIECES | st.just(GENUINE), max_size=5), st.sampled_from([OURS, "unnamed"]))
@settings(max_examples=examples(120), deadline=None)
def test_nothing_below_the_topmost_of_ours_turns_a_fail_into_a_pass(below: list[str], server: str):
    ours = FAIL if server == OURS else "dmarc=fail header.from=truora.com"
    assert not Case("", results=(ours, *below), server=server).judged()[0]


@given(
    case=st.sampled_from([case for case in REFUSED + ATTACKS if case.results]),
    below=st.lists(PIECES | st.just(GENUINE), min_size=1, max_size=3),
    name=st.sampled_from(["authentication-results", "arc-authentication-results", "received-spf"]),
)
@settings(max_examples=examples(120), deadline=None)
def test_no_header_below_makes_a_refused_mail_proven(case: Case, below: list[str], name: str):
    if not any(OURS in value or "unnamed" in case.server for value in case.results):
        return  # none of them is ours: what is added may be
    if "no Authentication-Results" in case.says or "topmost" in case.says or "none of" in case.says:
        return  # likewise
    others = tuple((name, value) for value in below)
    assert not replace(case, others=(*case.others, *others)).judged()[0]


@given(st.text() | PIECES, st.text() | st.just(FROM))
@settings(max_examples=examples(120), deadline=None)
def test_whatever_the_headers_hold_there_is_a_verdict(value: str, sender: str):
    verified, detail = Case("", results=(value,), sender=sender).judged()
    assert isinstance(verified, bool)
    assert detail


def outcome(value: str, method: str) -> list[Result] | str:
    try:
        return [one for one in parse(value, method).results if one.method == "dmarc"]
    except ValueError:
        return "unreadable"


@given(PIECES | st.sampled_from([value for case in PROVEN for value in case.results]))
@example("=dmarc=mx.example.com")
@settings(max_examples=examples(200), deadline=None)
def test_asked_for_one_method_the_parser_finds_what_it_finds_asked_for_all(value: str):
    assert outcome(value, "dmarc") == outcome(value, "")
