"""Compact JWS, HS256 only: what is found, what is believed, and the oddities that are refused."""

from __future__ import annotations

import base64
import hmac
import json
import time

import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhook import token
from mailhook.errors import MalformedNotice, UnknownKey, Untrusted

KEY = b"0123456789abcdef0123456789abcdef01234567"
HEADER = b'{"alg":"HS256","typ":"JWT"}'
CLAIMS = b'{"events":[]}'


def part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(
    header: bytes = HEADER, claims: bytes = CLAIMS, key: bytes = KEY, digest: str = "sha256"
) -> str:
    """A token signed by hand, so that nothing is put right on the way."""
    text = f"{part(header)}.{part(claims)}"
    return f"{text}.{part(hmac.digest(key, text.encode(), digest))}"


GOOD = signed()
OTHER = signed(claims=b'{"events":[1]}')

texts = st.text(st.characters(exclude_categories=("Cs",)))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, values, max_size=3), st.binary(min_size=32, max_size=80))
@settings(max_examples=50, deadline=None)
def test_verify_gives_back_what_sign_was_given(claims: dict[str, object], key: bytes):
    assert token.verify(token.sign(claims, key), [key]) == claims  # type: ignore[arg-type]


@given(st.data())
@settings(max_examples=examples(60), deadline=None)
def test_a_token_with_one_character_changed_is_not_believed(data: st.DataObject):
    at = data.draw(st.integers(0, len(GOOD) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != GOOD[at]))
    with pytest.raises(Untrusted):
        token.verify(GOOD[:at] + other + GOOD[at + 1 :], [KEY])


@given(st.text(max_size=200) | st.from_regex(r"[\w.-]{0,40}\.[\w-]{0,40}\.[\w=+/-]{0,40}"))
@settings(max_examples=examples(80), deadline=None)
def test_whatever_stands_there_is_untrusted_at_worst(text: str):
    with pytest.raises(Untrusted):
        token.verify(text, [KEY])
    assert token.looks_like_vendor(text) in {True, False}


@pytest.mark.parametrize("keys", [[KEY], [b"n" * 40, KEY], [b"", KEY], [b"short", KEY]])
@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_any_of_several_keys_may_have_signed(keys: list[bytes]):
    assert token.verify(GOOD, keys) == {"events": []}


PEM = b"-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"


@pytest.mark.parametrize("keys", [[], [b""], [b"n" * 40], [PEM]])
def test_a_key_that_signed_nothing_believes_nothing(keys: list[bytes]):
    with pytest.raises(UnknownKey, match=f"none of the {len(keys)} signing keys"):
        token.verify(GOOD, keys)


def test_a_signature_with_an_empty_key_is_not_believed_even_where_the_key_is_empty():
    with pytest.raises(Untrusted):
        token.verify(signed(key=b""), [b""])


def wide(text: str) -> bytes:
    return text.encode("utf-16")


# Signed with the right key, and yet refused: what two readers read differently is a way in.
HEADERS = {
    "alg none": b'{"alg":"none"}',
    "alg None": b'{"alg":"None"}',
    "alg in small letters": b'{"alg":"hs256"}',
    "alg HS512": b'{"alg":"HS512"}',
    "alg RS256": b'{"alg":"RS256"}',
    "alg as a list": b'{"alg":["HS256"]}',
    "alg twice": b'{"alg":"none","alg":"HS256"}',
    "alg twice, the other way": b'{"alg":"HS256","alg":"none"}',
    "typ twice": b'{"alg":"HS256","typ":"JWT","typ":"JWT"}',
    "no alg": b'{"typ":"JWT"}',
    "crit": b'{"alg":"HS256","crit":["exp"]}',
    "an empty crit": b'{"alg":"HS256","crit":[]}',
    "b64 false": b'{"alg":"HS256","b64":false,"crit":["b64"]}',
    "b64 true": b'{"alg":"HS256","b64":true}',
    "a list": b'["HS256"]',
    "a text": b'"HS256"',
    "NaN": b'{"alg":"HS256","x":NaN}',
    "2^70": b'{"alg":"HS256","x":1180591620717411303424}',
    "a lone surrogate": b'{"alg":"HS256","x":"\\ud800"}',
    "UTF-16": wide('{"alg":"HS256"}'),
    "a byte order mark": b'\xef\xbb\xbf{"alg":"HS256"}',
    "bytes that are no UTF-8": b'{"alg":"HS256","x":"\xff"}',
    "something behind it": b'{"alg":"HS256"} x',
    "nothing": b"",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_that_asks_for_more_than_plain_hs256_is_untrusted(header: bytes):
    with pytest.raises(Untrusted):
        token.verify(signed(header), [KEY])


@pytest.mark.parametrize("digest", ["sha384", "sha512"])
def test_a_longer_digest_under_an_hs256_header_is_untrusted(digest: str):
    with pytest.raises(Untrusted):
        token.verify(signed(digest=digest), [KEY])


@pytest.mark.parametrize("name", ["kid", "jku", "jwk", "x5u", "x5c", "typ", "cty", "zip"])
def test_no_header_is_a_way_to_choose_the_key(name: str):
    header = json.dumps({"alg": "HS256", name: "https://evil.example/key"}).encode()
    with pytest.raises(Untrusted):
        token.verify(signed(header, key=b"e" * 40), [KEY])
    assert token.verify(signed(header), [KEY]) == {"events": []}


ODD_CLAIMS = {
    "a name twice": b'{"events":[],"events":[1]}',
    "a name twice, deep": b'{"events":[{"id":1,"id":2}]}',
    "a name twice, once escaped": b'{"events":[],"\\u0065vents":[1]}',
    "NaN": b'{"x":NaN}',
    "Infinity": b'{"x":-Infinity}',
    "a number too large for a float": b'{"x":1e999}',
    "2^63": b'{"x":9223372036854775808}',
    "2^70": b'{"x":1180591620717411303424}',
    "5,000 digits": b'{"x":' + b"9" * 5_000 + b"}",
    "a lone surrogate": b'{"x":"\\ud800"}',
    "a lone surrogate as a name": b'{"\\udfff":1}',
    "UTF-16": wide('{"events":[]}'),
    "UTF-32": '{"events":[]}'.encode("utf-32"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "Latin-1": '{"x":"ó"}'.encode("latin-1"),
    "a surrogate in UTF-8": b'{"x":"\xed\xa0\x80"}',
    "a control character": b'{"x":"\n"}',
    "a list": b"[]",
    "a text": b'"events"',
    "nothing": b"",
    "two values": b"{}{}",
    "a comma at the end": b'{"x":1,}',
    "single quotes": b"{'x':1}",
    "10,000 brackets": b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "a NUL behind it": b"{}\0",
    "a no-break space before it": "\u00a0{}".encode(),
}


@pytest.mark.parametrize("claims", ODD_CLAIMS.values(), ids=ODD_CLAIMS)
def test_signed_claims_that_are_no_strict_json_are_a_malformed_notice(claims: bytes):
    with pytest.raises(MalformedNotice):
        token.verify(signed(claims=claims), [KEY])


def respelled() -> dict[str, str]:
    head, body, signature = GOOD.split(".")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = letters[letters.index(signature[-1]) + 1]  # the same bytes: two bits are spare
    return {
        "padding": f"{GOOD}=",
        "padding of each part": f"{head}=.{body}=.{signature}=",
        "spare bits that are not zero": GOOD[:-1] + last,
        "a blank": f"{head}.{body}. {signature}",
        "a line end": f"{GOOD}\n",
        "the other alphabet": f"{head}.{body}.{signature.replace('-', '+').replace('_', '/')}+",
        "four parts": f"{GOOD}.",
        "two parts": f"{head}.{body}",
        "no signature": f"{head}.{body}.",
        "no header": f".{body}.{signature}",
        "letters beyond ASCII": f"{head}.{body}.{signature}é",
        "over the limit": f"{head}.{'A' * 300_000}.{signature}",
    }


@pytest.mark.parametrize("text", respelled().values(), ids=respelled())
def test_one_token_has_one_spelling(text: str):
    with pytest.raises(Untrusted):
        token.verify(text, [KEY])


def test_the_error_never_shows_the_key_or_the_claims():
    with pytest.raises(Untrusted) as caught:
        token.verify(signed(claims=b'{"secret":"words"}', key=b"k" * 40), [KEY])
    assert "words" not in str(caught.value)
    assert KEY.decode() not in str(caught.value)


FOLDED = f"{GOOD[:20]}\r\n{GOOD[20:50]}\n  {GOOD[50:80]} \n{GOOD[80:]}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("words", ()),
        (GOOD, (GOOD,)),
        (f"Token: {GOOD}.", (GOOD,)),
        (f"Token:{GOOD}\nRegards", (GOOD,)),
        (f"https://example.com/?token={GOOD}&x=1", (GOOD,)),
        (f"<https://example.com/#{GOOD}>", (GOOD,)),
        (f'{{"token":"{GOOD}"}}', (GOOD,)),
        (f"{GOOD} {OTHER} {GOOD}", (GOOD, OTHER)),
        (FOLDED, (GOOD,)),
        (f"Your event\n{FOLDED}\nRegards\nTruora", (GOOD,)),
        (f"{OTHER}\n\n{FOLDED}", (OTHER, GOOD)),
        (f"{GOOD[:-3]}\n{GOOD[-3:]}\nRegards", (GOOD,)),
        (GOOD[:-43], (GOOD[:-43],)),
        (f"x{GOOD}", ()),
        (f"eyJ and {GOOD}", (GOOD,)),
        (GOOD.replace(".", " ."), ()),
    ],
)
def test_tokens_are_found_in_any_text_each_once(text: str, found: tuple[str, ...]):
    assert token.find(text) == found


@given(st.lists(st.integers(3, 60), min_size=1), st.sampled_from(["\n", "\r\n", " \n\t"]))
@settings(max_examples=examples(60), deadline=None)
def test_a_token_is_found_however_its_lines_are_broken(widths: list[int], end: str):
    pieces, rest = [], GOOD
    for width in widths:
        pieces.append(rest[:width])
        rest = rest[width:]
    broken = end.join(filter(None, [*pieces, rest]))
    assert token.find(f"Hello\n\n{broken}\n\nRegards") == (GOOD,)


SHAPES = {
    "words": "notification ",
    "beginnings": "eyJ ",
    "beginnings in lines": "eyJ\n",
    "headers in lines": "eyJhbGciOiJIUzI1NiJ9.\n",
    "headers": "eyJhbGciOiJIUzI1NiJ9. ",
    "broken payloads": "eyJhbGciOiJIUzI1NiJ9.aaaa\nbbbb\n",
    "one line": "eyJ",
    "blank lines": "eyJ\n \n",
    "dots": "eyJ.",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_nothing_is_found_in_five_megabytes_in_no_time(shape: str):
    text = shape * (5_000_000 // len(shape))
    start = time.process_time()
    found = token.find(text)
    assert time.process_time() - start < 5
    assert not any(map(token.looks_like_vendor, found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, True),
        (signed(b'{"alg":"none"}')[:-43], True),
        (signed(b'{"alg":"HS512"}'), True),
        (signed(claims=b'{"sub":"me"}'), False),
        (signed(claims=b'{"events":{}}'), False),
        (signed(claims=b"[]"), False),
        (signed(header=b"[]"), False),
        (signed(claims=b"[" * 10_000), False),
        (signed(claims=b'{"events":[],"x":' + b"9" * 5_000 + b"}"), False),
        ("eyJ.eyJ.", False),
        ("", False),
    ],
)
def test_only_a_token_that_carries_events_is_taken_for_a_hook(text: str, *, expected: bool):
    assert token.looks_like_vendor(text) is expected


def told(**claims: object) -> bytes:
    return json.dumps({"iss": "Truora", "events": [{}]} | claims).encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (signed(claims=told()), True),
        (signed(claims=told(), key=b"x"), True),
        (signed(claims=told(iss="truora")), True),
        (signed(claims=told(iss="https://api.truora.com")), True),
        (signed(claims=told(iss="Eve")), False),
        (signed(claims=told(iss=["Truora"])), False),
        (signed(claims=told(events=[])), False),
        (signed(claims=told(events={"0": {}})), False),
        (signed(b'{"alg":"none"}', told()), False),
        (signed(b'{"alg":"HS512"}', told()), False),
        (signed(b'["HS256"]', told()), False),
        (signed(b'{"alg":"HS256","crit":["exp"]}', told()), False),
        (signed(b'{"alg":"HS256","kid":"1"}', told()), True),
        (f"{signed(claims=told())}=", False),
        (f"{signed(claims=told())}.", False),
        (signed(claims=b"[]"), False),
        (signed(claims=b"[" * 10_000), False),
        (signed(claims=b"\xff"), False),
        ("", False),
        ("..", False),
        ("é.é.é", False),
    ],
)
def test_only_hs256_of_the_vendors_name_with_events_claims_to_be_the_vendors(
    text: str, *, expected: bool
):
    assert token.claims_vendor(text) is expected


@pytest.mark.parametrize("between", ["\n", "\r\n", "\n\n", " ", ", ", "\n> "])
@pytest.mark.parametrize("width", [None, 76, 20])
def test_tokens_below_each_other_are_found_each(between: str, width: int | None):
    key = b"an-invented-signing-key-0123456789"
    tokens = [token.sign({"events": [{"n": n, "text": "x" * 90}]}, key) for n in range(3)]
    written = [
        "\n".join(one[at : at + width] for at in range(0, len(one), width)) if width else one
        for one in tokens
    ]
    assert token.find(between.join(written)) == tuple(tokens)
