"""token verify and sign as their user calls them: by hand, in a pipe, without settings."""

from __future__ import annotations

import json
import subprocess
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
import token_cases
from command import MAILHOOK, PLAIN, Done, Home, call, on_terminal
from hypothesis import given, settings
from hypothesis import strategies as st
from token_cases import KEY, OLD_KEY, OTHER_KEY, claims, event, token

EVENT = {
    "id": "HKE1",
    "event_type": "check",
    "event_action": "finished",
    "object": {"check_id": "CHK1", "status": "completed"},
    "timestamp": "2026-08-03T10:00:00Z",
    "version": "1.0",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    for nth, key in enumerate((KEY, OLD_KEY)):
        (tmp_path / f"key-{nth}").write_bytes(key)
    (tmp_path / "test-key").write_bytes(OTHER_KEY + b"\n")
    keys = [{"file": str(tmp_path / f"key-{nth}")} for nth in range(2)]
    return Home(tmp_path, trust={"signing_keys": keys})


def piped(home: Home, given: bytes, *arguments: object, **environment: str) -> Done:
    """In this process, `given` on its standard input."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", TextIOWrapper(BytesIO(given)))
        for name, value in environment.items():
            patch.setenv(name, value)
        return home.call(*arguments)


def verified(home: Home, text: str) -> tuple[int, dict[str, dict[str, object]]]:
    done = home.call("token", "verify", "--json", text)
    return done.code, json.loads(done.out)


def test_a_good_one_says_by_which_key_and_what_would_come_of_it(home: Home):
    code, told = verified(home, token(claims(EVENT), key=OLD_KEY))
    assert code == 0
    assert told["token"] == {
        "header": {"alg": "HS256", "typ": "JWT"},
        "claims": json.loads(claims(EVENT)),
    }
    assert told["signature"]["valid"] is True
    assert str(told["signature"]["why"]).startswith("signed with signing key 2 of 2")
    assert told["signature"]["made_at"] == "2026-08-03T10:00:00Z"
    assert list(told["events"]) == ["CHK1/check.finished"]
    assert told["store"] == {"known": "there is no store yet"}
    assert told["verdict"]["verdict"] == "read"


def test_where_there_is_a_store_it_says_new_or_known(home: Home):
    home.deliver()
    text = token(claims(EVENT))
    would = verified(home, text)[1]["store"]["CHK1/check.finished"]
    assert would["would_be"] == "a new row"  # type: ignore[index]
    signed = home.folder / "event.jwt"
    signed.write_text(text)
    said = home.call("token", "verify", signed)
    assert "a new row" in said.out


def test_a_forged_one_is_shown_marked_and_exits_1(home: Home):
    text = token(claims(EVENT), key=OTHER_KEY)
    done = home.call("token", "verify", text)
    assert done.code == 1
    words = " ".join(done.out.split())
    assert "unverified no key has signed this: anybody may have written it" in words
    assert "none of the 2 signing keys made the signature" in words
    assert "CHK1" in words
    told = verified(home, text)[1]
    assert told["events"] == {}
    assert (told["verdict"]["verdict"], told["verdict"]["answer"]) == ("refused", "401")


def test_it_agrees_with_the_endpoint(home: Home):
    for case in token_cases.cases()[::4]:
        done = piped(home, case.body, "token", "verify", "--json")
        if case.status == 200:
            assert done.code == (0 if case.outcome == "recorded" else 1), case.name
            assert json.loads(done.out)["signature"]["valid"], case.name
        elif done.code != 65 and not _stands_within(case.body):
            assert done.code == 1, case.name
            assert not json.loads(done.out)["signature"]["valid"], case.name


def _stands_within(body: bytes) -> bool:
    """A person may paste a text around a token; the endpoint takes none."""
    from mailhook.token import find

    return len(find(body.decode("utf-8", "replace"))) > 0 and b"." in body


@pytest.mark.parametrize(
    "given",
    [b"", b"words", b"a.b.c", b"..", b"{}", b'{"a":1}', b"\xff\xfe", b"eyJ", b"x" * 1_000_001],
)
def test_where_there_is_no_token_at_all_it_exits_65(home: Home, given: bytes):
    done = piped(home, given, "token", "verify")
    assert (done.code, done.raw) == (65, b"")
    assert "no token" in done.err or "over 1,000,000 bytes" in done.err


@pytest.mark.parametrize("name", ["tok.nofile", "/etc/no.such.key.jwt"])
def test_a_name_that_is_no_files_is_not_taken_for_a_token(home: Home, name: str):
    done = home.call("token", "verify", name)
    assert (done.code, f"{name}: there is no such file" in done.err) == (65, True)


def test_a_file_that_cannot_be_read_is_65(home: Home):
    assert home.call("token", "verify", home.folder).code == 65


def test_a_token_within_a_text_is_found(home: Home):
    text = token(claims(EVENT))
    done = piped(home, f"Authorization says:\n  {text}\nRegards".encode(), "token", "verify")
    assert done.code == 0


def test_without_settings_it_decodes_and_believes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILHOOK_CONFIG", raising=False)
    done = call("token", "verify", token(claims(EVENT)))
    assert done.code == 1
    assert "CHK1" in done.out
    assert "no settings file" in done.err


def test_what_a_token_says_cannot_steer_a_terminal(home: Home):
    evil = EVENT | {"id": "\x1b[2J\u202eHKE", "\x1b]0;title\x07": "\x9b31m"}
    text = token(
        claims(evil, **{"\x1b[5m": "\u200b"}), b'{"alg":"HS256","\\u001b[1m":"\\u001b[2m"}'
    )
    done = on_terminal("-c", home.config, "token", "verify", text)
    for bad in ("\x1b[2J", "\u202e", "\x1b]0", "\x9b", "\x1b[5m", "\u200b", "\x1b[2m"):
        assert bad not in done.out
    assert "\\x1b[2J" in done.out


def test_sign_and_verify_make_a_pipe(home: Home):
    key, event = home.folder / "test-key", home.folder / "event.json"
    event.write_text(json.dumps(EVENT))
    mailhook = f"{MAILHOOK} -c {home.config} token"
    pipe = f"{mailhook} sign --key {key} {event} | {mailhook} verify --key {key}"
    done = subprocess.run(["sh", "-c", pipe], capture_output=True, check=False, env=PLAIN)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"CHK1/check.finished" in done.stdout


def test_sign_and_verify_invert_each_other(home: Home):
    made = piped(
        home, json.dumps(EVENT).encode(), "token", "sign", "--key", home.folder / "test-key"
    )
    assert made.code == 0
    done = piped(home, made.raw, "token", "verify", "--key", home.folder / "test-key", "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert told["token"]["claims"]["events"] == [EVENT]
    assert told["token"]["claims"]["iss"] == "Truora"
    assert piped(home, made.raw, "token", "verify").code == 1


@pytest.mark.parametrize(
    ("given", "signed"),
    [
        ([EVENT, EVENT], {"events": [EVENT, EVENT]}),
        ({"events": [], "iat": "never"}, {"events": [], "iat": "never"}),
        ({"iss": "Eve", "events": [EVENT]}, {"iss": "Eve", "events": [EVENT]}),
    ],
)
def test_sign_takes_an_event_a_list_of_them_or_whole_claims(
    home: Home, given: object, signed: dict[str, object]
):
    path = home.folder / "event.json"
    path.write_text(json.dumps(given))
    made = home.call("token", "sign", "--key", home.folder / "test-key", path)
    _, told = verified(home, made.out.strip())
    found = told["token"]["claims"]
    assert {name: found[name] for name in signed} == signed  # type: ignore[index]


def test_the_key_may_come_from_the_environment(home: Home):
    given = json.dumps(EVENT).encode()
    made = piped(home, given, "token", "sign", MAILHOOK_TEST_KEY=OTHER_KEY.decode())
    assert made.code == 0
    assert piped(home, made.raw, "token", "verify", MAILHOOK_TEST_KEY=OTHER_KEY.decode()).code == 0


def test_a_key_that_the_settings_trust_makes_no_token_by_mistake(home: Home):
    path = home.folder / "event.json"
    path.write_text(json.dumps(EVENT))
    done = home.call("token", "sign", "--key", home.folder / "key-1", path)
    assert (done.code, done.out) == (2, "")
    assert "this key is trust.signing_keys[1]" in done.err
    assert OLD_KEY.decode() not in done.err
    assert home.call("token", "sign", "--yes", "--key", home.folder / "key-1", path).code == 0


@pytest.mark.parametrize(
    ("key", "code", "said"),
    [(None, 2, "with which key?"), (b"short", 2, "5 bytes"), (b"", 78, "is empty")],
)
def test_without_a_fit_key_no_token_is_made(home: Home, key: bytes | None, code: int, said: str):
    arguments: list[object] = ["token", "sign"]
    if key is not None:
        (home.folder / "test-key").write_bytes(key)
        arguments += ["--key", home.folder / "test-key"]
    done = piped(home, json.dumps(EVENT).encode(), *arguments)
    assert (done.code, done.raw) == (code, b"")
    assert said in done.err


@pytest.mark.parametrize(
    "given", [b"", b"words", b"1", b'"event"', b"null", b'{"a":1,"a":2}', b"[NaN]"]
)
def test_what_is_no_event_is_65(home: Home, given: bytes):
    assert piped(home, given, "token", "sign", "--key", home.folder / "test-key").code == 65


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=60))
@settings(max_examples=20, deadline=None)
def test_no_argument_is_a_bug(text: str):
    done = call("token", "verify", "--", text or "-x")
    assert done.code in {1, 65}


def test_a_web_delivery_of_the_store_can_be_explained(home: Home):
    home.deliver(token(claims(event())).encode(), channel="web")
    done = home.call("explain", "1", "--json")
    told = json.loads(done.out)
    assert told["signature"]["valid"] is True
    assert "message" not in told
