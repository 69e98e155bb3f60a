"""The units are what systemd takes without a word, and as closed as it can be."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from mailhook.cli import commands
from mailhook.config import WebSettings

UNITS = Path(__file__).parents[1] / "systemd"
SERVICES = ("mailhook.service", "mailhook-poll.service")
PROGRAM = "/opt/mailhook/bin/mailhook"
THRESHOLD = 15  # tenths of the exposure level
NEEDED = "systemd-analyze is not installed (apt install systemd)"


@pytest.fixture(scope="module")
def _systemd() -> None:
    if not shutil.which("systemd-analyze"):
        if os.environ.get("CI"):
            pytest.fail(f"{NEEDED}; under CI these tests must run")
        pytest.skip(NEEDED)


def said(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def lines(name: str) -> list[str]:
    written = (line.strip() for line in (UNITS / name).read_text().splitlines())
    return [line for line in written if line and not line.startswith("#")]


@pytest.mark.usefixtures("_systemd")
def test_systemd_has_nothing_to_say_of_the_units(tmp_path: Path):
    for unit in UNITS.glob("mailhook*.*"):
        if unit.suffix in {".service", ".timer", ".socket"}:
            # The program is not where the units expect it, but for the rest it is the same.
            text = unit.read_text().replace(PROGRAM, shutil.which("true") or "")
            (tmp_path / unit.name).write_text(text)
    copies = sorted(tmp_path.iterdir())
    assert len(copies) == 4
    assert said("systemd-analyze", "verify", "--man=no", *copies) == (0, "")


@pytest.mark.usefixtures("_systemd")
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_exposed_by_one_and_a_half_at_most(name: str):
    command = ("security", "--offline=yes", f"--threshold={THRESHOLD}", UNITS / name)
    code, words = said("systemd-analyze", "--no-pager", *command)
    assert code == 0, words


@pytest.mark.usefixtures("_systemd")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_folder_of_snapshots_is_the_services_and_open_to_readers(tmp_path: Path):
    for kind in ("sysusers", "tmpfiles"):
        folder = tmp_path / "etc" / f"{kind}.d"
        folder.mkdir(parents=True)
        shutil.copy(UNITS / f"mailhook.{kind}", folder / "mailhook.conf")
    assert said("systemd-sysusers", f"--root={tmp_path}", "mailhook.conf")[0] == 0
    made = said("systemd-tmpfiles", f"--root={tmp_path}", "--create", "mailhook.conf")
    assert made == (0, "")
    users = dict(line.split(":")[0:3:2] for line in _rows(tmp_path / "etc/passwd"))
    groups = dict(line.split(":")[0:3:2] for line in _rows(tmp_path / "etc/group"))
    assert "mailhook-readers:x:" + groups["mailhook-readers"] + ":mailhook" in _rows(
        tmp_path / "etc/group"
    )
    folder = (tmp_path / "var/lib/mailhook-snapshot").stat()
    owners = (str(folder.st_uid), str(folder.st_gid))
    assert owners == (users["mailhook"], groups["mailhook-readers"])
    assert folder.st_mode & 0o7777 == 0o2750


def _rows(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_both_services_live_in_the_same_sandbox():
    service, poll = (lines(name) for name in SERVICES)
    shared = service[service.index("DynamicUser=yes") : service.index("[Install]")]
    assert poll[poll.index("DynamicUser=yes") :] == shared
    assert len(shared) > 30


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_starts_a_command_that_exists(name: str):
    (start,) = (line for line in lines(name) if line.startswith("ExecStart="))
    program, option, config, command = start.removeprefix("ExecStart=").split()
    assert (program, option, config) == (PROGRAM, "-c", "/etc/mailhook/config.yaml")
    assert commands.get_command(click.Context(commands), command)


def test_what_only_a_person_can_mend_is_not_tried_again():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNITS / "mailhook.service")
    assert unit["Service"]["RestartPreventExitStatus"].split() == ["2", "78"]
    assert unit["Service"]["Restart"] == "on-failure"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"  # and all else for ever


def test_the_socket_is_where_the_settings_have_it_and_one_service_has_all_of_it():
    said_by = dict(line.split("=", 1) for line in lines("mailhook.socket") if "=" in line)
    assert said_by["ListenStream"] == WebSettings().listen
    assert said_by["Accept"] == "no"
