"""`mailhook check` as a process: all that is wrong at once, and nothing changed by asking."""

from __future__ import annotations

import os
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import warm
import yaml
from dovecot import Account

from mailhook import checks, config
from mailhook.config import Settings
from mailhook.config.reading import SEARCHED
from mailhook.errors import ConfigError
from mailhook.store import Store

MAILHOOK = Path(sys.executable).with_name("mailhook")
AUTHSERV = {"authserv_id": "mx.example.com"}


@dataclass(frozen=True)
class Said:
    code: int
    data: str
    words: str

    @property
    def sentence(self) -> str:
        """The words without their line breaks."""
        return " ".join(self.words.split())


def check(home: Path, *, named: Path | None = None, variable: str = "", width: int = 80) -> Said:
    """What `mailhook check` says where `home` is the current folder."""
    environment = os.environ | {"COLUMNS": str(width), "MAILHOOK_CONFIG": variable}
    arguments = ["-c", named] if named else []
    done = warm.run(
        [MAILHOOK, *arguments, "check"],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def write(home: Path, *mailboxes: dict[str, object], name: str = "config.yaml", **sections) -> Path:
    path = home / name
    path.write_text(yaml.safe_dump({"mailboxes": list(mailboxes), "trust": AUTHSERV} | sections))
    return path


def everything(home: Path) -> dict[str, tuple[int, bytes]]:
    """The names, times and bytes of all files."""
    files = (path for path in home.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@contextmanager
def nobody_listens() -> Iterator[int]:
    """A port that refuses connections: bound, and not listened on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def test_when_all_is_well_it_says_so_and_makes_no_store(account: Account, tmp_path: Path):
    path = account.config()
    before = everything(tmp_path)
    said = check(tmp_path)
    assert said.data == f"nothing is wrong: 1 mailbox, store {tmp_path}/mailhook.db\n"
    assert (said.code, said.words) == (0, f"settings: {path}\n")
    assert everything(tmp_path) == before
    assert account.count() == 0


def test_a_store_in_use_or_at_rest_is_looked_at_and_left_as_it_is(tmp_path: Path):
    path = tmp_path / "mailhook.db"
    settings = Settings.model_validate({"store": {"path": path}})
    with Store(path, purpose="run", keep_raw="full", window_seconds=180):
        in_use = path.read_bytes()
        assert checks.problems(settings) == []
        assert path.read_bytes() == in_use
    at_rest = path.read_bytes()
    assert checks.problems(settings) == []
    assert path.read_bytes() == at_rest


def test_all_that_is_wrong_is_told_at_once(account: Account, tmp_path: Path):
    wrong = tmp_path / "wrong"
    wrong.write_text("battery-staple")
    wrong.chmod(0o644)
    with nobody_listens() as port:
        write(
            tmp_path,
            account.mailbox(name="password", password={"file": "wrong"}),
            account.mailbox(name="folder", username=f"{account.user}-2", folders=["INBOX", "Hoks"]),
            account.mailbox(name="port", port=port, username="u", password={"env": "MAILHOOK_X"}),
            account.mailbox(name="secret", username="v", password={"file": "gone"}),
            trust={"signing_keys": [{"command": ["false"]}]},
            store={"path": "missing/mailhook.db"},
        )
        before = everything(tmp_path)
        said = check(tmp_path)
    assert (said.code, said.data) == (1, "")
    for told in (
        "warning: trust.authserv_id: is not set",
        f"warning: mailboxes[password].password: {wrong} can be read or changed by other users",
        "wrong: mailboxes[password].password: 127.0.0.1:",
        f"refuses the login of {account.user}",
        "wrong: mailboxes[folder].folders[1]: there is no folder 'Hoks'",
        f"127.0.0.1:{port}: Connection refused",
        "wrong: mailboxes[port].password: {env: MAILHOOK_X} there is no such environment variable",
        f"wrong: mailboxes[secret].password: {{file: {tmp_path}/gone}} cannot be read: no such",
        "wrong: trust.signing_keys[0]: {command: [false, …]} failed with exit code 1",
        f"wrong: store.path: the folder {tmp_path}/missing does not exist",
    ):
        assert told in said.sentence
    assert said.words.count("wrong: ") == 7
    assert "Connection refused hint: check the address; if it is right," in said.sentence
    assert "battery-staple" not in said.words
    assert everything(tmp_path) == before


def test_broken_settings_are_told_as_they_stand_in_the_file(tmp_path: Path):
    path = tmp_path / "config.yaml"
    path.write_text("stor: {}\nlog: {level: loud}\n")
    assert check(tmp_path) == Said(
        1,
        "",
        f"""\
settings: {path}
wrong: line 1: stor: unknown key
    stor: ***
    hint: did you mean 'store'?
wrong: line 2: log.level: must be debug, info, warning or error
    log: {{level: loud}}
""",
    )


def test_what_a_person_reads_keeps_to_the_width_of_the_screen(tmp_path: Path):
    mailbox = {"name": "a", "host": "127.0.0.1", "tls": "none", "username": "u"}
    write(tmp_path, mailbox | {"port": 1, "password": {"file": "p"}}, trust={"require": "none"})
    said = check(tmp_path, width=60)
    lines = said.words.replace(str(tmp_path), "/home").splitlines()
    assert said.code == 1
    assert max(map(len, lines)) <= 60
    assert all(line.startswith(("settings: ", "warning: ", "wrong: ", "    ")) for line in lines)


def test_what_stands_in_a_settings_file_cannot_move_the_terminal(tmp_path: Path):
    mailbox = {"name": "a\N{RIGHT-TO-LEFT OVERRIDE}b", "host": "127.0.0.1", "tls": "none"}
    write(tmp_path, mailbox | {"port": 1, "username": "u", "password": {"file": "p"}})
    assert "mailboxes[a\\u202eb].password" in check(tmp_path).sentence


def test_a_missing_mailbox_and_a_sender_that_need_no_proof_are_warnings(tmp_path: Path):
    write(tmp_path, trust={"require": "none"})
    said = check(tmp_path)
    assert said.code == 0
    assert "warning: mailboxes: none is named: `poll` and `run` have nothing" in said.sentence
    assert "warning: trust.require: none: anybody who knows the inbox's address" in said.sentence


def told_of_store(path: Path) -> str:
    settings = Settings.model_validate({"store": {"path": path}})
    (problem,) = checks.problems(settings)
    assert (problem.path, bool(problem.hint)) == ("store.path", True)
    return problem.message


def test_a_store_path_that_cannot_hold_a_store_is_told(tmp_path: Path):
    text, other = tmp_path / "text", tmp_path / "other.db"
    text.write_text("dear diary, " * 100)
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE diary (entry TEXT)")
    before = everything(tmp_path)
    assert told_of_store(tmp_path) == f"{tmp_path}: this is a folder, not a file"
    assert told_of_store(tmp_path / "a/b.db") == f"the folder {tmp_path}/a does not exist"
    assert told_of_store(text / "b.db") == f"the folder {text} does not exist"
    assert told_of_store(text) == f"{text}: this file is no SQLite database"
    assert told_of_store(other) == f"{other}: this SQLite file is no mailhook store"
    assert everything(tmp_path) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_store_that_this_user_could_not_write_is_told():
    with TemporaryDirectory() as name:  # others cannot look into pytest's own
        mine, shut = Path(name) / "mine", Path(name) / "mine" / "shut"
        mine.parent.chmod(0o711)
        (shut / "in").mkdir(parents=True)
        shut.chmod(0o700)
        os.seteuid(65_534)
        try:
            messages = [told_of_store(mine / "a.db"), told_of_store(shut / "in" / "a.db")]
        finally:
            os.seteuid(0)
    assert messages == [
        f"the folder {mine} cannot be written, where the store keeps files beside it",
        f"{shut}/in/a.db cannot be reached: no permission",
    ]


def test_the_settings_are_the_named_ones_else_the_variables_else_those_of_the_folder(
    tmp_path: Path,
):
    here = write(tmp_path)
    named, variable = write(tmp_path, name="named.yaml"), write(tmp_path, name="variable.yaml")
    said = [
        check(tmp_path, named=named, variable=str(variable)),
        check(tmp_path, variable=str(variable)),
        check(tmp_path),
    ]
    assert [one.words.splitlines()[0] for one in said] == [
        f"settings: {path}" for path in (named, variable, here)
    ]


def test_the_last_place_looked_at_is_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MAILHOOK_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    places = [Path("config.yaml"), tmp_path / "etc" / "config.yaml"]
    with pytest.raises(ConfigError, match=r"MAILHOOK_CONFIG, .*/config.yaml, .*/etc/config.yaml"):
        config.find(None, places)
    places[1].parent.mkdir()
    places[1].touch()
    assert config.find(None, places) == places[1]
    places[0].touch()
    assert config.find(None, places) == places[0]
    assert (Path("config.yaml"), Path("/etc/mailhook/config.yaml")) == SEARCHED


@pytest.mark.parametrize("by", ["named", "variable"])
def test_a_named_file_that_is_not_there_is_wrong_though_another_would_do(by: str, tmp_path: Path):
    write(tmp_path)
    gone = tmp_path / "gone.yaml"
    said = check(tmp_path, **{by: gone if by == "named" else str(gone)})
    assert said.code == 1
    assert f"wrong: {gone}: there is no such settings file" in said.sentence
