"""Logging in by device code: what a person sees, what comes of it, what it says when it ends."""

from __future__ import annotations

import json
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certificates
import pytest
import yaml
from command import Done, call
from device import logged_in, mailbox, refused, told
from issuer import CLIENT, DEVICE, TENANT, Issuer

from mailhook.config import MailboxSettings
from mailhook.errors import ConfigError, TemporaryError
from mailhook.oauth import Prompt, Tokens
from mailhook.oauth.kept import TokenFile


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        yield server


def test_a_person_is_shown_where_to_go_and_asked_for_until_the_decision(
    issuer: Issuer, tmp_path: Path
):
    settings = mailbox(issuer, tmp_path)
    issuer.pending += ["authorization_pending", "slow_down", "authorization_pending"]
    shown, waited = logged_in(settings)
    assert shown == [Prompt("https://login.example.com/device", "ABCD-EFGH", 900)]
    assert waited == [1, 1, 6, 6]
    path = tmp_path / "oauth-hooks.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = Tokens(settings).access_token()
    assert (token.value in issuer.tokens, token.is_fresh) == (True, False)


def test_a_login_at_microsoft_goes_through_msal(tmp_path: Path):
    certificate = certificates.make(tmp_path)
    with Issuer(certificate) as issuer:
        told_of = told(issuer, tmp_path) | {
            "oauth2": {
                "provider": "microsoft",
                "flow": "device_code",
                "tenant": TENANT,
                "client_id": CLIENT,
                "authority": issuer.url,
                "ca_file": str(certificate.crt),
                "token_file": str(tmp_path / "kept.json"),
            }
        }
        settings = MailboxSettings.model_validate(told_of)
        issuer.pending += ["authorization_pending"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # msal's, for the test does not wait
            logged_in(settings)
        scopes = set(issuer.log[1]["scope"].split())
        assert scopes >= {"https://outlook.office.com/IMAP.AccessAsUser.All", "offline_access"}
        tokens = Tokens(settings)
        tokens.drop(tokens.access_token())
        assert tokens.access_token().value in issuer.tokens
        assert issuer.grants("refresh_token") == 1


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("expired_token", TemporaryError, "nobody has agreed before the code expired"),
        ("access_denied", ConfigError, "access was denied"),
        ("invalid_client", ConfigError, "does not know the client"),
    ],
)
def test_a_login_that_comes_to_nothing_says_why(
    error: str, kind: type[Exception], words: str, issuer: Issuer, tmp_path: Path
):
    issuer.pending.append(error)
    with pytest.raises(kind, match=words):
        logged_in(mailbox(issuer, tmp_path))
    assert not (tmp_path / "oauth-hooks.json").exists()


def test_a_code_is_waited_for_no_longer_than_it_lasts(issuer: Issuer, tmp_path: Path):
    issuer.device = {"expires_in": 12, "interval": 5}
    issuer.pending += ["authorization_pending"] * 9
    with pytest.raises(TemporaryError, match="run `mailhook oauth login` again"):
        logged_in(mailbox(issuer, tmp_path))
    assert len(issuer.pending) == 6


def test_an_issuer_away_for_a_moment_does_not_end_a_login(issuer: Issuer, tmp_path: Path):
    issuer.on_next(lambda asked: asked.answer(issuer._device()))  # noqa: SLF001
    issuer.on_next(lambda asked: asked.send(b"", 503))
    _, waited = logged_in(mailbox(issuer, tmp_path))
    assert waited == [1, 6]


def test_a_login_without_a_refresh_token_is_none(issuer: Issuer, tmp_path: Path):
    issuer.on_next(lambda asked: asked.answer(issuer._device()))  # noqa: SLF001
    issuer.on_next(lambda asked: asked.answer({"access_token": "a"}))
    with pytest.raises(ConfigError, match="offline_access"):
        logged_in(mailbox(issuer, tmp_path))


@pytest.mark.parametrize("answer", [{}, {"verification_uri": "", "user_code": "A"}, {"a": 1}])
def test_an_answer_without_a_code_shows_nothing(
    answer: dict[str, object], issuer: Issuer, tmp_path: Path
):
    issuer.on_next(lambda asked: asked.answer(answer))
    with pytest.raises(TemporaryError, match="no code for a device"):
        logged_in(mailbox(issuer, tmp_path))


def test_a_refused_device_request_is_told(issuer: Issuer, tmp_path: Path):
    issuer.refuse("invalid_scope", "unknown")
    with pytest.raises(ConfigError, match=r"oauth2\.scopes: .* \(invalid_scope: unknown\)"):
        logged_in(mailbox(issuer, tmp_path))


def test_a_revoked_login_says_to_log_in_again(issuer: Issuer, tmp_path: Path):
    settings = mailbox(issuer, tmp_path)
    logged_in(settings)
    issuer.refresh.clear()
    ends = TokenFile(settings).read().good_until
    with pytest.raises(ConfigError) as caught:
        Tokens(settings, lambda: ends + 1).access_token()
    assert "the login was revoked (invalid_grant: Token was revoked.)" in str(caught.value)
    assert "run `mailhook oauth login` for hooks again" in str(caught.value)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("AADSTS700082: The refresh token has expired due to inactivity.", "has expired ("),
        ("AADSTS50173: the grant was revoked", "was revoked ("),
        ("Token has been expired or revoked.", "has expired or was revoked ("),
        ("", "has expired or was revoked ("),
    ],
)
def test_expired_is_told_from_revoked(said: str, words: str, issuer: Issuer, tmp_path: Path):
    settings = mailbox(issuer, tmp_path)
    logged_in(settings)
    issuer.refuse("invalid_grant", said)
    with pytest.raises(ConfigError) as caught:
        Tokens(settings, lambda: 1e12).access_token()
    assert f"the login {words}" in str(caught.value)


def test_before_the_first_login_it_says_how(issuer: Issuer, tmp_path: Path):
    assert "nobody has logged in yet" in refused(mailbox(issuer, tmp_path))
    assert list(tmp_path.iterdir()) == []


def run(home: Path, mailboxes: list[dict[str, Any]], *arguments: str) -> Done:
    path = home / "config.yaml"
    path.write_text(yaml.safe_dump({"mailboxes": mailboxes}))
    return call("-c", str(path), "oauth", "login", *arguments)


def test_the_command_shows_the_code_and_keeps_the_login(issuer: Issuer, tmp_path: Path):
    issuer.device = {"interval": 0, "user_code": "AB\x1b[2J"}
    done = run(tmp_path, [told(issuer, tmp_path)])
    assert (done.code, done.out) == (0, "")
    assert "https://login.example.com/device" in done.err
    assert "AB" in done.err
    assert "\x1b" not in done.err
    assert "logged in" in done.err
    assert issuer.grants(DEVICE) == 1
    kept = (tmp_path / "oauth-hooks.json").read_text()
    assert json.loads(kept)["refresh_token"] not in done.err


def test_the_command_does_not_promise_to_try_again_by_itself(issuer: Issuer, tmp_path: Path):
    issuer.on_next(lambda asked: asked.answer({}, 503))
    done = run(tmp_path, [told(issuer, tmp_path)])
    assert done.code == 75
    assert done.err.endswith("(HTTP 503); try again later\n")


def test_the_command_says_where_there_is_nothing_to_do(issuer: Issuer, tmp_path: Path):
    plain = told(issuer, tmp_path) | {"name": "plain", "username": "u", "password": {"env": "A"}}
    del plain["oauth2"]
    done = run(tmp_path, [plain, told(issuer, tmp_path)], "plain")
    assert (done.code, done.err) == (0, "nothing to do: mailbox plain logs in by password\n")
    done = run(tmp_path, [plain, told(issuer, tmp_path)], "palin")
    assert (done.code, "there is no mailbox 'palin'" in done.err) == (2, True)
    issuer.device = {"interval": 0}
    assert run(tmp_path, [plain, told(issuer, tmp_path)]).code == 0


def test_the_command_asks_which_of_two(issuer: Issuer, tmp_path: Path):
    second = told(issuer, tmp_path) | {"name": "second", "username": "other@example.com"}
    done = run(tmp_path, [told(issuer, tmp_path), second])
    assert done.code == 2
    assert "which mailbox?; the settings name: hooks, second" in done.err
