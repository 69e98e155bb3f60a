"""Our own check of signatures: made with real keys, changed byte by byte, and what is hostile."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from datetime import timedelta

import mails
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from signers import KEY_NAME, Dns, ed25519_key, record, rsa_key, sign

from mailhook.authenticity import Lookup, Unanswered, prove
from mailhook.config import TrustSettings
from mailhook.message import parse
from mailhook.model import Proof
from mailhook.pipeline import examine
from mailhook.trust import Trust

SETTINGS = TrustSettings(require="dkim")
PLAIN = mails.check_finished("CHK1", proof=None)
SPELLINGS = ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed", "relaxed"]
KEYS = [pytest.param(rsa_key(), id="rsa"), pytest.param(ed25519_key(), id="ed25519")]


def proof(raw: bytes, dns: Lookup, trust: TrustSettings = SETTINGS) -> Proof:
    return prove(raw, parse(raw).headers, mails.NOON, trust, dns)


def refusal(raw: bytes, dns: Lookup | None = None) -> str:
    found = proof(raw, dns or Dns.of(rsa_key()))
    assert not found.verified
    assert found.detail.isascii()
    assert found.detail.isprintable()
    return found.detail


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_mail_as_its_signer_sent_it_is_proven(key: rsa.RSAPrivateKey, spelling: str):
    found = proof(sign(PLAIN, key, spelling=spelling), Dns.of(key))
    assert found == Proof(
        verified=True, detail=f"dkim=pass for truora.com by our own check ({KEY_NAME})"
    )


@pytest.mark.parametrize("key", KEYS)
def test_a_changed_byte_anywhere_that_is_signed_is_no_proof(key: rsa.RSAPrivateKey):
    signed = sign(PLAIN, key, spelling="simple/simple")
    dns = Dns.of(key)
    head = signed.index(b"\r\n\r\n")
    own = signed.index(b"From:")
    for at in [*range(own, head, 7), *range(head + 4, len(signed), 5)]:
        changed = bytearray(signed)
        changed[at] = ord("x") if changed[at] != ord("x") else ord("y")
        assert not proof(bytes(changed), dns).verified, (at, changed[at - 10 : at + 10])


@pytest.mark.parametrize("key", KEYS)
def test_a_changed_byte_of_the_signature_itself_is_no_proof(key: rsa.RSAPrivateKey):
    signed = sign(PLAIN, key)
    dns = Dns.of(key)
    for at in range(len("DKIM-Signature:"), signed.index(b"From:") - 2, 3):
        if signed[at : at + 1] in b" \r\n\t;" or signed[at + 1 : at + 2] == b"\r":
            continue
        changed = bytearray(signed)
        changed[at] ^= 1
        # Padding bits of base64 mean nothing.
        if not bytes(changed[at : at + 3]).startswith((b"=", b"<")):
            assert not proof(bytes(changed), dns).verified, changed[at - 10 : at + 10]


def test_what_happens_on_the_way_changes_nothing():
    signed = sign(PLAIN, rsa_key())
    folded = signed.replace(b"Subject: Check finished", b"SUBJECT:  Check\r\n\tfinished ")
    on_the_way = b"Received: by mx.example.com;\r\n now\r\nReturn-Path: <b@truora.com>\r\n" + folded
    assert proof(on_the_way, Dns.of(rsa_key())).verified
    assert proof(signed.replace(b"\r\n", b"\n"), Dns.of(rsa_key())).verified


def test_of_several_signatures_any_aligned_valid_one_proves():
    other = sign(PLAIN, rsa_key(), domain="sendgrid.example")
    both = sign(other.replace(b"bh=", b"bh=AAAA", 1), rsa_key())
    assert proof(both, Dns.of(rsa_key())).verified
    broken = sign(PLAIN, rsa_key()).replace(b" s=s1;", b" s=s2;")
    twice = broken[: broken.index(b"From:")] + sign(PLAIN, rsa_key())
    assert proof(twice, Dns.of(rsa_key())).verified


def test_both_kinds_of_key_in_one_mail_as_rfc_8463_shows():
    raw = RFC_8463.replace(b"\n", b"\r\n")
    trust = TrustSettings(require="dkim", senders=("football.example.com",))
    for name, kind in RFC_8463_KEYS.items():
        found = proof(raw, Dns({f"{name}._domainkey.football.example.com": [kind]}), trust)
        assert found.verified, found.detail
        assert name in found.detail
        changed = raw.replace(b"hungry", b"thirsty")
        dns = Dns({f"{name}._domainkey.football.example.com": [kind]})
        assert not proof(changed, dns, trust).verified


def test_a_subdomain_signs_for_its_trusted_domain():
    signed = sign(PLAIN, rsa_key(), domain="em.truora.com")
    assert proof(signed, Dns({"s1._domainkey.em.truora.com": [record(rsa_key())]})).verified


def test_a_header_that_proves_needs_no_dns():
    raw = mails.check_finished("CHK1", proof="mx.example.com; dkim=pass header.d=truora.com")
    trust = TrustSettings(require="dkim", authserv_id=("mx.example.com",))
    dns = Dns.down()
    assert proof(raw, dns, trust).verified
    assert dns.asked == []


def added(name: str, value: str = "x") -> bytes:
    return f"{name}: {value}\r\n".encode() + sign(PLAIN, rsa_key())


SIGNED = [
    ("a body with more behind it", sign(PLAIN, rsa_key()) + b"Check ID: CHK2\r\n", "the body"),
    ("a body of which it signs the beginning (l=)",
     sign(PLAIN, rsa_key(), tags="l=10; ", length=10), "l="),
    ("a Subject added on top", added("Subject"), "a subject stands there"),
    ("a From added on top", added("From", "x@evil.example"), "2 From"),
    ("a Date added on top", added("Date"), "a date stands there"),
    ("a Message-ID added on top", added("Message-ID", "<x>"), "a message-id stands there"),
    ("a Content-Type added on top", added("Content-Type", "text/html"), "a content-type"),
    ("a From that is not covered", sign(PLAIN, rsa_key(), names="to:subject"), "From and Subject"),
    ("a Subject that is not covered", sign(PLAIN, rsa_key(), names="from:to"), "From and Subject"),
    ("a Content-Type that is not covered",
     sign(PLAIN, rsa_key(), names="from:subject"), "a content-t"),
    ("a domain that nobody trusts", sign(PLAIN, rsa_key(), domain="evil.example"), "no DKIM sig"),
    ("a domain that only ends so", sign(PLAIN, rsa_key(), domain="nottruora.com"), "no DKIM sig"),
    ("the domain above", sign(PLAIN, rsa_key(), domain="com"), "no DKIM signature of that"),
    ("no signature", PLAIN, "no DKIM signature of that domain"),
    ("one that is over", sign(PLAIN, rsa_key(), tags="x=1000000000; "), "over when the mail came"),
    ("one over before it was made",
     sign(PLAIN, rsa_key(), tags="t=1785759000; x=1785758000; "), "over before it was made"),
    ("one made after the mail came", sign(PLAIN, rsa_key(), tags="t=1995759000; "), "made after"),
    ("an identity of another domain", sign(PLAIN, rsa_key(), tags="i=a@evil.example; "), "i="),
    ("an identity that only ends so", sign(PLAIN, rsa_key(), tags="i=a@xtruora.com; "), "i="),
    ("SHA-1", sign(PLAIN, rsa_key(), algorithm="rsa-sha1"), "algorithm"),
    ("another algorithm", sign(PLAIN, rsa_key(), algorithm="ed25519-sha256"), "kind of key"),
    ("another way to the key", sign(PLAIN, rsa_key(), tags="q=http; "), "way to the key"),
    ("a number that is none", sign(PLAIN, rsa_key(), tags="x=" + "9" * 3_000 + "; "), "no number"),
    ("one tag twice", sign(PLAIN, rsa_key(), tags="d=truora.com; "), "says d= twice"),
    ("a selector that leads elsewhere", sign(PLAIN, rsa_key(), selector="../s1"), "no name in DNS"),
    ("a selector with a blank", sign(PLAIN, rsa_key(), selector="s1 s2"), "no name in DNS"),
    ("an endless selector", sign(PLAIN, rsa_key(), selector="s." * 200 + "s"), "no name in DNS"),
    ("another spelling", sign(PLAIN, rsa_key()).replace(b"relaxed/relaxed", b"nofws"), "spelling"),
    ("a signature that is no base64",
     sign(PLAIN, rsa_key()).replace(b"\r\n b=", b"\r\n b=!"), "no base64"),
    ("an empty signature", b"DKIM-Signature: \r\n" + PLAIN, "has no v="),
    ("a signature of 100 kB", b"DKIM-Signature: v=1; " + b"x" * 100_000 + b"\r\n" + PLAIN,
     "too long"),
    ("a signature of blanks", b"DKIM-Signature: v=1;" + b" " * 3_000 + b"\r\n" + PLAIN, "too long"),
    ("bytes beyond ASCII", b"DKIM-Signature: v=1; d=tru\xf3ra.com\r\n" + PLAIN, "beyond ASCII"),
    ("a line that is no header", b"evil\r\n" + sign(PLAIN, rsa_key()), "is none"),
    ("a From that only some read", sign(PLAIN, rsa_key()).replace(b"\r\nFrom:", b"\r\nFrom :"),
     "is none"),
    ("headers of 1 MB", b"X: " + b"x" * 1_000_000 + b"\r\n" + sign(PLAIN, rsa_key()), "too long"),
    ("5,000 headers", b"X: x\r\n" * 5_000 + sign(PLAIN, rsa_key()), "too many headers"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "says"), [pytest.param(*c[1:], id=c[0]) for c in SIGNED])
def test_what_leaves_something_open_or_is_over_counts_for_nothing(raw: bytes, says: str):
    start = time.process_time()
    assert says in refusal(raw)
    assert time.process_time() - start < 1


GOOD = record(rsa_key())
HOSTILE = [
    ("none: rotated away", (), "rotated away"),
    ("revoked", [b"v=DKIM1; p="], "revoked"),
    ("two", [GOOD, GOOD + b" "], "2 records"),
    ("60 kB", [GOOD + b"; n=" + b"x" * 60_000], "60,"),
    ("60 kB of key", [b"p=" + b"A" * 60_000], "bytes long"),
    ("no list of tags", [b"hello"], "no list of tags"),
    ("no tags at all", [b""], "holds no key"),
    ("no key", [b"v=DKIM1"], "holds no key"),
    ("another version", [GOOD.replace(b"DKIM1", b"DKIM2")], "another version"),
    ("another kind of key", [record(ed25519_key())], "kind of key"),
    ("a key that is no base64", [b"p=!!!!"], "no base64"),
    ("a key cut short", [GOOD[:-32]], "cannot be read"),
    ("a key that is nothing", [b"p=AAAA"], "cannot be read"),
    ("bytes beyond ASCII", [b"\xff\xfe; p=AAAA"], "beyond ASCII"),
    ("another key", [record(rsa_key(1024))], "another key"),
    ("a key for tests", [GOOD + b"; t=y"], "only tests"),
    ("a key not for mail", [GOOD + b"; s=tlsrpt"], "not for mail"),
    ("a key for SHA-1", [GOOD + b"; h=sha1"], "not for sha256"),
    ("a tag twice", [GOOD + b"; p="], "says p= twice"),
]


@pytest.mark.parametrize(("records", "says"), [pytest.param(*c[1:], id=c[0]) for c in HOSTILE])
def test_whatever_stands_in_dns_there_is_a_verdict_with_a_reason(records: list[bytes], says: str):
    start = time.process_time()
    assert says in refusal(sign(PLAIN, rsa_key()), Dns({KEY_NAME: records}))
    assert time.process_time() - start < 1


def der(*numbers: int) -> bytes:
    """An RSA public key as RFC 8017 writes it, whatever its numbers."""

    def framed(tag: int, content: bytes) -> bytes:
        length = len(content)
        size = bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")
        return bytes([tag]) + size + content

    parts = b"".join(
        framed(2, b"\0" + n.to_bytes((n.bit_length() + 7) // 8, "big")) for n in numbers
    )
    return framed(0x30, parts)


@pytest.mark.parametrize(
    "numbers",
    [(2**767 + 1, 65537), (2**1022 + 1, 65537), (2**9000 + 1, 65537), (2**2047 + 1, 2**2000 + 1),
     (2**2047 + 1, 1)],
    ids=["768 bits", "1,023 bits", "9,001 bits", "an endless exponent", "an exponent of 1"],
)  # fmt: skip
def test_a_key_that_is_too_small_or_takes_for_ever_is_refused(numbers: tuple[int, int]):
    start = time.process_time()
    published = b"v=DKIM1; p=" + base64.b64encode(der(*numbers))
    assert "not one that counts" in refusal(sign(PLAIN, rsa_key()), Dns({KEY_NAME: [published]}))
    assert time.process_time() - start < 0.5


def test_a_key_of_1024_bits_counts():
    key = rsa_key(1024)
    assert proof(sign(PLAIN, key), Dns.of(key)).verified


def test_a_strict_key_does_not_sign_for_domains_below():
    signed = sign(PLAIN, rsa_key(), tags="i=a@m.truora.com; ")
    assert proof(signed, Dns({KEY_NAME: [GOOD]})).verified
    assert "domains below" in refusal(signed, Dns({KEY_NAME: [GOOD + b"; t=s"]}))


@pytest.mark.parametrize("error", [RuntimeError("dns"), RecursionError(), OSError("no network")])
def test_an_error_of_the_lookup_is_a_reason_and_never_raised(error: Exception):
    assert "cannot be checked" in refusal(sign(PLAIN, rsa_key()), Dns({KEY_NAME: error}))


def test_a_body_that_takes_quadratic_time_elsewhere_takes_none_here():
    body = PLAIN + b" " * 1_000_000 + b"x\r\n" + b"\r\n" * 200_000
    signed = sign(PLAIN, rsa_key()).partition(b"From:")[0] + body
    start = time.process_time()
    assert "the body" in refusal(signed)
    assert time.process_time() - start < 2


def test_many_signatures_ask_dns_a_few_times_at_most():
    one = sign(PLAIN, rsa_key()).partition(b"From:")[0]
    many = b"".join(one.replace(b"s=s1", f"s=n{n}".encode()) for n in range(400)) + PLAIN
    dns = Dns({})
    assert "rotated away" in refusal(many, dns)
    assert len(dns.asked) == 5
    down = Dns({f"n{n}._domainkey.truora.com": Unanswered("") for n in range(400)})
    assert proof(many, down).temporary
    assert len(down.asked) == 2


PIECES = "v=1; a=rsa-sha256; d=truora.com; s=s1; h=from:subject; bh=AA==; b=AA==; c=relaxed; l=1;"
TAGS = st.lists(
    st.sampled_from([*PIECES.split(), "x=9;", "t=", "i=@;", "q=", "\r\n ", " ", "="])
    | st.text(max_size=5)
).map("".join)


@given(written=TAGS | st.text(max_size=200), published=st.binary(max_size=200) | st.just(GOOD))
@settings(max_examples=examples(80), deadline=None)
def test_whatever_stands_in_signature_and_record_there_is_a_verdict(written: str, published: bytes):
    # The other headers come first: an empty line in what is written ends them.
    head = PLAIN.partition(b"\r\n\r\n")[0] + b"\r\n"
    raw = head + b"DKIM-Signature: " + written.encode("utf-8", "replace") + b"\r\n\r\nhi\r\n"
    assert not proof(raw, Dns({KEY_NAME: [published]})).verified


@given(cut=st.integers(0, 2_000), junk=st.binary(max_size=30))
@settings(max_examples=examples(80), deadline=None)
def test_whatever_happened_to_a_signed_mail_there_is_a_verdict(cut: int, junk: bytes):
    signed = sign(PLAIN, rsa_key())
    raw = b"From: x\r\n" + signed[:cut] + junk + signed[cut:]
    assert not proof(raw, Dns.of(rsa_key())).verified


TRUST = Trust(SETTINGS, lookup=Dns.of(rsa_key()))


def test_a_hook_that_its_signature_proves_is_an_event():
    finding = examine(mails.delivered(sign(PLAIN, rsa_key())), TRUST)
    assert [event.authenticity for event in finding.events] == ["verified"]
    assert finding.authenticity_detail.endswith(f"by our own check ({KEY_NAME})")


def test_while_dns_does_not_answer_a_hook_waits_under_its_own_reason():
    delivery = mails.delivered(sign(PLAIN, rsa_key()))
    finding = examine(delivery, replace(TRUST, lookup=Dns.down()))
    assert (finding.verdict, finding.events) == ("quarantined", ())
    assert finding.reason
    assert finding.reason.startswith("dkim_dns_temporary: it reads like a hook, but ")
    assert examine(delivery, TRUST).verdict == "read"


def test_while_dns_does_not_answer_nothing_signed_is_thrown_away():
    delivery = mails.delivered(sign(mails.write("Hola", proof=None), rsa_key()))
    reason = examine(delivery, replace(TRUST, lookup=Dns.down())).reason
    assert reason
    assert reason.startswith("dkim_dns_temporary: ")


def test_a_forged_hook_does_not_wait_for_dns():
    dns = Dns.down()
    finding = examine(mails.delivered(PLAIN), replace(TRUST, lookup=dns))
    assert finding.reason
    assert finding.reason.startswith("untrusted: ")
    assert dns.asked == []


def test_an_expired_signature_is_judged_by_when_the_mail_came():
    ends = int((mails.NOON - timedelta(days=30)).timestamp())
    raw = sign(PLAIN, rsa_key(), tags=f"x={ends}; ")
    delivery = mails.delivered(raw)
    assert examine(delivery, TRUST).verdict == "quarantined"
    assert examine(replace(delivery, received_at=mails.NOON - timedelta(days=31)), TRUST).events


RFC_8463 = b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""
RFC_8463_KEYS = {
    "brisbane": b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test": b"v=DKIM1; k=rsa; p="
    b"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08"
    b"a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hst"
    b"T5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
}
