"""Whatever is sent to the endpoint gets the answer it should, and is in nobody else's way."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from endpoints import Place, hook, post, read_all, statuses, within
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import asked

from mailhook.sources.web.bounds import Bounds

# So short that nobody waits, so long that a busy machine does not matter.
BOUNDS = Bounds(head_seconds=4, body_seconds=4, answer_seconds=4, idle_seconds=4, linger_seconds=2)
HALF_CLOSE = "half-close"
SMUGGLED = "CHKsmuggled"
GOOD = hook()
EVIL = post(hook(SMUGGLED))
CLOSE = "Connection: close"


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n", extension: bytes = b"") -> bytes:
    pieces = (b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts)
    return b"".join(pieces) + end


def head(*lines: str, path: str = "/hooks") -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: a", *lines, "", ""]).encode()


def te(value: str, *lines: str, name: str = "Transfer-Encoding") -> bytes:
    return head(f"{name}: {value}", *lines, CLOSE)


@dataclass(frozen=True)
class Case:
    """What is sent, with pauses in seconds; the statuses answered until the connection ends."""

    sent: Sequence[bytes | float | str]
    answers: Sequence[int]


def sends(*sent: bytes | float | str, gets: int | Sequence[int]) -> Case:
    return Case(sent, [gets] if isinstance(gets, int) else gets)


def drip(raw: bytes, pause: float = 0.25) -> list[bytes | float | str]:
    return [step for byte in raw for step in (bytes([byte]), pause)]


CHUNKED = "Transfer-Encoding: chunked"
LENGTH = f"Content-Length: {len(GOOD)}"
CASES = {
    # The right way, for comparison.
    "a good token": sends(post(GOOD), gets=200),
    "a good token in chunks": sends(te("chunked"), chunked(GOOD[:9], GOOD[9:]), gets=200),
    "a good token byte by byte, in time": sends(*drip(post(GOOD)[-8:], 0), gets=400),
    "lower-case words": sends(post(GOOD).replace(b"Content-Length", b"content-length"), gets=200),
    # Two readers must not read two things.
    "both lengths, content-length first": sends(
        head("Content-Length: 4", CHUNKED), chunked(GOOD), EVIL, gets=400
    ),
    "both lengths, chunked first": sends(
        head(CHUNKED, "Content-Length: 4"), b"0\r\n\r\n", EVIL, gets=400
    ),
    "two content-lengths": sends(head(LENGTH, "Content-Length: 0"), GOOD, EVIL, gets=400),
    "two equal content-lengths": sends(head(LENGTH, LENGTH), GOOD, gets=400),
    "a list of content-lengths": sends(head("Content-Length: 5, 5"), b"12345", EVIL, gets=400),
    "a content-length with a plus": sends(head("Content-Length: +5"), b"12345", EVIL, gets=400),
    "a negative content-length": sends(head("Content-Length: -1"), EVIL, gets=400),
    "a hexadecimal content-length": sends(head("Content-Length: 0x5"), b"12345", EVIL, gets=400),
    "an empty content-length": sends(head("Content-Length:"), EVIL, gets=400),
    "a content-length with zeros before it": sends(
        head(f"Content-Length: 000{len(GOOD)}", CLOSE), GOOD, gets=200
    ),
    "a content-length that no number holds": sends(
        head("Content-Length: 99999999999999999999"), gets=400
    ),
    "a blank before a header's colon": sends(
        head(f"Content-Length : {len(GOOD)}"), GOOD, EVIL, gets=400
    ),
    "a header folded over two lines": sends(
        head("Transfer-Encoding:", " chunked"), chunked(GOOD), gets=400
    ),
    "identity": sends(te("identity"), EVIL, gets=400),
    "chunked, then identity": sends(te("chunked, identity"), chunked(GOOD), EVIL, gets=400),
    "chunked that is no such word": sends(te("xchunked"), chunked(GOOD), EVIL, gets=400),
    "chunked in another case": sends(te("cHuNkEd"), chunked(GOOD), gets=200),
    "chunked behind a tab": sends(te("\tchunked"), chunked(GOOD), gets=200),
    "chunked behind a vertical tab": sends(te("\vchunked"), chunked(GOOD), EVIL, gets=400),
    "chunked under a name with a blank": sends(
        te("chunked", name="Transfer-Encoding "), chunked(GOOD), EVIL, gets=400
    ),
    "a bare line feed in the head": sends(
        head(LENGTH, CLOSE).replace(b"\r\n", b"\n"), GOOD, gets=400
    ),
    # Chunks.
    "a chunk's size that is no number": sends(te("chunked"), b"zz\r\n", GOOD, gets=400),
    "a negative chunk": sends(te("chunked"), b"-5\r\n12345\r\n", gets=400),
    "a chunk of 2 to the 64": sends(te("chunked"), b"10000000000000000\r\n", gets=400),
    "a chunk as large as can be said": sends(te("chunked"), b"fffffffffffffff\r\n", gets=408),
    "a chunk longer than its size": sends(te("chunked"), b"4\r\n12345\r\n0\r\n\r\n", gets=400),
    "a huge extension of a chunk": sends(
        te("chunked"), chunked(GOOD, extension=b";" + b"a" * 2_000_000), gets=413
    ),
    "no last chunk": sends(te("chunked"), chunked(GOOD, end=b""), gets=408),
    "no last chunk, and half-closed": sends(
        te("chunked"), chunked(GOOD, end=b""), HALF_CLOSE, gets=[]
    ),
    "a trailer": sends(te("chunked"), chunked(GOOD, end=b"0\r\nX-A: b\r\n\r\n"), gets=200),
    "too much in chunks": sends(te("chunked"), chunked(*[b"a" * 65_536] * 5), gets=413),
    "one byte a chunk": sends(te("chunked"), chunked(*[b"%c" % byte for byte in GOOD]), gets=200),
    # Lengths that are not true.
    "less than was said": sends(head("Content-Length: 2000", CLOSE), GOOD, gets=408),
    "less than was said, and half-closed": sends(
        head("Content-Length: 2000", CLOSE), GOOD, HALF_CLOSE, gets=[]
    ),
    "more than was said": sends(head("Content-Length: 7", CLOSE), GOOD, gets=401),
    "more than was said, on a kept connection": sends(
        head("Content-Length: 7"), GOOD, gets=[401, 400]
    ),
    "no length": sends(head(CLOSE), GOOD, gets=401),
    "too much is announced": sends(head(f"Content-Length: {256 * 1024 + 1}"), gets=413),
    "too much is announced and sent": sends(
        head(f"Content-Length: {600_000}"), b"a" * 600_000, gets=413
    ),
    "as much as may be": sends(post(b"a" * 256 * 1024), gets=401),
    # Expectations.
    "100-continue": sends(head(LENGTH, "Expect: 100-continue", CLOSE), 0.1, GOOD, gets=[100, 200]),
    "100-continue without waiting": sends(
        head(LENGTH, "Expect: 100-continue", CLOSE) + GOOD, gets=[100, 200]
    ),
    "100-continue by HTTP/1.0": sends(
        head(LENGTH, "Expect: 100-continue").replace(b"/1.1", b"/1.0") + GOOD, gets=200
    ),
    "100-continue for too much": sends(
        head("Content-Length: 999999", "Expect: 100-continue"), gets=413
    ),
    "an unknown expectation": sends(head(LENGTH, "Expect: a-miracle", CLOSE), GOOD, gets=200),
    # Pipelining.
    "three in one": sends(
        post(hook(), close=False) + post(b"a.b.c", close=False) + post(hook()),
        gets=[200, 401, 200],
    ),
    "twenty in one": sends(post(GOOD, close=False) * 20, gets=[200] * 17 + [429]),
    "one behind the last": sends(post(GOOD) + post(hook(SMUGGLED)), gets=200),
    "nonsense behind a good one": sends(
        post(GOOD, close=False) + b"\x00\x01\r\n\r\n", gets=[200, 400]
    ),
    "too much behind a good one": sends(
        post(GOOD, close=False) + head("Content-Length: 999999"), gets=[200, 413]
    ),
    "half a request behind a good one": sends(
        post(GOOD, close=False) + head(LENGTH) + GOOD[:9], gets=[200, 408]
    ),
    "half a request behind a good one, and half-closed": sends(
        post(GOOD, close=False) + head(LENGTH) + GOOD[:9], HALF_CLOSE, gets=200
    ),
    # Time.
    "nothing at all": sends(gets=[]),
    "four bytes a second of head": sends(*drip(post(GOOD)), gets=408),
    "four bytes a second of body": sends(head(LENGTH), *drip(GOOD), gets=408),
    "empty lines for ever": sends(*[b"\r\n", 0.25] * 20, gets=408),
    "a head without an end": sends(b"POST /hooks HTTP/1.1\r\nHost: a\r\n", gets=408),
    "a kept connection that is not used": sends(post(GOOD, close=False), gets=200),
    "a slow second request": sends(post(GOOD, close=False), *drip(post(GOOD)), gets=[200, 408]),
    "half-closed behind a good one": sends(post(GOOD, close=False), HALF_CLOSE, gets=200),
    "half-closed at once": sends(HALF_CLOSE, gets=[]),
    "half-closed in the head": sends(b"POST /hoo", HALF_CLOSE, gets=[]),
    # Size of the head.
    "10,000 headers": sends(head(*[f"a{n}: b" for n in range(10_000)]), gets=431),
    "10,000 headers, a few at a time": sends(
        b"POST /hooks HTTP/1.1\r\n" + b"a: b\r\n" * 500, 0.1, b"a: b\r\n" * 9_500, b"\r\n", gets=431
    ),
    "one header of 100 kB": sends(head("X-A: " + "a" * 100_000), gets=431),
    "one header of 100 kB without its end": sends(
        b"POST /hooks HTTP/1.1\r\nX-A: " + b"a" * 100_000, gets=431
    ),
    "a target of 100 kB": sends(head(path="/" + "a" * 100_000), gets=431),
    "200 headers": sends(head(LENGTH, CLOSE, *[f"a{n}: b" for n in range(200)]), GOOD, gets=200),
    # What is packed stays packed.
    "a gzip bomb": sends(
        post(gzip.compress(b"\0" * 50_000_000), "Content-Encoding: gzip"), gets=401
    ),
    "a good token, packed": sends(post(gzip.compress(GOOD), "Content-Encoding: gzip"), gets=401),
    "packed on the way": sends(te("gzip, chunked"), chunked(gzip.compress(GOOD)), gets=401),
    # Other protocols.
    "an upgrade to websocket": sends(
        post(GOOD, "Upgrade: websocket", "Connection: Upgrade", close=False), gets=400
    ),
    "an upgrade to h2c": sends(
        post(GOOD, "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", close=False),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        gets=400,
    ),
    "a websocket by GET": sends(
        b"GET /hooks HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        gets=400,
    ),
    "the preface of HTTP/2": sends(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", gets=400),
    "the hello of TLS": sends(bytes.fromhex("16030100a1010000 9d0303") + b"\0" * 150, gets=400),
    "an upgrade that is not asked for": sends(post(GOOD, "Upgrade: h2c"), gets=200),
    "HTTP/0.9": sends(b"GET /hooks\r\n", gets=408),
    "HTTP/0.9 with an empty line": sends(b"POST /hooks\r\n\r\n", gets=400),
    "HTTP/1.0": sends(post(GOOD).replace(b"HTTP/1.1", b"HTTP/1.0"), gets=200),
    "HTTP/3.7": sends(post(GOOD).replace(b"HTTP/1.1", b"HTTP/3.7"), gets=400),
    "SMTP": sends(b"EHLO example.com\r\nMAIL FROM:<a@example.com>\r\n", gets=400),
    "a proxy's request to go through": sends(
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", gets=400
    ),
    # Targets: the path as it is, in no other spelling.
    "a whole address": sends(post(GOOD, path="http://hooks.example.com/hooks"), gets=200),
    "a whole address of another host": sends(post(GOOD, path="http://192.0.2.1/hooks"), gets=200),
    "a whole address of another path": sends(post(GOOD, path="http://a.example.com/"), gets=404),
    "a whole address without a path": sends(post(GOOD, path="http://a.example.com"), gets=404),
    "with a query": sends(post(GOOD, path="/hooks?a=b"), gets=200),
    "with a slash behind": sends(post(GOOD, path="/hooks/"), gets=404),
    "with two slashes": sends(post(GOOD, path="//hooks"), gets=404),
    "by way of ..": sends(post(GOOD, path="/a/../hooks"), gets=404),
    "by way of %2e%2e": sends(post(GOOD, path="/a/%2e%2e/hooks"), gets=404),
    "percent-encoded": sends(post(GOOD, path="/%68ooks"), gets=404),
    "in capitals": sends(post(GOOD, path="/HOOKS"), gets=404),
    "with a NUL encoded": sends(post(GOOD, path="/hooks%00"), gets=404),
    "with a semicolon": sends(post(GOOD, path="/hooks;a=b"), gets=404),
    "a star": sends(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", gets=404),
    "no slash before it": sends(post(GOOD, path="hooks"), gets=400),
    # Methods.
    "GET": sends(b"GET /hooks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", gets=405),
    "PUT": sends(post(GOOD).replace(b"POST", b"PUT"), gets=405),
    "TRACE": sends(b"TRACE /hooks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", gets=405),
    "a method nobody knows": sends(post(GOOD).replace(b"POST", b"HOOK"), gets=400),
    # Bytes that have no place in a head.
    "a NUL in a header": sends(head(LENGTH, "X-A: a\0b"), GOOD, gets=400),
    "a NUL in the target": sends(head(LENGTH, path="/hooks\0"), GOOD, gets=400),
    "a control character in a name": sends(head(LENGTH, "X\x01: a"), GOOD, gets=400),
    "a bare carriage return in a header": sends(head(LENGTH, "X-A: a\rX-B: b"), GOOD, gets=400),
    "bytes beyond ASCII in a header": sends(
        post(GOOD).replace(b"Host: hooks", b"Host: \xff\xfe"), gets=200
    ),
    "bytes beyond ASCII in the target": sends(
        post(GOOD).replace(b"/hooks", b"/h\xc3\xb6oks"), gets=400
    ),
    "a content type of anything": sends(post(GOOD, "Content-Type: image/\x7fpng"), gets=400),
    "a content type of something": sends(post(GOOD, "Content-Type: image/png"), gets=200),
}


@dataclass(frozen=True)
class Ordeal:
    place: Place
    got: dict[str, list[int]]
    store: Path


def undergo(place: Place, case: Case) -> list[int]:
    with place.connect() as connection:
        try:
            for step in case.sent:
                if isinstance(step, bytes):
                    connection.sendall(step)
                elif isinstance(step, float | int):
                    time.sleep(step)
                else:
                    connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # it was hung up on in the middle: what was said before that counts
        return statuses(read_all(connection))


@pytest.fixture(scope="module")
def ordeal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ordeal]:
    """All cases against one endpoint, at the same time: most of them only wait."""
    home = tmp_path_factory.mktemp("hostile")
    with within(home, BOUNDS) as served, ThreadPoolExecutor(len(CASES)) as threads:
        tried = {name: threads.submit(undergo, served.place, case) for name, case in CASES.items()}
        got = {name: one.result() for name, one in tried.items()}
        yield Ordeal(served.place, got, home / "mailhook.db")


@pytest.mark.parametrize("name", CASES)
def test_each_gets_its_answer(ordeal: Ordeal, name: str):
    assert ordeal.got[name] == CASES[name].answers


def test_nothing_is_smuggled_in(ordeal: Ordeal):
    found = asked(ordeal.store, "SELECT DISTINCT subject_id FROM events")
    assert (SMUGGLED,) not in found
    assert len(found) == 3  # the one that all share, and the two of the pipeline


# What is answered at once, and what waits for its commit.
KINDS = {
    post(GOOD, close=False): 200,
    post(b"a.b.c", close=False): 401,
    post(GOOD, path="/", close=False): 404,
    b"GET /hooks HTTP/1.1\r\nHost: a\r\n\r\n": 405,
    b"HEAD /hooks HTTP/1.1\r\nHost: a\r\n\r\n": 405,
    head(CHUNKED) + chunked(GOOD[:99], GOOD[99:]): 200,
    head(LENGTH, "Expect: 100-continue") + GOOD: 200,
}


@settings(max_examples=30, deadline=None)
@given(
    wanted=st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=12),
    cuts=st.lists(st.integers(1, 8_000), max_size=8),
)
def test_requests_in_a_row_are_answered_in_their_order_in_whatever_pieces(
    ordeal: Ordeal, wanted: list[bytes], cuts: list[int]
):
    raw = b"".join(wanted) + post(GOOD)
    places = [0, *sorted({cut for cut in cuts if cut < len(raw)}), len(raw)]
    pieces = [raw[start:end] for start, end in pairwise(places)]
    answered = [code for code in statuses(ordeal.place.said(*pieces)) if code != 100]
    assert answered == [KINDS[one] for one in wanted] + [200]


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 700), max_size=6))
def test_a_hook_may_come_in_any_pieces(ordeal: Ordeal, cuts: list[int]):
    raw = post(GOOD)
    places = [0, *sorted(set(cuts)), len(raw)]
    pieces = [raw[start:end] for start, end in pairwise(places)]
    assert statuses(ordeal.place.said(*pieces)) == [200]


LINES = st.sampled_from(
    [
        *(b"POST /hooks HTTP/1.1", b"GET / HTTP/1.0", b"Host: a", b"Content-Length: 3"),
        *(b"Transfer-Encoding: chunked", b"Connection: keep-alive", b"Expect: 100-continue"),
        *(b"3", b"0", b"abc", b"", b"\0"),
    ]
)


@settings(max_examples=60, deadline=None)
@given(raw=st.one_of(st.binary(max_size=200), st.lists(LINES, max_size=12).map(b"\r\n".join)))
def test_no_bytes_at_all_are_answered_as_a_hook_or_by_a_failure_of_ours(ordeal: Ordeal, raw: bytes):
    got = undergo(ordeal.place, sends(raw, HALF_CLOSE, gets=[]))
    assert set(got) <= {100, 400, 401, 404, 405, 429}


def test_a_good_token_is_answered_at_once_after_all_that(ordeal: Ordeal):
    took = []
    for _ in range(20):
        start = time.monotonic()
        assert ordeal.place.status(post(hook())) == 200
        took.append(time.monotonic() - start)
    assert min(took) < 0.05
