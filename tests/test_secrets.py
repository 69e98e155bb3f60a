"""Secrets come by reference, are read when needed, and are never shown."""

from __future__ import annotations

import json
import os
import select
import time
from pathlib import Path

import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from mailhook import config
from mailhook.config import Secret, Settings
from mailhook.config.secret import COMMAND_SECONDS
from mailhook.errors import ConfigError

LARGE = 70_000


def written(home: Path, raw: bytes) -> Secret:
    path = home / "secret"
    path.write_bytes(raw)
    return Secret(file=path)


def shell(script: str, *arguments: str) -> Secret:
    return Secret(command=("sh", "-c", script, *arguments))


def failure(secret: Secret, *, seconds: float = 5) -> str:
    with pytest.raises(ConfigError) as caught:
        secret.reveal(command_seconds=seconds)
    (problem,) = caught.value.problems
    assert (problem.path, bool(problem.hint)) == (str(secret), True)
    return problem.message


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"horse", "horse"),
        (b"horse\n", "horse"),
        (b"horse\r\n", "horse"),
        (b" a horse \n", " a horse "),
        ("contraseña ✓\n".encode(), "contraseña ✓"),
    ],
)
def test_a_secret_is_what_the_file_holds_without_one_line_break(
    raw: bytes, value: str, tmp_path: Path
):
    assert written(tmp_path, raw).reveal() == value


def test_a_secret_comes_from_the_environment_a_credential_or_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "imap").write_text("from-systemd\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("IMAP_PASSWORD", "from-environment")
    assert Secret(env="IMAP_PASSWORD").reveal() == "from-environment"
    assert Secret(credential="imap").reveal() == "from-systemd"
    assert Secret(command=("echo", "from", "$HOME", ";", "false")).reveal() == "from $HOME ; false"


def test_a_credential_is_told_of_for_the_unit_and_for_a_shell(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError) as refused:
        Secret(credential="imap").reveal()
    assert "LoadCredential=imap:" in str(refused.value)
    assert "CREDENTIALS_DIRECTORY=/folder" in str(refused.value)


def test_a_secret_is_read_anew_each_time(tmp_path: Path):
    secret = written(tmp_path, b"old")
    assert secret.reveal() == "old"
    written(tmp_path, b"new")
    assert secret.reveal() == "new"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"horse\nbattery\n", "holds more than one line"),
        (b"horse\n\n", "holds more than one line"),
        (b"horse\0", "holds more than one line"),
        (b"caf\xe9", "is not UTF-8 text"),
        (b"x" * LARGE, "is larger than 65536 bytes"),
    ],
)
def test_a_file_that_holds_no_one_line_secret_is_refused(raw: bytes, message: str, tmp_path: Path):
    assert failure(written(tmp_path, raw)) == message


def test_what_is_not_there_is_told_by_its_reference_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    gone, no_such = tmp_path / "gone", "there is no such environment variable"
    assert failure(Secret(file=gone)) == "cannot be read: no such file or directory"
    assert failure(Secret(file=tmp_path)) == "cannot be read: is a directory"
    assert failure(Secret(env="MAILHOOK_NOT_SET")) == no_such
    monkeypatch.setitem(os.environb, b"MAILHOOK_BYTES", b"\xff")
    assert failure(Secret(env="MAILHOOK_BYTES")) == "is not UTF-8 text"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert failure(Secret(credential="imap")) == "$CREDENTIALS_DIRECTORY is not set"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert failure(Secret(credential="imap")) == "cannot be read: no such file or directory"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_of_somebody_else_is_told(tmp_path: Path):
    secret = written(tmp_path, b"horse")
    os.seteuid(65_534)
    try:
        assert failure(secret) == "cannot be read: permission denied"
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("/nowhere/pass",), "cannot be read: no such file or directory"),
        (("sh", "-c", "echo horse; exit 3"), "failed with exit code 3"),
        (("sh", "-c", "echo horse; kill -9 $$"), "died of signal 9"),
        (("true",), "is empty"),
        (("cat",), "is empty"),  # nothing is typed into it
        (("sh", "-c", "echo horse >&2"), "is empty"),
        (("printf", "horse\nuser: hooks\n"), "holds more than one line"),
        (("yes",), "printed more than 65536 bytes"),
    ],
)
def test_a_command_that_gives_no_secret_is_refused(command: tuple[str, ...], message: str):
    assert failure(Secret(command=command)) == message


@pytest.mark.parametrize("script", ["sleep 60", "echo horse; sleep 60", "exec >&-; sleep 60"])
def test_a_command_that_hangs_is_ended(script: str):
    started = time.monotonic()
    assert failure(shell(script), seconds=0.2) == "did not end within 0.2 s"
    assert time.monotonic() - started < 10
    assert COMMAND_SECONDS == 10


def test_a_commands_children_end_with_it(tmp_path: Path):
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    script = 'exec 3>"$0"; echo up >&3; sleep 60 & yes'
    assert failure(shell(script, str(pipe))) == "printed more than 65536 bytes"
    assert os.read(reading, 10) == b"up\n"
    # The pipe ends when the last process that holds it has ended.
    assert select.select([reading], [], [], 10)[0]
    assert os.read(reading, 10) == b""
    os.close(reading)


def test_a_secret_shows_its_reference_and_never_a_commands_arguments():
    secret = Secret(command=("vault", "--token", "horse"))
    for shown in (str(secret), repr(secret), repr([secret]), pretty_repr(secret), f"{secret!a}"):
        assert "vault" in shown
        assert "horse" not in shown
    assert str(Secret(env="A")) == "{env: A}"


INLINE = ("", "secrets come by reference only")
REFERENCES = [
    ("horse", *INLINE),
    ("12345", *INLINE),
    ("[horse]", *INLINE),
    ("|\n      horse", *INLINE),
    ("{horse: }", "", "is no reference to a secret"),
    ("{file: a, env: B}", "", "needs exactly one of file, env, credential, command"),
    ("{file: }", "", "needs exactly one of file, env, credential, command"),
    ("{file: ''}", ".file", "names no file"),
    ("{env: $HORSE}", ".env", "is no name of an environment variable"),
    ("{env: 1A}", ".env", "is no name of an environment variable"),
    ("{env: HORSE-1}", ".env", "is no name of an environment variable"),
    ("{credential: a/b}", ".credential", "is a path"),
    ("{credential: ..}", ".credential", "is a path"),
    ("{command: pass hooks}", ".command", "must be a list of words, the program first"),
    ("{command: []}", ".command", "must be a list of words, the program first"),
    ("{command: [pass, 7]}", ".command", "is read as a number"),
]


def mailbox(password: str) -> str:
    return f"mailboxes:\n  - name: a\n    host: b.example.com\n    username: c\n    {password}\n"


@pytest.mark.parametrize(("value", "below", "message"), REFERENCES)
def test_what_is_no_reference_is_refused_unseen(
    value: str, below: str, message: str, tmp_path: Path
):
    (tmp_path / "config.yaml").write_text(mailbox(f"password: {value}"))
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path / "config.yaml")
    (problem,) = caught.value.problems
    assert (problem.path, problem.message) == (f"mailboxes[0].password{below}", message)
    assert problem.hint
    assert "horse" not in str(problem).lower()


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o620, 1), (0o777, 1)]
)
def test_a_secret_file_open_to_others_is_a_warning(mode: int, warned: int, tmp_path: Path):
    path = tmp_path / "key"
    path.touch()
    path.chmod(mode)
    keys = [{"file": path}, {"file": tmp_path / "gone"}, {"env": "KEY"}]
    told = config.warnings(Settings.model_validate({"trust": {"signing_keys": keys}}))
    assert [(p.path, p.hint) for p in told] == warned * [
        ("trust.signing_keys[0]", f"chmod 600 {path}")
    ]
    assert all(f"can be read or changed by other users (mode {mode:04o})" in str(p) for p in told)


def test_every_secret_that_cannot_be_read_is_told_by_its_key(tmp_path: Path):
    path = tmp_path / "config.yaml"
    keys = "trust: {signing_keys: [{env: MAILHOOK_A}, {command: [echo, fine]}, {file: b}]}\n"
    path.write_text(keys + mailbox("password: {credential: c}"))
    told = config.secret_problems(config.load(path))
    assert [problem.path for problem in told] == [
        *("mailboxes[a].password", "trust.signing_keys[0]", "trust.signing_keys[2]")
    ]
    assert told[2].message == f"{{file: {tmp_path}/b}} cannot be read: no such file or directory"


# Where people write a secret into the file itself. The lines around are wrong too, so that
# every line has a reason to be shown.
PLACES = [
    *map(
        mailbox,
        [
            *("password: §", "password: [§]", "password: {§: x}", "password: {file: x, y: §}"),
            *("password: {fiel: §}", "password:\n      §", "password: |\n      x\n      §"),
            *("password: {env: §-}", "password: {command: [a, §], env: B}", "passwrod: §"),
            *("password: {command: §}", "Password : §", "pass: {word: [§]}", "oauth2: {token: §}"),
            *("password: {file: a}\n    password: §", "password: {file: a} # §", "password §: x"),
            *("port: 0  # §", "ca_file: https://a:§@b.example.com/", "folders: [{pass: §}]"),
            "password: {x: {§: &a y, §: z}}",
        ],
    ),
    *(
        "api: {key: §}",
        "api: {key: {§: x, y: §}}",
        "api:\n  §",
        "notify: [{url: §}]",
        "trust: {tag: §}",
    ),
    *("trust: {signing_keys: [§]}", "trust: {signing_keys: §}", "trust: {signing_key: §}"),
    *(
        "web: &b §",
        "mailboxes: [{name: no, password: §, port: 0}]",
        "apy:\n- §",
        "log: {level: x, k: §",
    ),
    "mailboxes: [{name: no, 'password':§, port: 0}]",
]
MARK = "Zq7Zq7"
AROUND = st.text(st.sampled_from("ab 1:#'\"&*!|>%@`-?\\$=.~/é\N{GRINNING FACE}"), max_size=6)


SPELLED = st.builds(
    lambda before, after, quoted: quoted(f"{before}{MARK}{after}"),
    AROUND,
    AROUND,
    st.sampled_from([str, json.dumps, lambda secret: f"'{secret}'"]),
)
BROKEN = ["", "log: {level: no, format: [}", "\tx: y", "store: {raw: 1}\nx: {"]


@settings(max_examples=examples(120), deadline=None)
@given(place=st.sampled_from(PLACES), spelled=SPELLED, rest=st.sampled_from(BROKEN))
def test_a_secret_written_anywhere_is_never_shown(
    place: str, spelled: str, rest: str, tmp_path_factory: pytest.TempPathFactory
):
    path = tmp_path_factory.getbasetemp() / "config.yaml"
    assert MARK not in shown(f"{place.replace('§', spelled)}\n{rest}\n", path)


@pytest.mark.parametrize(
    "line",
    [f"password :{MARK}: x", f"password  :{MARK}", f"password :'{MARK}': x", f"a.b :{MARK}:: x"],
)
def test_a_colon_that_ends_no_key_does_not_show_what_follows_it(line: str, tmp_path: Path):
    assert MARK not in shown(mailbox(line), tmp_path / "config.yaml")


def test_a_misspelt_key_is_shown_without_its_value(tmp_path: Path):
    for key in ("passwrod", "passwrod ", "'passwrod' "):
        told = shown(mailbox(f"{key}: {MARK}"), tmp_path / "config.yaml")
        assert f"{key}: ***" in told


def shown(text: str, path: Path) -> str:
    path.write_text(text)
    try:
        return repr(config.load(path))
    except ConfigError as error:
        return f"{error} {error!r} {error.problems!r}"
