"""ingest: mails that lie in files become rows, each once; what cannot be read costs only itself."""

from __future__ import annotations

import ctypes
import gzip
import json
import os
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import mails
import pytest
from command import MAILHOOK, PLAIN, Done, Home, on_terminal, process

from mailhook.store import Store

RAW = mails.check_finished("CHK1")
MARK = b"From hooks@example.com Mon Aug  3 12:00:00 2026\r\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def put(home: Home, name: str, raw: bytes = RAW) -> Path:
    path = home.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


def mbox(*raws: bytes) -> bytes:
    return b"".join(MARK + raw + b"\r\n" for raw in raws)


def hooks(count: int) -> list[bytes]:
    return [mails.check_finished(f"CHK{number}") for number in range(1, count + 1)]


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
        ("empty", "there is no mail in this folder: no .eml, mbox or Maildir"),
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


# --- mailboxes ------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_each_message_of_an_mbox_becomes_a_row_once(home: Home, pack: Callable[[bytes], bytes]):
    path = put(home, "Inbox", pack(mbox(*hooks(3))))
    assert home.call("ingest", path).out == "3 recorded\n"
    assert home.call("ingest", path).out == "3 duplicate\n"
    assert home.call("ingest", put(home, "one.eml", hooks(3)[1])).out == "1 duplicate\n"


def test_a_mail_that_was_read_from_a_file_is_known_in_an_mbox(home: Home):
    raw = hooks(1)[0]
    home.call("ingest", put(home, "a.eml", raw))
    before = home.call("query", "--json", "SELECT * FROM deliveries, events, sightings").out
    assert home.call("ingest", put(home, "a.mbox", mbox(raw))).out == "1 duplicate\n"
    assert home.call("query", "--json", "SELECT * FROM deliveries, events, sightings").out == before


def test_a_folder_of_everything_is_read_in_one_call(home: Home):
    raws = hooks(6)
    for part in ("cur", "new", "tmp"):
        (home.folder / "in" / "Maildir" / ".Sent" / part).mkdir(parents=True)
        (home.folder / "in" / "Maildir" / part).mkdir()
    put(home, "in/Maildir/cur/1:2,S", raws[0])
    put(home, "in/Maildir/.Sent/new/2", raws[1])
    put(home, "in/Thunderbird/Inbox", mbox(raws[2]))
    put(home, "in/Thunderbird/Inbox.msf", b"// <!-- <mdb:mork:z")
    put(home, "in/old.mbox.gz", gzip.compress(mbox(raws[3], raws[4])))
    put(home, "in/a.eml.gz", gzip.compress(raws[5]))
    done = home.call("ingest", home.folder / "in")
    assert (done.code, done.out, done.err) == (0, "6 recorded\n", "")


def test_a_postmark_a_sender_wrote_into_his_mail_makes_no_mail(home: Home):
    forged = (MARK + mails.check_finished("CHK9")).decode()
    hostile = mails.write(f"hello\n\n{forged}", proof=None).replace(b"\nFrom ", b"\n>From ")
    assert home.call("ingest", put(home, "a.mbox", mbox(hostile, RAW))).code == 0
    assert "CHK9" not in home.call("events", "--json").out


def test_what_is_damaged_ends_in_65_after_the_rest_went_in(home: Home):
    whole = gzip.compress(mbox(*hooks(3)))
    put(home, "in/cut.mbox.gz", whole[:-9])
    put(home, "in/twice.eml.gz", gzip.compress(whole))
    put(home, "in/good.eml", mails.check_finished("CHK7"))
    done = home.call("ingest", home.folder / "in")
    assert (done.code, done.out) == (65, "3 recorded\n")
    assert done.err.count("\n") == 2
    assert "cut.mbox.gz: its gzip ends too early, after " in done.err
    assert "twice.eml.gz: is packed twice; unpack it once, and read that" in done.err


def test_what_may_not_be_read_is_said(home: Home):
    put(home, "in/good.eml")
    put(home, "in/Inbox", mbox(RAW)).chmod(0)
    (home.folder / "in" / "closed").mkdir(mode=0)
    done = process("-c", home.config, "ingest", home.folder / "in", preexec_fn=_as_anybody)
    assert (done.code, done.out) == (65, "1 recorded\n")
    for name in ("Inbox", "closed"):
        assert f"in/{name}: cannot be read: permission denied\n" in done.err


def _as_anybody() -> None:
    """Give up what lets root read all: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH (prctl(2))."""
    drop_capability = 24
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(drop_capability, capability, 0, 0, 0)


def test_a_bomb_is_kept_by_its_headers_in_bounded_memory(home: Home):
    bomb = gzip.compress(b"Subject: bang\n\n" + b"\0" * 300_000_000, 1)
    path = put(home, "bomb.eml.gz", bomb)
    done = process("-c", home.config, "ingest", path, preexec_fn=_within_400_megabytes)
    assert (done.code, done.out, done.err) == (0, "1 quarantined\n", "")


def _within_400_megabytes() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))


def test_a_bar_moves_within_a_large_mbox(home: Home):
    path = put(home, "a.mbox", mbox(*hooks(300)))
    shown = on_terminal("-c", home.config, "ingest", path).out
    assert "1/1" in shown
    assert "300 recorded" in shown


# --- standard input -------------------------------------------------------------------------


def piped(home: Home, raw: bytes, *arguments: object) -> Done:
    return process("-c", home.config, "ingest", "-", *arguments, input=raw)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_mail_or_an_mbox_may_come_by_standard_input(home: Home, pack: Callable[[bytes], bytes]):
    one, *more = hooks(3)
    assert piped(home, pack(one)).out == "1 recorded\n"
    assert piped(home, pack(mbox(one, *more))).out == "2 recorded, 1 duplicate\n"


def test_standard_input_may_be_a_file_or_a_socket(home: Home):
    with put(home, "a.mbox", mbox(*hooks(2))).open("rb") as stream:
        done = process("-c", home.config, "ingest", "-", stdin=stream)
    assert (done.code, done.out, done.err) == (0, "2 recorded\n", "")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(mails.check_finished("CHK7"))
        ours.shutdown(socket.SHUT_WR)
        done = process("-c", home.config, "ingest", "-", stdin=theirs)
    assert (done.code, done.out, done.err) == (0, "1 recorded\n", "")


def test_a_pipe_that_brings_single_bytes_is_read_to_its_end(home: Home):
    packed = gzip.compress(mbox(*hooks(2)))
    command = [MAILHOOK, "-c", home.config, "ingest", "-"]
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)  # as some programs leave it to those they start
    with subprocess.Popen(command, stdin=read_end, stdout=subprocess.PIPE, env=PLAIN) as child:
        os.close(read_end)
        for byte in packed:
            os.write(write_end, bytes([byte]))
        os.close(write_end)
        out, _ = child.communicate(timeout=60)
    assert (child.returncode, out) == (0, b"2 recorded\n")


def test_standard_input_and_files_may_be_read_in_one_call(home: Home):
    path = put(home, "a.eml", mails.check_finished("CHK7"))
    assert piped(home, mbox(*hooks(2)), path, "-").out == "3 recorded\n"


def test_a_file_named_dash_is_read_by_its_path(home: Home):
    put(home, "-")
    done = process("-c", home.config, "ingest", "./-", cwd=home.folder, input=b"")
    assert (done.code, done.out) == (0, "1 recorded\n")


def test_a_terminal_as_standard_input_is_a_usage_error(home: Home):
    done = on_terminal("-c", home.config, "ingest", "-")
    assert done.code == 2
    assert done.out == (
        "mailhook: - reads standard input, which is a terminal; pipe a mail or mbox into it\n"
    )


@pytest.mark.parametrize(
    ("redirected", "said"),
    [
        ("< /dev/zero", "is a device; pipe a mail or an mbox into it"),
        ("< /dev/null", "is a device; pipe a mail or an mbox into it"),
        ("<&-", "is closed; pipe a mail or an mbox into it"),
        ("< empty", "is empty; pipe a mail or an mbox into it"),
        ("< cut.gz", "its gzip ends too early, after 0 unpacked bytes: the message there is"),
    ],
)
def test_what_standard_input_cannot_give_is_one_sentence(home: Home, redirected: str, said: str):
    put(home, "empty", b"")
    put(home, "cut.gz", gzip.compress(RAW)[:12])
    script = f"exec {MAILHOOK} -c {home.config} ingest - {redirected}"
    done = subprocess.run(
        ["sh", "-c", script],
        check=False,
        capture_output=True,
        cwd=home.folder,
        env=PLAIN,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (65, b"")
    assert re.fullmatch(f"mailhook: standard input: {re.escape(said)}.*\n", done.stderr.decode())
