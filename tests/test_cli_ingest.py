"""ingest: mails that lie in files become rows, each once; what cannot be read costs only itself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import mails
import pytest
from command import Home, on_terminal

from mailhook.store import Store

RAW = mails.check_finished("CHK1")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def put(home: Home, name: str, raw: bytes = RAW) -> Path:
    path = home.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


def test_a_mail_in_a_file_becomes_an_event(home: Home):
    done = home.call("ingest", put(home, "a.eml"))
    assert (done.code, done.out, done.err) == (0, "1 recorded\n", "")
    assert "CHK1" in home.call("events", "--channel", "file").out


def test_a_folder_is_read_with_all_below_it(home: Home):
    put(home, "in/1.eml")
    put(home, "in/deep/2.eml", mails.check_finished("CHK2"))
    put(home, "in/deep/3.eml", mails.write("Lunch?", proof=None))
    put(home, "in/deep/4.eml", mails.write("hello"))
    put(home, "in/notes.txt", b"no mail")
    done = home.call("ingest", home.folder / "in", "--json")
    assert done.code == 0
    assert json.loads(done.out) == {
        "outcomes": {"recorded": 2, "quarantined": 1, "ignored": 1},
        "errors": [],
    }


def test_reading_a_file_again_changes_nothing(home: Home):
    path = put(home, "a.eml")
    home.call("ingest", path)
    before = home.call("query", "--json", "SELECT * FROM deliveries, events, sightings").out
    done = home.call("ingest", path, put(home, "copy.eml"))
    assert (done.code, done.out) == (0, "2 duplicate\n")
    after = home.call("query", "--json", "SELECT * FROM deliveries, events, sightings").out
    assert after == before


def test_the_files_stay_as_they_are(home: Home):
    path = put(home, "a.eml")
    path.chmod(0o400)
    before = path.stat()
    home.call("ingest", path)
    after = path.stat()
    assert (after.st_mtime_ns, after.st_mode) == (before.st_mtime_ns, before.st_mode)
    assert path.read_bytes() == RAW


def test_what_cannot_be_read_ends_in_65_after_the_rest_went_in(home: Home):
    put(home, "in/good.eml")
    (home.folder / "in" / "gone.eml").symlink_to("nowhere")
    os.mkfifo(home.folder / "in" / "fifo.eml")
    (home.folder / "empty").mkdir()
    arguments = [home.folder / name for name in ("in", "empty", "missing")] + [Path("/dev/zero")]
    done = home.call("ingest", *arguments)
    assert (done.code, done.out) == (65, "1 recorded\n")
    assert done.err.count("\n") == 5
    for name, why in (
        ("in/gone.eml", "cannot be read: no such file or directory"),
        ("in/fifo.eml", "this is neither a file nor a folder"),
        ("empty", "there is no .eml file in this folder"),
        ("missing", "cannot be read: no such file or directory"),
    ):
        assert f"{home.folder / name}: {why}\n" in done.err
    assert "/dev/zero: this is neither a file nor a folder\n" in done.err
    again = home.call("ingest", "--json", *arguments)
    assert again.code == 65
    told = json.loads(again.out)
    assert told["outcomes"] == {"duplicate": 1}
    assert len(told["errors"]) == 5


def test_a_loop_of_links_ends(home: Home):
    put(home, "in/a.eml")
    (home.folder / "in" / "round").symlink_to(home.folder / "in")
    assert home.call("ingest", home.folder / "in").out == "1 recorded\n"


def test_a_mail_of_25_megabytes_is_quarantined_by_its_headers(home: Home):
    large = mails.write("", subject="A film").replace(b"\r\n\r\n", b"\r\n\r\n" + b"x" * 25_000_000)
    done = home.call("ingest", put(home, "large.eml", large), put(home, "a.eml"))
    assert (done.code, done.out) == (0, "1 recorded, 1 quarantined\n")
    (row,) = json.loads(home.call("quarantine", "list", "--json").out)
    assert (row["subject"], row["size"]) == ("A film", len(large))
    assert row["reason"].startswith("too_large: 25,000,")
    assert len(home.call("quarantine", "show", row["id"], "--raw").raw) < 1000


def test_once_the_limit_of_a_mailbox_is_raised_a_large_hook_goes_in(home: Home):
    hook = mails.write(
        "Event: Check finished\nCheck ID: CHK1\n",
        attachments=(("application/octet-stream", "scan", b"x" * 2_000_000),),
    )
    path = put(home, "a.eml", hook)
    assert home.call("ingest", path).out == "1 quarantined\n"
    mailbox = {"host": "imap.example.com", "username": "hooks", "password": {"env": "NOT_READ"}}
    home.write(
        {
            "trust": {"authserv_id": mails.SERVER},
            "mailboxes": [mailbox | {"name": "hooks", "max_message_bytes": 5_000_000}],
        }
    )
    assert home.call("ingest", path).out == "1 recorded\n"


def test_while_another_process_writes_it_ends_in_75_and_names_it(home: Home):
    path = put(home, "a.eml")
    with Store(home.store, purpose="run"):
        done = home.call("ingest", path)
    assert (done.code, done.out) == (75, "")
    assert f"is being written by `mailhook run` (pid {os.getpid()}" in done.err


def test_a_bar_counts_the_mails_on_a_terminal_only(home: Home):
    path = put(home, "a.eml")
    assert home.call("ingest", path).err == ""
    shown = on_terminal("-c", home.config, "ingest", path).out
    assert "1/1" in shown
    assert "1 duplicate" in shown
