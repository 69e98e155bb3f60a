"""A real server's IDLE: told in time though nothing is polled, healed when it is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from dovecot import Account
from watching import Watched, hook, watching

from mailhook.sources.imap import Patience


@pytest.fixture
def watched(account: Account, tmp_path: Path) -> Iterator[Watched]:
    with watching(tmp_path) as watched:
        settings = account.settings(
            poll_seconds=3600, folders=["INBOX", {"name": "Hooks", "idle": True}]
        )
        account.append(hook(0), folder="Hooks")
        watched.watch(settings, "Hooks", patience=Patience())
        watched.until_recorded(1)
        yield watched


def test_an_appended_mail_is_a_row_within_two_seconds_though_nothing_polls(
    account: Account, watched: Watched
):
    for number in (1, 2, 3):
        with account.dovecot.client(account.user) as client:
            client.append("Hooks", None, None, hook(number))
        started = time.monotonic()
        watched.until_recorded(1)
        assert time.monotonic() - started < 2


def test_a_killed_server_process_is_healed_in_two_seconds(account: Account, watched: Watched):
    # Killed while it opens the folder it would leave a lock behind, which others wait for.
    watched.watches[0].ask().result(10)
    for process in processes(account):
        os.kill(process, signal.SIGKILL)
    with account.dovecot.client(account.user) as client:
        client.append("Hooks", None, None, hook(1))
    started = time.monotonic()
    watched.until_recorded(1)
    assert time.monotonic() - started < 2


def test_a_folder_deleted_and_made_anew_while_idle_is_read_and_watched(
    account: Account, watched: Watched
):
    (watch,) = watched.watches
    with account.dovecot.client(account.user) as client:
        client.delete("Hooks")
        watch.ask().result(10)
        client.create("Hooks")
        client.append("Hooks", None, None, hook(1))
        watch.ask().result(10)
        watched.until_recorded(1)
        client.append("Hooks", None, None, hook(2))
    watched.until_recorded(1)


def test_a_folder_renamed_while_idle_is_missed_and_read_when_it_is_back(
    account: Account, watched: Watched
):
    (watch,) = watched.watches
    with account.dovecot.client(account.user) as client:
        client.rename("Hooks", "Old")
        client.append("Old", None, None, hook(1))
        watch.ask().result(10)
        assert watch.ask().result(10).exit_code == 78
        client.rename("Old", "Hooks")
        watch.ask().result(10)
        watched.until_recorded(1)
        client.append("Hooks", None, None, hook(2))
    watched.until_recorded(1)


def processes(account: Account) -> list[int]:
    """The server's processes that serve IMAP sessions."""
    server = psutil.Process(account.dovecot.process.pid)
    return [child.pid for child in server.children(recursive=True) if child.name() == "imap"]
