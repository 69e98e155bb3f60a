"""The file that keeps a login: whole, private, one writer at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from device import logged_in, mailbox, refused, told
from issuer import Issuer

from mailhook.errors import ConfigError, MailhookError
from mailhook.oauth import Tokens
from mailhook.oauth.kept import TokenFile


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        yield server


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_where_root_has_logged_in_all_belongs_to_who_owns_the_folder(
    issuer: Issuer, tmp_path: Path
):
    os.chown(tmp_path, 65_534, 65_534)
    logged_in(mailbox(issuer, tmp_path))
    owners = {path.name: path.stat().st_uid for path in tmp_path.iterdir()}
    assert set(owners.values()) == {65_534}
    assert len(owners) == 2
