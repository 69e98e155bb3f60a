"""Keys that protect nothing are told in words, and the words show none of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from command import Home
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhook.signing_keys import is_published, unfit
from mailhook.signing_keys.published import PATH, digested

FIT = hashlib.sha256(b"invented").hexdigest()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (b"", "0 bytes"),
        (b"short", "5 bytes"),
        (b"x" * 15, "15 bytes"),
        (b"  fourteen-bytes ", "14 bytes"),
        (b"secret", "placeholder"),
        (b" Your-256-Bit-Secret ", "placeholder"),
        (b"a" * 64, "repeats"),
        (b"f3a9c" * 8, "repeats"),
        (b"f3a9c" * 8 + b"f3", "repeats"),
        (b"0123456789abcdef0123456789abcdef", "repeats"),
        (b"1212112122112121", "repeats"),
        (b"1234567890123456", "counts"),
        (b"0987654321098765", "counts"),
        (b"456789abcdef01234567", "counts"),
        (b"abcdefghijklmnopqr", "counts"),
        (b"a-string-secret-at-least-256-bits-long", "published"),
        (
            b"AyM1SysPPbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
            "published",
        ),
        (b"thisisthesecretkey", "published"),
        (b" thisisthesecretkey\t", "published"),
        (b"0a6b944d-d2fb-46fc-a85e-0295c986cd9f", "published"),
        (b"demo-signing-key-that-opens-nothing-5f0c2a", "published"),
        (b"My-Secret-Signing-Key-2024", "placeholder"),
    ],
)
def test_a_key_that_protects_nothing_is_told_in_words_without_it(key: bytes, said: str):
    words = unfit(key) or ""
    assert said in words
    assert len(key.strip()) < 6 or key.strip().decode() not in words


@given(st.binary(min_size=32, max_size=32).map(lambda raw: hashlib.sha256(raw).hexdigest()))
@settings(max_examples=30, deadline=None)
def test_a_key_of_the_vendors_shape_is_fit(key: str):
    assert unfit(key.encode()) is None
    assert not is_published(key.encode())


def test_the_file_holds_digests_in_order_each_once():
    raw = PATH.read_bytes()
    digests = [raw[at : at + 8] for at in range(0, len(raw), 8)]
    assert len(raw) % 8 == 0
    assert len(digests) > 30_000
    assert digests == sorted(set(digests))


def test_what_is_too_short_to_be_taken_is_not_in_it():
    assert digested([b"x" * 15]) == b""
    assert digested([b"x" * 16, b"x" * 16]) == hashlib.sha256(b"x" * 16).digest()[:8]


@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_published_key_is_refused_by_its_place(tmp_path: Path, command: str):
    (tmp_path / "key").write_text("thisisthesecretkey")
    keys = [{"file": str(tmp_path / "key")}]
    home = Home(tmp_path, trust={"signing_keys": keys}, web={"listen": "127.0.0.1:9"})
    done = home.call(command)
    assert done.code in {1, 78}
    assert "trust.signing_keys[0]: it stands among published examples" in done.out + done.err
    assert "thisisthesecretkey" not in done.out + done.err


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("a-secret-of-our-own-9f3c1e7b", "there are words in it that published examples use"),
        ("kB7$wq!zL0pX@v9Nc2#R", "it is no hex string of 32 or more"),
        (FIT, None),
    ],
)
def test_of_a_key_that_may_be_guessed_check_and_doctor_say_the_same_and_take_it(
    tmp_path: Path, key: str, said: str | None
):
    (tmp_path / "key").write_text(key)
    home = Home(tmp_path, trust={"signing_keys": [{"file": str(tmp_path / "key")}]})
    for command in ("check", "doctor"):
        done = home.call(command)
        told = " ".join((done.out + done.err).split())
        assert (f"trust.signing_keys[0]: {said}" in told) == bool(said)
        assert key not in told
    assert unfit(key.encode()) is None


def test_check_tells_of_blanks_around_a_key(tmp_path: Path):
    (tmp_path / "key").write_text(f" {FIT}\n")
    home = Home(tmp_path, trust={"signing_keys": [{"file": str(tmp_path / "key")}]})
    done = home.call("check")
    assert "trust.signing_keys[0]: there is a blank before or behind it" in done.out + done.err
    assert FIT not in done.out + done.err
