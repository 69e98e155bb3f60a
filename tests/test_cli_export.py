"""export: all events, or those since the last one; to a pipe, or to a file that is whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import mails
import pytest
import warm
from command import MAILHOOK, PLAIN, Done, Home, process

UNDATED = "Event: Check finished\nCheck ID: CHKd\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.deliver(*(mails.check_finished(f"CHK{number}") for number in range(6)))
    return home


def keys(done: Done) -> list[str]:
    assert done.code == 0, done.err
    return [json.loads(line)["key"] for line in done.out.splitlines()]


def revision(done: Done) -> str:
    return done.err.rsplit(" ", 1)[-1].strip()


def test_all_events_leave_in_the_order_of_their_revisions_and_it_is_said_how_to_go_on(home: Home):
    done = home.call("export")
    assert keys(done) == [f"CHK{number}/check.finished" for number in range(6)]
    last = json.loads(done.out.splitlines()[-1])["revision"]
    assert done.err == f"6 events; go on with --after {last}\n"


def test_an_export_in_pieces_is_the_export_in_one(home: Home):
    pieces, after = "", "0"
    while (done := home.call("export", "--after", after, "--limit", "4")).out:
        pieces, after = pieces + done.out, revision(done)
    assert pieces == home.call("export").out
    assert done.err == f"0 events; go on with --after {after}\n"


def test_what_arrives_later_is_what_the_next_export_brings(home: Home):
    after = revision(home.call("export"))
    home.deliver(mails.check_finished("CHKnew"))
    done = home.call("export", "--after", after)
    assert keys(done) == ["CHKnew/check.finished"]
    assert done.err.startswith("1 event;")


def test_an_event_that_has_changed_comes_again_with_a_higher_revision(home: Home):
    home.deliver(mails.write(UNDATED))
    before = home.call("export")
    after = revision(before)
    time_told = UNDATED + "Timestamp: 2026-08-03T11:59:50Z\n"
    assert home.deliver(mails.write(time_told)) == ["duplicate"]
    again = home.call("export", "--after", after)
    (changed,) = map(json.loads, again.out.splitlines())
    first = json.loads(before.out.splitlines()[-1])
    assert changed["key"] == first["key"]
    assert changed["revision"] > first["revision"]
    assert (first["time_source"], changed["time_source"]) == ("mail", "vendor")
    assert changed["raw_timestamp"] == "2026-08-03T11:59:50Z"


def test_an_event_that_is_only_told_again_does_not_come_again(home: Home):
    after = revision(home.call("export"))
    assert home.deliver(mails.check_finished("CHK0")) == ["duplicate"]
    assert home.call("export", "--after", after).out == ""


def test_an_empty_store_exports_nothing(tmp_path: Path):
    home = Home(tmp_path)
    home.deliver()
    done = home.call("export")
    assert (done.code, done.out, done.err) == (0, "", "0 events\n")


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        (["--subject", "CHK3"], 1),
        (["--product", "digital_identity"], 0),
        (["--type", "check", "--action", "finished"], 6),
        (["--since", "2026-08-04"], 0),
        (["--channel", "file"], 0),
        (["--limit", "2"], 2),
    ],
)
def test_the_filters_of_the_lists_hold(home: Home, filters: list[str], number: int):
    assert len(keys(home.call("export", *filters))) == number


@pytest.mark.parametrize("form", ["jsonl", "csv", "webhook"])
def test_a_file_holds_what_a_pipe_would_have_got(home: Home, form: str):
    piped = home.call("export", "--format", form)
    target = home.folder / "out"
    done = home.call("export", "--format", form, "--output", target)
    assert (done.code, done.out, done.err) == (0, "", piped.err)
    assert target.read_bytes() == piped.raw


def test_a_hyphen_for_a_file_is_standard_output(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)
    assert len(keys(home.call("export", "--output", "-"))) == 6
    assert not Path("-").exists()


@pytest.mark.parametrize("target", ["missing/out", "."])
def test_a_place_that_cannot_be_written_ends_in_78(home: Home, target: str):
    done = home.call("export", "--output", home.folder / target)
    assert (done.code, done.out) == (78, "")
    assert done.err.startswith("mailhook: --output: ")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted only by root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_ends_in_75_and_leaves_the_file_that_was_there(
    tmp_path: Path, small_disk: Path
):
    home = Home(tmp_path)
    home.deliver(mails.check_finished("CHK1"))
    home.multiply(200)
    target = small_disk / "out"
    target.write_text("before")
    done = home.call("export", "--output", target)
    assert (done.code, done.out) == (75, "")
    assert "no space left on device; nothing was written" in done.err
    assert [path.read_text() for path in small_disk.iterdir()] == ["before"]
    assert home.call("export", "--limit", "3", "--output", target).code == 0
    assert len(target.read_text().splitlines()) == 3


def test_a_kill_in_the_middle_leaves_the_file_that_was_there(tmp_path: Path):
    home = Home(tmp_path)
    home.deliver(mails.check_finished("CHK1"))
    home.multiply(10_000)
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "events.jsonl"
    for _ in range(10):
        target.write_text("before")
        if was_killed_in_the_middle(home, target):
            break
    assert target.read_text() == "before"
    done = process("-c", home.config, "export", "--output", target)
    assert done.code == 0
    assert len(target.read_text().splitlines()) == 10_000


def was_killed_in_the_middle(home: Home, target: Path) -> bool:
    """Whether an export was killed after it had begun to write, before its file was in place."""
    command = [MAILHOOK, "-c", home.config, "export", "--output", target]
    with warm.Popen(command, stderr=subprocess.DEVNULL, env=PLAIN) as child:
        while child.poll() is None and not has_begun(target):
            time.sleep(0.001)  # a file's growth rings no bell
        child.send_signal(signal.SIGKILL)
    return child.returncode == -signal.SIGKILL and has_begun(target)


def has_begun(target: Path) -> bool:
    """Whether something was written beside the target."""
    others = [path for path in target.parent.iterdir() if path != target]
    with suppress(FileNotFoundError):  # it has become the target
        return any(path.stat().st_size for path in others)
    return False


def test_a_revision_of_another_store_is_refused(home: Home):
    done = home.call("export", "--after", 1_000_000)
    assert (done.code, done.out) == (2, "")
    assert "--after 1000000 is of another store" in done.err
