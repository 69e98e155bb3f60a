"""The service and its store in trouble: a full disk, a store that goes; and commands through it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import mails
import warm
from scripted_imap import Mail, ScriptedImap
from service import MAILHOOK, Line, Service, batch, running

# `mailhook`, whose heart beats every half second, not every fifteen.
HASTY = """
from mailhook.__main__ import program
from mailhook.worker import housekeeping
housekeeping._HEARTBEAT_SECONDS = 0.5
program()
"""
HOOKS = [mails.check_finished(f"CHK{number:032d}") for number in range(4)]


def command(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """A command beside the service."""
    return warm.run(
        [MAILHOOK, "-c", home / "config.yaml", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
    )


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    with (folder / "filled").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"0" * 4096)
    return folder / "filled"


def says(words: str, line: Line) -> bool:
    return words in line["event"]


def until_recorded(service: Service, count: int) -> None:
    service.until(batch)
    while service.count("events") < count:
        service.until(batch)


def test_commands_go_through_the_service_and_say_what_they_say_without(tmp_path: Path):
    (tmp_path / "one.eml").write_bytes(HOOKS[1])
    with (
        ScriptedImap(tmp_path, HOOKS[0]) as server,
        running(tmp_path, server.mailbox(idle=False, poll_seconds=3600)) as service,
    ):
        service.until(batch)
        ingested = command(tmp_path, "ingest", tmp_path / "one.eml")
        server.inbox.add(Mail(HOOKS[2]))
        polled = command(tmp_path, "poll", "--json")
        pruned = command(tmp_path, "prune")
        told = command(tmp_path, "status", "--json")
        assert service.count("events") == 3
        service.stop(signal.SIGKILL)
        after = command(tmp_path, "poll", "--json")  # the socket left behind is in nobody's way
    assert (ingested.returncode, ingested.stdout) == (0, "1 recorded\n")
    assert json.loads(polled.stdout) == {"outcomes": {"recorded": 1}, "errors": []}
    assert pruned.stdout == "removed: bytes of 0 mails, 0 events, 0 rows of deliveries\n"
    assert (told.returncode, json.loads(told.stdout)["service"]["state"]) == (0, "running")
    assert json.loads(after.stdout) == {"outcomes": {}, "errors": []}


def test_a_poll_through_the_service_says_which_mailbox_is_in_trouble(tmp_path: Path):
    with ScriptedImap(tmp_path, HOOKS[0]) as server:
        server.on("LOGIN other", b"<tag> NO who are you\r\n")
        both = server.mailbox(), server.mailbox(name="other", username="other")
        with running(tmp_path, *both) as service:
            until_recorded(service, 1)
            polled = command(tmp_path, "poll", "--json")
            told = command(tmp_path, "status")
    assert polled.returncode == 78
    (error,) = json.loads(polled.stdout)["errors"]
    assert error.startswith("mailboxes[other].password: ")
    assert told.returncode == 1
    assert "other, INBOX: no round trip since" in told.stdout


def test_a_full_disk_is_said_and_with_room_every_mail_is_recorded_once(small_disk: Path):
    with (
        ScriptedImap(small_disk, HOOKS[0]) as server,
        running(small_disk, server.mailbox()) as service,
    ):
        until_recorded(service, 1)
        filled = fill(small_disk)
        server.inbox.add(*map(Mail, HOOKS[1:]))
        service.until(lambda line: says("the disk is full", line))
        filled.unlink()
        until_recorded(service, 4)
        code, _ = service.stop()
        assert code == 0
        assert service.count("events") == service.count("deliveries") == 4


def test_a_store_deleted_under_the_service_is_put_back_whole(tmp_path: Path):
    with (
        ScriptedImap(tmp_path, *HOOKS[:2]) as server,
        running(tmp_path, server.mailbox(), program=(sys.executable, "-c", HASTY)) as service,
    ):
        until_recorded(service, 2)
        (tmp_path / "mailhook.db").unlink()
        server.inbox.add(Mail(HOOKS[2]))
        service.until(lambda line: says("all that it held has been written back", line))
        until_recorded(service, 3)
        code, _ = service.stop()
        assert code == 0
        assert service.count("deliveries") == 3
