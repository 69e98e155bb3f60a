"""The command line as a whole: its commands, its exit codes, its manners."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import click
import mails
import pytest
from command import MAILHOOK, PLAIN, Home, call, process

from mailhook.cli import commands

NAMES = (
    "demo check poll run serve ingest events alerts deliveries catalog query export quarantine"
    " replay reconcile explain status doctor snapshot backup prune notify oauth token"
).split()
LATER = ("template init forget explore").split()
LISTS = ["events", "alerts", "deliveries", "catalog"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def found(path: tuple[str, ...]) -> click.Command:
    command: click.Command = commands
    for name in path:
        assert isinstance(command, click.Group)
        inner = command.get_command(click.Context(command), name)
        assert inner
        command = inner
    return command


INNER = [("quarantine", "list"), ("quarantine", "show"), ("notify", "test"), ("oauth", "login")]
INNER += [("token", name) for name in ("verify", "sign", "recheck")]
PATHS = [(), *((name,) for name in NAMES), *INNER]


def test_the_commands_are_those_of_this_step_in_the_order_of_use():
    assert commands.list_commands(click.Context(commands)) == NAMES


@pytest.mark.parametrize("name", LATER)
def test_no_command_of_a_later_step_has_a_stub(name: str):
    done = call(name)
    assert (done.code, done.out) == (2, "")
    assert f"there is no command '{name}'" in done.err


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_says_in_sentences_what_a_command_does_and_fits_80_columns(path: tuple[str, ...]):
    done = call(*path, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: {' '.join(['mailhook', *path])}")
    assert max(map(len, done.out.splitlines())) <= 80
    first = (found(path).help or "").splitlines()[0]
    assert re.fullmatch(r"[A-Z].*[.]", first), first


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_option_says_what_it_is_for(path: tuple[str, ...]):
    for parameter in found(path).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize("name", LISTS)
def test_every_list_can_be_had_as_json(name: str):
    assert any("--json" in one.opts for one in found((name,)).params)


def test_the_bare_command_says_what_there_is():
    done = call()
    assert (done.code, done.out) == (2, "")
    assert all(f"  {name} " in done.err for name in NAMES)


def test_an_unknown_command_is_a_usage_error_that_names_the_nearest():
    done = call("evnts")
    assert (done.code, done.err) == (
        2,
        "mailhook: there is no command 'evnts'; did you mean 'events'?\n",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["events", "--limt", "3"], "Did you mean '--limit'?"),
        (["events", "--limit", "0"], "0 is not in the range x>=1"),
        (["events", "--limit", "9" * 5000], "is not a valid integer range"),
        (["events", "--since", "yesterday"], "'yesterday' is no time: write 2026-08-03"),
        (["events", "--since", "²d"], "is no time"),
        (["events", "--since", "99999d"], "is no time"),
        (["events", "--since", "2999w"], "'2999w' is no time: write 2026-08-03"),
        (["reconcile", "--since", "9999w"], "nothing before 1970"),
        (["events", "--channel", "fax"], "'fax' is not one of 'email', 'web', 'api', 'file'"),
        (["export", "--format", "xml"], "'xml' is not one of"),
        (["ingest"], "Missing argument 'PATH…'"),
        (["quarantine", "show", "first"], "'first' is not a valid integer"),
    ],
)
def test_a_wrong_call_is_a_usage_error_with_its_reason(arguments: list[str], said: str):
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert f"see `mailhook {arguments[0]}" in done.err


@pytest.mark.parametrize("number", [2**63, 10**30])
@pytest.mark.parametrize(
    "arguments", [("events", "--limit"), ("export", "--after"), ("quarantine", "show")]
)
def test_a_number_beyond_what_sqlite_holds_is_a_usage_error(
    home: Home, arguments: tuple[str, ...], number: int
):
    home.deliver(mails.check_finished("CHK1"))
    done = home.call(*arguments, number)
    assert (done.code, done.out) == (2, "")
    assert "bug" not in done.err


@pytest.mark.parametrize("name", [*LISTS[:3], "status", "export", "ingest x", "query latest"])
def test_without_a_settings_file_a_command_says_where_it_looked(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILHOOK_CONFIG", raising=False)
    done = call(*name.split())
    assert (done.code, done.out) == (78, "")
    assert "no settings file; looked for $MAILHOOK_CONFIG" in done.err


def test_the_settings_file_may_be_named_by_the_environment(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    home.deliver(mails.check_finished("CHK1"))
    monkeypatch.setenv("MAILHOOK_CONFIG", str(home.config))
    assert "CHK1" in call("events").out


def test_all_that_is_wrong_with_the_settings_is_said_at_once(home: Home):
    home.write({"stor": {}, "log": {"level": "loud"}})
    done = home.call("events")
    assert done.code == 78
    assert "stor: " in done.err
    assert "log.level: " in done.err


@pytest.mark.parametrize(
    "arguments", [["events"], ["status"], ["query", "latest"], ["quarantine", "show", "1"]]
)
def test_before_the_first_mail_a_reading_command_says_there_is_no_store(
    home: Home, arguments: list[str]
):
    done = home.call(*arguments)
    assert (done.code, done.out) == (78, "")
    assert "there is no store yet" in done.err
    assert not home.store.exists()


@pytest.mark.parametrize("name", LISTS[:3])
def test_a_list_of_nothing_says_so_beside_the_data(home: Home, name: str):
    home.deliver()
    done = home.call(name)
    assert (done.code, done.out, done.err) == (0, "", "nothing\n")
    assert home.call(name, "--json").out == "[\n]\n"


def test_a_bug_of_ours_ends_in_70_and_says_where_but_not_what_a_mail_said(home: Home):
    home.deliver(mails.check_finished("CHK1"))
    with closing(sqlite3.connect(home.store)) as db:
        db.execute("UPDATE events SET object = '\"CHKsecret\"'")
        db.execute("DROP TABLE sightings")
        db.commit()
    done = home.call("events", "--channel", "email")
    assert done.code == 70
    assert re.fullmatch(r"mailhook: this is a bug, please report it: \w+ at .*\n", done.err)
    assert "reader.py" in done.err
    assert "CHK" not in done.err


@pytest.fixture(scope="module")
def full_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("full"))
    home.deliver(mails.check_finished(f"CHK{1:032d}"))
    home.multiply(1500)
    return home


FLOODS = [
    ["events", "--json"],
    ["events", "--limit", "1500"],
    ["export", "--format", "csv"],
]


@pytest.mark.parametrize("arguments", FLOODS, ids=" ".join)
def test_a_reader_that_has_seen_enough_is_no_error_and_no_noise(
    full_home: Home, arguments: list[str]
):
    command = [MAILHOOK, "-c", full_home.config, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=PLAIN) as child:
        assert child.stdout
        assert child.stderr
        assert child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(30) == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["events"], ["status"], FLOODS[2]])
def test_output_that_does_not_fit_the_disk_is_said_and_can_be_tried_again(
    full_home: Home, arguments: list[str]
):
    with Path("/dev/full").open("wb") as full:
        done = process("-c", full_home.config, *arguments, stdout=full)
    assert done.code == 75
    assert done.err.endswith("mailhook: the output is incomplete: no space left on device\n")
    assert "Exception ignored" not in done.err


def test_what_a_terminal_has_no_letter_for_is_spelled_out(home: Home):
    home.deliver(mails.write("olá", subject="Verificação ✓"))
    done = process("-c", home.config, "deliveries", env=PLAIN | {"PYTHONIOENCODING": "latin-1"})
    assert done.code == 0
    assert "Verificação \\u2713".encode("latin-1") in done.raw


def test_a_command_is_imported_only_when_called():
    script = "import sys, mailhook.cli; print({'rich', 'sqlite3', 'yaml'} & {*sys.modules})"
    python = MAILHOOK.with_name("python")
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
