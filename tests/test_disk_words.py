"""A disk that takes nothing more, or is mounted read-only: every command says just that."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import mails
import pytest
from command import Done, Home


def told(done: Done) -> str:
    return " ".join((done.out + done.err).split())


@pytest.fixture
def home(small_disk: Path) -> Home:
    home = Home(small_disk)
    home.deliver(mails.check_finished("CHK1"))
    return home


@pytest.fixture
def read_only(home: Home) -> Home:
    subprocess.run(["mount", "-o", "remount,ro", home.folder], check=True)
    return home


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("status",), 78),
        (("events",), 78),
        (("query", "SELECT 1"), 78),
        (("alerts", "resolve", "1"), 78),
        (("prune",), 78),
        (("check",), 1),
        (("doctor",), 1),
    ],
)
def test_on_a_read_only_file_system_each_command_says_so(
    read_only: Home, command: tuple[str, ...], code: int
):
    done = read_only.call(*command)
    assert (done.code, "mailhook.db: it lies on a read-only file system" in told(done)) == (
        code,
        True,
    )


def test_a_full_disk_is_wrong_for_check_and_doctor_and_told_as_full(home: Home):
    with (home.folder / "filled").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(os.urandom(4096))
    check, doctor = home.call("check"), home.call("doctor")
    assert (check.code, doctor.code) == (1, 1)
    assert "wrong: store.path: the disk of the store is full: 0 kB of 2.1 MB free" in told(check)
    assert "of 2.1 MB free, which is full: nothing can be written: mails wait" in told(doctor)
    assert "how quick and durable the disk of the store is cannot be told: it is full" in told(
        doctor
    )
    assert "user" not in told(doctor).partition("cannot be told")[2].partition("- ")[0]
