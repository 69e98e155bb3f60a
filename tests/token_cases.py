"""Bodies that hostile or odd senders may post, each with the answer and the row it must get.

Each is made by hand, so that no library puts anything right on the way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

KEY = hashlib.sha256(b"the key of the cases").hexdigest().encode()
OLD_KEY = hashlib.sha256(b"the key before that").hexdigest().encode()
OTHER_KEY = hashlib.sha256(b"a key of nobody").hexdigest().encode()
HEADER = b'{"alg":"HS256","typ":"JWT"}'
PUBLIC_KEY = (
    b"-----BEGIN PUBLIC KEY-----\n"
    + base64.encodebytes(hashlib.sha512(b"invented").digest() * 2)
    + b"-----END PUBLIC KEY-----\n"
)
_numbers = count(1)


@dataclass(frozen=True)
class Case:
    """`outcome` and `unread` are those of its row in `deliveries`; 401 leaves none."""

    name: str
    body: bytes
    status: int
    outcome: str | None = None
    unread: int = 0
    events: int = 0


def part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def mac(signed: str, key: bytes = KEY, digest: str = "sha256") -> str:
    return part(hmac.digest(key, signed.encode(), digest))


def token(claims: bytes, header: bytes = HEADER, key: bytes = KEY, digest: str = "sha256") -> str:
    text = f"{part(header)}.{part(claims)}"
    return f"{text}.{mac(text, key, digest)}"


def event(**members: object) -> dict[str, object]:
    """One that nobody has told of yet."""
    number = next(_numbers)
    return {
        "id": f"HKE{number:040x}",
        "event_type": "check",
        "event_action": "finished",
        "object": {"check_id": f"CHK{number:032x}", "status": "completed"},
        "timestamp": "2026-08-03T10:00:00Z",
        "version": "1.0",
    } | members


def claims(*events: object, **members: object) -> bytes:
    told = {"iss": "Truora", "iat": 1785751200, "events": list(events)} | members
    return json.dumps(told).encode()


def good(**members: object) -> str:
    return token(claims(event(), **members))


def cases() -> list[Case]:
    return [*_taken(), *_odd(), *_aged(), *_spelled(), *_unsigned(), *_headers(), *_misspelled()]


def _taken() -> Iterator[Case]:
    yield Case("a good one", good().encode(), 200, "recorded", events=1)
    older = token(claims(event()), key=OLD_KEY)
    yield Case("signed with the key before", older.encode(), 200, "recorded", events=1)
    known = event()
    yield Case("two events", token(claims(event(), event())).encode(), 200, "recorded", events=2)
    yield Case("one event twice", token(claims(known, known)).encode(), 200, "recorded", events=1)
    many = token(claims(*(event() for _ in range(200))))
    yield Case("200 events", many.encode(), 200, "recorded", events=200)
    for name, value in {
        "typ of something else": {"typ": "at+jwt"},
        "typ that is no text": {"typ": 1},
        "cty of a nested token": {"cty": "JWT"},
        "zip": {"zip": "DEF"},
        "kid that climbs folders": {"kid": "../../../../dev/null"},
        "kid that speaks SQL": {"kid": "' UNION SELECT 'k' --"},
        "kid that runs": {"kid": "|/bin/true"},
        "jku": {"jku": "https://192.0.2.66/keys"},
        "x5u": {"x5u": "https://192.0.2.66/cert"},
        "x5c": {"x5c": ["MIIB"]},
        "jwk": {"jwk": {"kty": "oct", "k": part(OTHER_KEY)}},
        "a member nobody knows": {"\u202e": "\u0000"},
    }.items():
        header = json.dumps({"alg": "HS256"} | value).encode()
        yield Case(name, token(claims(event()), header).encode(), 200, "recorded", events=1)
    blanks = b' { "alg" : "HS256" } '
    body = token(claims(event()), blanks).encode()
    yield Case("blanks in its header", body, 200, "recorded", events=1)


def _odd() -> Iterator[Case]:
    """Signed, so kept; not understood, so for a person."""
    pair = json.dumps([good(), good()]).encode()
    yield Case("two tokens in one body", pair, 200, "recorded", unread=1, events=1)
    for name, raw in {
        "a name twice": b'{"events":[],"events":[1]}',
        "a name twice, deep": b'{"events":[{"id":1,"id":2}]}',
        "a name twice, once escaped": b'{"events":[],"\\u0065vents":[1]}',
        "NaN": b'{"events":[NaN]}',
        "Infinity": b'{"events":[],"x":-Infinity}',
        "1e999": b'{"events":[],"x":1e999}',
        "2^70": b'{"events":[{"object":{"n":1180591620717411303424}}]}',
        "5,000 digits": b'{"x":' + b"9" * 5_000 + b"}",
        "a lone surrogate": b'{"events":[{"id":"\\ud800"}]}',
        "a lone surrogate as a name": b'{"\\udfff":1}',
        "UTF-16": '{"events":[]}'.encode("utf-16"),
        "UTF-32": '{"events":[]}'.encode("utf-32"),
        "a byte order mark": b"\xef\xbb\xbf" + claims(event()),
        "Latin-1": '{"x":"ó"}'.encode("latin-1"),
        "a list": b"[]",
        "a text": b'"events"',
        "null": b"null",
        "nothing": b"",
        "random bytes": hashlib.sha512(b"noise").digest(),
        "two values": b"{}{}",
        "a comma at the end": b'{"events":[],}',
        "single quotes": b"{'events':[]}",
        "a comment": b'{"events":[]/**/}',
        "10,000 brackets": b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        "101 levels": b'{"x":' + b"[" * 101 + b"]" * 101 + b"}",
        "a NUL behind it": b"{}\0",
        "deflated claims": zlib.compress(claims(event())),
        "another token inside": good().encode(),
        "no events": b'{"iss":"Truora"}',
        "empty events": claims(),
        "events that are an object": b'{"events":{"0":{}}}',
        "events that are null": b'{"events":null}',
    }.items():
        yield Case(f"claims: {name}", token(raw).encode(), 200, "quarantined")
    for name, odd in {"a number": 1, "null": None, "a list": [], "an empty object": {}}.items():
        body = token(claims(odd)).encode()
        yield Case(f"an event that is {name}", body, 200, "quarantined", unread=1)
        body = token(claims(event(), odd)).encode()
        yield Case(f"a good event and {name}", body, 200, "recorded", unread=1, events=1)
    three = token(claims(1, event(), [], event(), None)).encode()
    yield Case("two good events among three odd ones", three, 200, "recorded", unread=3, events=2)


def _aged() -> Iterator[Case]:
    """Age is a flag, never a reason."""
    for name, iat in {
        "of 1970": 0,
        "of the far past": 1,
        "of the year 2100": 4102444800,
        "of the year 30,000": 884541350400,
        "negative": -(10**12),
        "huge": 2**62,
        "a float": 1785751200.25,
        "1e300": 1e300,
        "a text": "yesterday",
        "a number in a text": "1785751200",
        "true": True,
        "null": None,
        "a list": [1785751200],
    }.items():
        yield Case(f"iat {name}", good(iat=iat).encode(), 200, "recorded", events=1)
    bare = token(json.dumps({"events": [event()]}).encode())
    yield Case("neither iat nor iss", bare.encode(), 200, "recorded", events=1)
    ended = good(exp=1, nbf=4102444800, aud="others", jti="again")
    yield Case("ended, not begun, for others", ended.encode(), 200, "recorded", events=1)


def _spelled() -> Iterator[Case]:
    """What proxies make of a body."""
    for name, before, behind in (
        ("Bearer before it", "Bearer ", ""),
        ("bearer in small letters", "bearer ", ""),
        ("Bearer and blanks", " Bearer \t ", " "),
        ("blanks around it", "  \t", "  "),
        ("line ends around it", "\r\n", "\r\n\r\n"),
        ("a JSON text", '"', '"'),
        ("a JSON text with Bearer", '"Bearer ', '"'),
        ("in a JSON member", '{"token":"', '"}'),
        ("in a member of any name", '{"x":1,"who knows":"', '"}'),
        ("in a JSON list", '["', '"]'),
        ("nested a bit", '{"body":{"data":["', '"]}}'),
        ("beside other texts", '{"a":"x.y.z","token":" ', '\\n","b":"1.2.3"}'),
        ("in a form", "token=", ""),
        ("in a form with more", "a=1&jwt=", "&b=x.y.z"),
    ):
        body = f"{before}{good()}{behind}".encode()
        yield Case(f"spelled: {name}", body, 200, "recorded", events=1)
    forged = token(claims(event()), key=OTHER_KEY)
    both = json.dumps({"first": forged, "then": good()}).encode()
    yield Case("spelled: a forged one before it", both, 200, "recorded", events=1)


def _unsigned() -> Iterator[Case]:
    """Not the vendor's, or not to be told from what is not."""
    text = claims(event())
    forged = {
        "another key": token(text, key=OTHER_KEY),
        "an empty key": token(text, key=b""),
        "the first byte of the key": token(text, key=KEY[:1]),
        "the key with a blank": token(text, key=KEY + b" "),
        "the key decoded from hex": token(text, key=bytes.fromhex(KEY.decode())),
        "the key in capitals": token(text, key=KEY.upper()),
        "a public key as secret": token(text, key=PUBLIC_KEY),
        "its jwk as secret": token(
            text, json.dumps({"alg": "HS256", "jwk": {"k": part(OTHER_KEY)}}).encode(), OTHER_KEY
        ),
        "SHA-384 of it": token(text, digest="sha384"),
        "SHA-512 of it": token(text, digest="sha512"),
        "SHA-1 of it": token(text, digest="sha1"),
    }
    head, body, signature = good().split(".")
    raw = base64.urlsafe_b64decode(signature + "=")
    forged |= {
        "no signature": f"{head}.{body}.",
        "half a signature": f"{head}.{body}.{part(raw[:16])}",
        "one byte of a signature": f"{head}.{body}.{part(raw[:1])}",
        "a signature and a byte": f"{head}.{body}.{part(raw + bytes(1))}",
        "a signature of zeros": f"{head}.{body}.{part(bytes(32))}",
        "the signature in hex": f"{head}.{body}.{raw.hex()}",
        "the signature of another": f"{head}.{body}.{good().split('.')[2]}",
        "claims of another": f"{head}.{good().split('.')[1]}.{signature}",
        "a signature of the claims alone": f"{head}.{body}.{mac(body)}",
        "a signature of the decoded": f"{head}.{body}."
        + part(hmac.digest(KEY, HEADER + b"." + text, "sha256")),
    }
    for name, one in forged.items():
        yield Case(f"forged: {name}", one.encode(), 401)


def _headers() -> Iterator[Case]:
    """Signed with the right key, but asking for more, or for less, than HS256."""
    for name, header in {
        "alg none": b'{"alg":"none"}',
        "alg None": b'{"alg":"None"}',
        "alg NONE": b'{"alg":"NONE"}',
        "alg nOnE": b'{"alg":"nOnE"}',
        "alg empty": b'{"alg":""}',
        "alg null": b'{"alg":null}',
        "alg hs256": b'{"alg":"hs256"}',
        "alg Hs256": b'{"alg":"Hs256"}',
        "alg HS256 with a blank": b'{"alg":"HS256 "}',
        "alg HS256 with a NUL": b'{"alg":"HS256\\u0000"}',
        "alg HS384": b'{"alg":"HS384"}',
        "alg HS512": b'{"alg":"HS512"}',
        "alg RS256": b'{"alg":"RS256"}',
        "alg ES256": b'{"alg":"ES256"}',
        "alg PS256": b'{"alg":"PS256"}',
        "alg EdDSA": b'{"alg":"EdDSA"}',
        "alg dir": b'{"alg":"dir","enc":"A128GCM"}',
        "alg as a list": b'{"alg":["HS256"]}',
        "alg as an object": b'{"alg":{"HS256":1}}',
        "no alg": b'{"typ":"JWT"}',
        "ALG": b'{"ALG":"HS256"}',
        "alg twice": b'{"alg":"none","alg":"HS256"}',
        "alg twice, the other way": b'{"alg":"HS256","alg":"none"}',
        "alg twice, once escaped": b'{"alg":"HS256","\\u0061lg":"HS256"}',
        "crit": b'{"alg":"HS256","crit":["exp"]}',
        "an empty crit": b'{"alg":"HS256","crit":[]}',
        "crit null": b'{"alg":"HS256","crit":null}',
        "b64 false": b'{"alg":"HS256","b64":false,"crit":["b64"]}',
        "b64 true": b'{"alg":"HS256","b64":true}',
        "a list": b'["HS256"]',
        "a text": b'"HS256"',
        "NaN": b'{"alg":"HS256","x":NaN}',
        "2^70": b'{"alg":"HS256","x":1180591620717411303424}',
        "UTF-16": '{"alg":"HS256"}'.encode("utf-16"),
        "a byte order mark": b'\xef\xbb\xbf{"alg":"HS256"}',
        "nothing": b"",
        "10,000 brackets": b'{"alg":"HS256","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    }.items():
        yield Case(f"header: {name}", token(claims(event()), header).encode(), 401)
    none = part(b'{"alg":"none"}')
    bare = f"{none}.{part(claims(event()))}."
    yield Case("header: alg none, unsigned", bare.encode(), 401)
    public = token(claims(event()), b'{"alg":"RS256"}', PUBLIC_KEY)
    yield Case("header: RS256, a public key as secret", public.encode(), 401)
    for name, alg, digest in (("HS384", "HS384", "sha384"), ("HS512", "HS512", "sha512")):
        header = json.dumps({"alg": alg}).encode()
        body = token(claims(event()), header, digest=digest).encode()
        yield Case(f"header: {name}, signed as it says", body, 401)


def _misspelled() -> Iterator[Case]:
    """One token has one spelling, and is a compact JWS."""
    whole = good()
    head, body, signature = whole.split(".")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = letters[letters.index(signature[-1]) + 1]
    flat = {"payload": body, "protected": head, "signature": signature}
    general = {"payload": body, "signatures": [{"protected": head, "signature": signature}]}
    for name, text in {
        "padding": f"{whole}=",
        "padding of each part": f"{head}==.{body}==.{signature}=",
        "spare bits": whole[:-1] + spare,
        "a blank inside": f"{head}.{body}. {signature}",
        "a blank within a part": f"{head}.{body[:9]} {body[9:]}.{signature}",
        "a line end inside": f"{head}.{body[:9]}\r\n{body[9:]}.{signature}",
        "a tab before a dot": f"{head}\t.{body}.{signature}",
        "a NUL behind it": f"{whole}\0",
        "the other alphabet": f"{head}.{body}.{signature[:-1]}+",
        "a slash": f"{head}.{body}.{signature[:-1]}/",
        "percent signs": whole.replace(".", "%2E"),
        "four parts": f"{whole}.",
        "four parts, the first empty": f".{whole}",
        "five parts": f"{head}.{body}.{signature}.{body}.{signature}",
        "two parts": f"{head}.{body}",
        "one part": head,
        "dots alone": "..",
        "nothing": "",
        "no header": f".{body}.{signature}",
        "letters beyond ASCII": f"{whole}é",
        "wide dots": whole.replace(".", "．"),
        "two tokens": f"{whole} {whole}",
        "two tokens in two lines": f"{whole}\n{good()}",
        "a comma between two": f"{whole},{good()}",
        "Bearer twice": f"Bearer Bearer {whole}",
        "Basic": f"Basic {whole}",
        "a flattened JSON serialisation": json.dumps(flat),
        "a general JSON serialisation": json.dumps(general),
        "its JSON alone": claims(event()).decode(),
        "deep in JSON": json.dumps([[[[[[whole]]]]]]),
        "JSON with a name twice": f'{{"token":"x","token":"{whole}"}}',
        "broken JSON": f'{{"token":"{whole}"',
        "XML": f"<token>{whole}</token>",
        "a JWE": ".".join(
            [part(b'{"alg":"dir","enc":"A256GCM"}'), "", part(b"i" * 12), body, signature]
        ),
        "a nested token": token(whole.encode(), b'{"alg":"none","cty":"JWT"}'),
        "200 kB of a part": f"{head}.{'A' * 200_000}.{signature}",
    }.items():
        yield Case(f"misspelled: {name}", text.encode(), 401)
    yield Case("misspelled: bytes that are no text", b"\xff\xfe" + whole.encode("utf-16-le"), 401)
