"""Logging in by device code, and the file that keeps the login: whole, private, one writer."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certificates
import pytest
import yaml
from command import Done, call
from issuer import CLIENT, DEVICE, TENANT, Issuer

from mailhook.config import MailboxSettings
from mailhook.errors import ConfigError, MailhookError, TemporaryError
from mailhook.oauth import Prompt, Tokens, login
from mailhook.oauth.kept import TokenFile


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        yield server


def told(issuer: Issuer, home: Path, **changes: object) -> dict[str, Any]:
    oauth2 = {
        "provider": "other",
        "flow": "device_code",
        "token_url": f"{issuer.url}/token",
        "device_url": f"{issuer.url}/device",
        "client_id": CLIENT,
        "token_file": str(home / "oauth-hooks.json"),
    }
    box = {"name": "hooks", "host": "imap.example.com", "username": issuer.user}
    return box | {"oauth2": oauth2 | changes}


def mailbox(issuer: Issuer, home: Path, **changes: object) -> MailboxSettings:
    return MailboxSettings.model_validate(told(issuer, home, **changes))


def logged_in(settings: MailboxSettings) -> tuple[list[Prompt], list[float]]:
    shown: list[Prompt] = []
    waited: list[float] = []
    login(settings, shown.append, waited.append)
    return shown, waited


def refused(settings: MailboxSettings) -> str:
    with pytest.raises(MailhookError) as caught:
        Tokens(settings).access_token()
    return str(caught.value)


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


def test_a_rotated_refresh_token_is_kept_for_the_next_process(issuer: Issuer, tmp_path: Path):
    settings, now = mailbox(issuer, tmp_path), [0.0]
    logged_in(settings)
    now[0] = TokenFile(settings).read().good_until + 1
    first = TokenFile(settings).read().refresh_token
    assert Tokens(settings, lambda: now[0]).access_token().is_fresh
    assert TokenFile(settings).read().refresh_token in issuer.refresh - {first}
    assert not Tokens(settings, lambda: now[0]).access_token().is_fresh  # another process


def test_a_refresh_token_that_is_not_rotated_stays(issuer: Issuer, tmp_path: Path):
    issuer.rotates, settings = False, mailbox(issuer, tmp_path)
    logged_in(settings)
    before = TokenFile(settings).read()
    assert Tokens(settings, lambda: before.good_until + 1).access_token().is_fresh
    after = TokenFile(settings).read()
    assert (after.refresh_token, after.access_token != before.access_token) == (
        before.refresh_token,
        True,
    )


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


def damaged(path: Path) -> None:
    path.write_text(path.read_text()[:-20])


def opened_up(path: Path) -> None:
    path.chmod(0o640)


def given_away(path: Path) -> None:
    os.chown(path, 65_534, 65_534)


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (damaged, "is no token file, or a damaged one"),
        (opened_up, "can be read or changed by other users (mode 0640)"),
        (given_away, "belongs to another user (uid 65534)"),
        (linked, "cannot be used"),
        (a_folder, "is no file"),
    ],
)
def test_a_token_file_that_is_not_ours_alone_is_not_used(
    spoil: Any, words: str, issuer: Issuer, tmp_path: Path
):
    if spoil is given_away and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    settings = mailbox(issuer, tmp_path)
    logged_in(settings)
    spoil(tmp_path / "oauth-hooks.json")
    assert words in refused(settings)
    assert issuer.grants("refresh_token") == 0


def test_a_login_made_with_other_settings_is_sent_nowhere(issuer: Issuer, tmp_path: Path):
    logged_in(mailbox(issuer, tmp_path))
    assert "made with other settings" in refused(mailbox(issuer, tmp_path, client_id="another"))
    assert issuer.grants("refresh_token") == 0


def test_a_folder_that_is_not_there_is_told_before_anybody_is_asked(issuer: Issuer, tmp_path: Path):
    settings = mailbox(issuer, tmp_path, token_file=str(tmp_path / "gone" / "kept.json"))
    with pytest.raises(ConfigError, match=r"oauth2\.token_file: .* no such file"):
        logged_in(settings)
    assert issuer.log == []


def test_what_a_full_disk_would_not_take_is_written_later(issuer: Issuer, tmp_path: Path):
    settings = mailbox(issuer, tmp_path)
    logged_in(settings)
    ends = TokenFile(settings).read().good_until
    tokens = Tokens(settings, lambda: ends + 1)
    in_the_way = tmp_path / "oauth-hooks.json.new"
    in_the_way.mkdir()  # the new file cannot be made
    with pytest.raises(MailhookError, match="cannot be"):
        tokens.access_token()
    in_the_way.rmdir()
    assert tokens.access_token().value in issuer.tokens
    assert TokenFile(settings).read().refresh_token in issuer.refresh
    assert issuer.grants("refresh_token") == 1


def test_connections_that_ask_at_once_refresh_once(issuer: Issuer, tmp_path: Path):
    settings = mailbox(issuer, tmp_path)
    logged_in(settings)
    ends = TokenFile(settings).read().good_until
    apart = [Tokens(settings, lambda: ends + 1) for _ in range(4)]
    values: list[str] = []
    threads = [
        threading.Thread(target=lambda one=one: values.append(one.access_token().value))
        for one in apart
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(values), len(set(values)), issuer.grants("refresh_token")) == (4, 1, 1)


# Forks for each step of a write a process that is killed just there, and tells what is kept then.
KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from mailhook.config import MailboxSettings
from mailhook.oauth.kept import TokenFile

kept = TokenFile(MailboxSettings.model_validate_json(sys.stdin.read()))

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def replace_and_die(old, new):
    os.rename(old, new)
    die()

TRAPS = {
    "made": lambda: setattr(os, "fdopen", die),
    "written": lambda: setattr(os, "fsync", die),
    "synced": lambda: setattr(Path, "replace", die),
    "replaced": lambda: setattr(Path, "replace", replace_and_die),
    "none": lambda: None,
}
for stage, trap in TRAPS.items():
    if not (child := os.fork()):
        with kept.locked():
            grant = replace(kept.read(), refresh_token=stage)
            trap()
            kept.write(grant)
        os._exit(0)
    signalled = os.WTERMSIG(os.waitpid(child, 0)[1])
    with kept.locked():
        print(stage, signalled, kept.read().refresh_token)
"""


def test_killed_at_any_step_the_old_file_or_the_new_one_is_whole(issuer: Issuer, tmp_path: Path):
    logged_in(mailbox(issuer, tmp_path))
    (first,) = issuer.refresh
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        input=json.dumps(told(issuer, tmp_path)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["made", "9", first],
        ["written", "9", first],
        ["synced", "9", first],
        ["replaced", "9", "replaced"],
        ["none", "0", "none"],
    ]
    assert {one.name for one in tmp_path.iterdir()} == {"oauth-hooks.json", "oauth-hooks.json.lock"}


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
