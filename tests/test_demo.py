"""demo: the main job shown on an inbox of its own, from an empty folder to what to type next."""

from __future__ import annotations

import json
import re
import shutil
import site
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest
from command import MAILHOOK, PLAIN, Done, call, on_terminal, process

from mailhook import signing_keys
from mailhook.demo import free_folder, inbox

pytest.importorskip("pymap", reason="the demo needs pymap")

CHECKOUT = Path(__file__).parents[1]
MAILS = sorted(entry.name for entry in (files("mailhook.demo") / "mails").iterdir())
OUTCOMES = {
    "01-check-finished-es": "recorded",
    "02-check-finished-token": "duplicate",
    "03-identity-process-succeeded-pt": "recorded",
    "04-identity-process-failed-en": "recorded",
    "05-document-validation-failed-json": "recorded",
    "06-check-delayed-pt": "recorded",
    "07-check-delayed-again-pt": "recorded",
    "08-phone-validation-succeeded-en": "recorded",
    "09-deliveries-failing-es": "alert",
    "10-forged-en": "quarantined",
    "11-not-understood-es": "quarantined",
    "12-newsletter-en": "ignored",
}


@dataclass(frozen=True)
class Run:
    """A demo that was run in the empty folder `home`, and how long it took."""

    home: Path
    done: Done
    seconds: float

    def section(self, heading: str) -> list[str]:
        """The lines below a heading, without those that head a table."""
        part = self.done.out.split(f"\n{heading}", 1)[1].split("\n\n")[0]
        return [line for line in part.splitlines()[1:] if "──" not in line]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    home = tmp_path_factory.mktemp("demo run")
    start = time.monotonic()
    done = process("demo", cwd=home)
    return Run(home, done, time.monotonic() - start)


def test_it_ends_well_within_20_seconds(run: Run):
    assert run.done.code == 0, run.done.err
    assert run.seconds < 20


def test_every_mail_is_told_with_its_outcome_and_what_that_means(run: Run):
    told = [line.split(maxsplit=2) for line in run.section("What became of each mail")[1:]]
    assert {name: outcome for name, outcome, _ in told} == OUTCOMES
    assert [f"{name}.eml" for name in OUTCOMES] == MAILS
    assert all(meaning for _, _, meaning in told)


def test_each_event_is_shown_once_and_how_often_it_was_told(run: Run):
    told = [line.split() for line in run.section("Events of 3 August 2026")[1:]]
    assert len(told) == len({tuple(line[:3]) for line in told}) == 7
    assert [line[1] for line in told if line[3] == "2×"] == ["check.finished"]
    assert {line[3] for line in told} == {"1×", "2×"}


def test_the_alert_and_the_quarantine_are_shown(run: Run):
    (alert,) = run.section("Alerts")[1:]
    assert alert.split() == [
        "delivery_failing",
        "https://hooks.example.com/truora",
        "42",
        "%",
        "failed",
    ]
    held = "\n".join(run.section("Quarantine")[1:])
    assert re.search(r"^11 .*unknown_notice: ", held, re.MULTILINE)
    assert re.search(r"^10 .*untrusted: .*", held, re.MULTILINE)


def test_piped_it_is_80_columns_of_plain_text_but_for_what_is_pasted(run: Run):
    shown, pasted = run.done.out.split("\nGo on with\n")
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in run.done.out + run.done.err
    assert len(pasted.splitlines()) == 3
    assert run.done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("nth", "name", "says"),
    [
        (0, "query", "CHK7d1f0c52a94e6b8830be4f6a1c2d9e75"),
        (1, "export", '"mailhook":{"revision":'),
        (2, "explain", "verdict  read"),
    ],
)
def test_a_command_it_ends_with_works_as_it_is_pasted(run: Run, nth: int, name: str, says: str):
    line = run.section("Go on with")[nth]
    assert f" {name} " in line
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=run.home,
        env=PLAIN,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert says in done.stdout


def test_a_folder_is_left_with_settings_store_and_mails(run: Run):
    folder = run.home / "demo-1"
    assert [path.name for path in run.home.iterdir()] == ["demo-1"]
    assert sorted(path.name for path in (folder / "mails").iterdir()) == MAILS
    with closing(sqlite3.connect(folder / "mailhook.db")) as db:
        assert db.execute("SELECT count(*) FROM deliveries").fetchone() == (12,)
    assert "password: {file: password}" in (folder / "config.yaml").read_text()
    for secret in ("password", "signing-key", "mailhook.db"):
        assert stat.S_IMODE((folder / secret).stat().st_mode) == 0o600
    assert (folder / "password").read_text() not in run.done.out + run.done.err


def test_its_signing_key_is_its_own_and_nothing_is_wrong_with_it(run: Run):
    key = (run.home / "demo-1" / "signing-key").read_bytes()
    assert re.fullmatch(rb"[0-9a-f]{64}", key)
    assert signing_keys.unfit(key) is None


def test_the_mails_it_leaves_are_the_very_bytes_that_were_polled(run: Run):
    folder = run.home / "demo-1"
    sql = "SELECT raw_text(raw) AS text FROM deliveries ORDER BY id"
    polled = json.loads(call("-c", folder / "config.yaml", "query", "--json", sql).out)
    left = [(folder / "mails" / name).read_bytes() for name in MAILS]
    assert [row["text"].encode() for row in polled] == left


def test_a_second_run_takes_a_folder_of_its_own_and_shows_a_bar_on_a_terminal(run: Run):
    shown = on_terminal("demo", cwd=run.home, columns=100)
    assert shown.code == 0
    assert "demo-2/config.yaml" in shown.out
    assert "12/12" in shown.out
    assert (run.home / "demo-2" / "mailhook.db").exists()
    shutil.rmtree(run.home / "demo-2")


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_a_place_that_is_taken_is_refused_and_left_alone(tmp_path: Path, kind: str):
    place = tmp_path / "mine"
    {"folder": place.mkdir, "file": place.touch}.get(kind, lambda: place.symlink_to("no"))()
    done = call("demo", place)
    assert (done.code, done.out) == (78, "")
    assert f"FOLDER: {place} " in done.err
    assert [*tmp_path.iterdir()] == [place]


def test_a_place_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    done = call("demo", tmp_path / "file" / "below")
    assert (done.code, done.out) == (78, "")
    assert "cannot be made: not a directory" in done.err


def test_a_free_folder_is_the_first_number_not_taken(tmp_path: Path):
    assert free_folder(tmp_path).name == "demo-1"
    (tmp_path / "demo-1").mkdir()
    (tmp_path / "demo-2").symlink_to("nowhere")
    assert free_folder(tmp_path).name == "demo-3"


def test_without_pymap_it_says_what_to_install(tmp_path: Path):
    for entry in Path(site.getsitepackages()[0]).iterdir():
        if not entry.name.startswith("pymap"):
            (tmp_path / entry.name).symlink_to(entry)
    (tmp_path / "mailhook").unlink(missing_ok=True)
    (tmp_path / "mailhook").symlink_to(CHECKOUT / "mailhook")
    # -S: no site-packages but those links.
    command = [sys.executable, "-S", "-c", "from mailhook.cli import main; main(['demo'])"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=PLAIN | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (78, "")
    assert "needs pymap, which is not installed" in done.stderr
    assert 'pip install "mailhook[demo]"' in done.stderr
    assert not (tmp_path / "demo-1").exists()


def test_it_works_from_a_wheel_installed_elsewhere(tmp_path: Path):
    python, target = [sys.executable, "-m"], tmp_path / "lib"
    build = [*python, "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(build, cwd=CHECKOUT, env=PLAIN, capture_output=True, check=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    install = [*python, "pip", "install", "-q", "--no-deps", "--no-index"]
    install += ["--no-compile", "--target", target]
    subprocess.run([*install, wheel], env=PLAIN, capture_output=True, check=True, timeout=60)
    env = PLAIN | {"PYTHONPATH": str(target)}
    which = [sys.executable, "-c", "import mailhook; print(mailhook.__file__)"]
    ran = subprocess.run(
        which, cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=60
    )
    assert Path(ran.stdout.strip()) == target / "mailhook" / "__init__.py"
    done = subprocess.run(
        [target / "bin" / "mailhook", "demo"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "12-newsletter-en" in done.stdout
    assert (tmp_path / "demo-1" / "mailhook.db").exists()


def without_network(*, loopback: bool, home: Path) -> Done:
    start = "ip link set lo up && " if loopback else ""
    command = ["unshare", "-n", "sh", "-c", f'{start}exec "$0" demo', MAILHOOK]
    possible = subprocess.run(
        ["unshare", "-n", "sh", "-c", "ip link set lo up"], capture_output=True, check=False
    )
    if possible.returncode:
        pytest.skip("a network namespace can be made only by root, with unshare and ip")
    done = subprocess.run(
        command, cwd=home, env=PLAIN, capture_output=True, check=False, timeout=60
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


def test_it_needs_no_network(tmp_path: Path):
    done = without_network(loopback=True, home=tmp_path)
    assert done.code == 0, done.err
    assert "12-newsletter-en" in done.out


def test_where_not_even_this_machine_can_be_reached_it_says_so(tmp_path: Path):
    done = without_network(loopback=False, home=tmp_path)
    assert (done.code, done.out) == (75, "")
    assert "no inbox can be served on 127.0.0.1" in done.err


def test_the_inbox_is_served_on_loopback_only_for_as_long_as_it_is_needed():
    with inbox.serve([b"Subject: a\r\n\r\nb\r\n"], "correct-horse") as port:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            assert client.recv(100).startswith(b"* OK")
        outside = [
            line.split()[1]
            for line in Path("/proc/net/tcp").read_text().splitlines()
            if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
        ]
        assert outside == [f"0100007F:{port:04X}"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_password_that_looks_like_an_option_is_a_password_all_the_same():
    with inbox.serve([b"From: a@example.com\r\n\r\nhello\r\n"], "--port") as port:
        assert port


# One event by both roads

TOLD = {
    "check.finished": "mail + web",
    "check.delayed": "mail + web",
    "identity_process.succeeded": "mail + web",
    "face_recognition.succeeded": "web",
    "document_validation.failed": "mail",
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Run:
    home = tmp_path_factory.mktemp("demo web")
    start = time.monotonic()
    done = process("demo", "--web", cwd=home)
    return Run(home, done, time.monotonic() - start)


def test_by_both_roads_it_ends_well_within_20_seconds(web: Run):
    assert web.done.code == 0, web.done.err
    assert web.seconds < 20
    assert max(map(len, web.done.out.split("\nGo on with\n")[0].splitlines())) <= 80
    assert web.done.err.count("\n") == 1


def test_an_event_told_by_both_roads_is_one_row_that_says_so(web: Run):
    shown = [line.split(maxsplit=3) for line in web.section("Events of 3 August 2026")[1:]]
    assert {event: roads for _, event, _, roads in shown} == TOLD
    assert len(shown) == len(TOLD)
    with closing(sqlite3.connect(web.home / "demo-1" / "mailhook.db")) as db:
        (conflicts,) = db.execute("SELECT count(*) FROM conflicts").fetchone()
        assert conflicts == 0


def test_what_became_of_each_is_told_and_a_forged_one_is_refused(web: Run):
    told = [line.split(maxsplit=3)[:3] for line in web.section("What became of each mail")[1:]]
    for event, roads in TOLD.items():
        expected = {
            "web": [["web", "200"]],
            "mail": [["mail", "recorded"]],
            "mail + web": [["web", "200"], ["mail", "duplicate"]],
        }[roads]
        assert [rest for name, *rest in told if name == event][: len(expected)] == expected
    assert told[-1] == ["check.finished", "web", "401"]


@pytest.mark.parametrize(
    ("nth", "says"), [(0, "web_at"), (1, "completed"), (2, '"event_action":"delayed"')]
)
def test_a_command_it_ends_with_by_both_roads_works_as_it_is_pasted(web: Run, nth: int, says: str):
    line = web.section("Go on with")[nth]
    ran = subprocess.run(
        ["sh", "-c", line], cwd=web.home, env=PLAIN, capture_output=True, text=True, check=True
    )
    assert says in ran.stdout.replace(": ", ":"), ran.stdout


# What mails miss, found by the API

FOUND = {
    "check.created": ("not_started", "mail", "known"),
    "identity_process.succeeded": ("success", "mail", "known"),
    "check.delayed": ("delayed", "nobody", "missed, recorded now"),
    "identity_process.failed": ("failure", "nobody", "missed, recorded now"),
    "check.finished": ("completed", "mail", "completed by its subject"),
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Run:
    home = tmp_path_factory.mktemp("demo api")
    start = time.monotonic()
    done = process("demo", "--api", cwd=home)
    return Run(home, done, time.monotonic() - start)


def test_with_the_api_it_ends_well_within_20_seconds(api: Run):
    assert api.done.code == 0, api.done.err
    assert api.seconds < 20
    assert max(map(len, api.done.out.split("\nGo on with\n")[0].splitlines())) <= 80
    assert api.done.err.count("\n") == 1


def test_what_was_missed_and_what_was_only_mentioned_is_told_with_how_it_was_healed(api: Run):
    shown = [line.split(maxsplit=4)[1:] for line in api.section("Events of the last hours")[1:]]
    assert {event: tuple(rest) for event, *rest in shown} == FOUND
    asked = api.section("What the API was asked")
    assert asked[1] == "2 known by mail, 2 missed: no mail had told of them"
    assert asked[2].startswith("1 event completed")
    (alert,) = [" ".join(api.section("The vendor's alert"))]
    assert alert.startswith("healed: all that the API lists since ")
    assert alert.endswith("2 of these events came by no other road")
    with closing(sqlite3.connect(api.home / "demo-1" / "mailhook.db")) as db:
        counts = db.execute("SELECT confidence, count(*) FROM events GROUP BY confidence")
        assert counts.fetchall() == [("exact", 6)]


@pytest.mark.parametrize(
    ("nth", "says"), [(0, "healed"), (1, "check.delayed"), (2, '"event_action":"failed"')]
)
def test_a_command_it_ends_with_after_the_api_works_as_it_is_pasted(api: Run, nth: int, says: str):
    line = api.section("Go on with")[nth]
    ran = subprocess.run(
        ["sh", "-c", line], cwd=api.home, env=PLAIN, capture_output=True, text=True, check=True
    )
    assert says in ran.stdout.replace(": ", ":"), ran.stdout


def test_what_it_says_was_missed_is_what_the_store_says(api: Run):
    config = api.home / "demo-1" / "config.yaml"
    rows = json.loads(call("-c", config, "query", "missed", "--json").out)
    missed = {(row["key"].split("/")[1].split("@")[0], row["road"]) for row in rows}
    nobody = {event for event, (_, by, _) in FOUND.items() if by == "nobody"}
    assert missed == {(event, "email") for event in nobody}


def test_two_demos_at_a_time_are_refused(tmp_path: Path):
    done = call("demo", "--web", "--api", tmp_path / "new")
    assert done.code == 2
    assert "one at a time" in done.err
    assert not (tmp_path / "new").exists()
