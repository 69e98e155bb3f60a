"""JSON that everybody reads the same way, or not at all."""

from __future__ import annotations

import json
import time

import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhook import strict_json

REFUSED = {
    "nothing": "",
    "a name twice": '{"a":1,"a":1}',
    "a name twice, once escaped": '{"a":1,"\\u0061":1}',
    "NaN": "[NaN]",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "a number too large": "1e400",
    "a number too small": "-1e400",
    "2^63": str(2**63),
    "-2^63-1": str(-(2**63) - 1),
    "5,000 digits": "9" * 5_000,
    "a lone surrogate": '"\\ud800"',
    "a lone surrogate as a name": '{"\\ude00":1}',
    "a lone surrogate unescaped": '"\ud800"',
    "surrogates in the wrong order": '"\\ude00\\ud800"',
    "a line break in a string": '"a\nb"',
    "a NUL in a string": '"\0"',
    "two values": "1 2",
    "a byte order mark": "\ufeff{}",
    "a blank JSON does not know": "\u00a0{}",
    "a form feed": "{}\f",
    "a comma too many": "[1,]",
    "a comment": "[1] // one",
    "a leading zero": "01",
    "a leading plus": "+1",
    "a bare word": "True",
    "101 levels": "[" * 101 + "]" * 101,
    "101 levels of objects": '{"a":' * 101 + "1" + "}" * 101,
    "100,000 levels": "[" * 100_000 + "]" * 100_000,
    "100,000 brackets that never close": "[" * 100_000,
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_two_programs_could_read_differently_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        strict_json.loads(text)


@pytest.mark.parametrize(
    "raw",
    ['{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-32"), b'"\xe9"', b'"\xed\xa0\x80"', b"\xff"],
)
def test_bytes_that_are_no_utf_8_are_refused(raw: bytes):
    with pytest.raises(ValueError, match=r"."):
        strict_json.loads(raw)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" \t\r\n{} \n", {}),
        ('{"a":{"a":{"a":1}}}', {"a": {"a": {"a": 1}}}),
        (str(2**63 - 1), 2**63 - 1),
        (str(-(2**63)), -(2**63)),
        ("-0", 0),
        ("1.5e3", 1500.0),
        ("0." + "1" * 5_000, 0.1111111111111111),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"\\u0000"', "\0"),
        ("null", None),
        ("[" * 100 + "]" * 100, None),
        ("[" + "[]," * 50_000 + "[]]", None),
    ],
)
def test_what_everybody_reads_the_same_way_is_read(text: str, value: object):
    found = strict_json.loads(text)
    assert found == (json.loads(text) if value is None else value)


def test_a_value_is_read_where_it_starts_and_its_end_is_told():
    assert strict_json.decode_at('see {"a":[1]} there', 4) == ({"a": [1]}, 13)


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=10)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


@given(values, st.booleans())
@settings(max_examples=examples(40), deadline=None)
def test_what_a_program_writes_is_read_as_it_was(value: object, ascii_only: bool):  # noqa: FBT001
    assert strict_json.loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.text(st.sampled_from('{}[]",:\\ud8001eE+-.NaIfnitytrue '), max_size=40) | st.text())
@settings(max_examples=examples(120), deadline=None)
def test_what_is_read_at_all_can_be_stored(text: str):
    try:
        value = strict_json.loads(text)
    except ValueError:
        return
    assert json.loads(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize("shape", ["[", "{", '{"a":', "[[],", '"\\u0061",', "9", " ", "[{},"])
def test_a_megabyte_of_anything_takes_no_time(shape: str):
    text = "[" + shape * (1_000_000 // len(shape))
    start = time.process_time()
    with pytest.raises(ValueError, match=r"."):
        strict_json.loads(text)
    assert time.process_time() - start < 1
