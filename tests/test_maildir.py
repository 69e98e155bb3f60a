"""Maildir: what its folders hold is read, flags or not, and stays where it is."""

from __future__ import annotations

import os
from pathlib import Path

import mails
import pytest

from mailhook.sources.files import Report, find, read

RAW = mails.check_finished("CHK1")
MARK = b"From hooks@example.com Mon Aug  3 12:00:00 2026\n"
NONE = "there is no mail in this folder: no .eml, mbox or Maildir"


def maildir(folder: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True)
    return folder


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return maildir(tmp_path / "Maildir")


def put(path: Path, raw: bytes = RAW) -> Path:
    path.write_bytes(raw)
    return path


def test_what_is_new_and_what_was_seen_is_read_and_what_is_being_written_is_not(box: Path):
    seen = put(box / "cur" / "1754222400.M1P1.host:2,S")
    fresh = put(box / "new" / "1754222401.M1P1.host")
    put(box / "tmp" / "1754222402.M1P1.host")
    put(box / "cur" / ".hidden")
    assert find([box]).files == (seen, fresh)


def test_other_files_of_the_folder_are_left_out(box: Path):
    wanted = put(box / "new" / "1")
    for name in ("dovecot-uidlist", "subscriptions", "maildirfolder"):
        put(box / name, b"3 V1 N2\n")
    assert find([box]).files == (wanted,)


def test_subfolders_are_found_wherever_they_lie(tmp_path: Path, box: Path):
    wanted = [
        put(folder / "cur" / "1:2,")
        for folder in (box, maildir(box / ".Sent"), maildir(box / ".Sent.2026"))
    ]
    wanted.append(put(maildir(tmp_path / "deep" / "er") / "new" / "1"))
    assert sorted(find([tmp_path]).files) == sorted(wanted)


@pytest.mark.parametrize("part", ["cur", "new"])
def test_a_part_of_a_maildir_may_be_named_itself(
    box: Path, part: str, monkeypatch: pytest.MonkeyPatch
):
    path = put(box / part / "1")
    assert find([box / part]).files == (path,)
    monkeypatch.chdir(box / part)
    assert find([Path()]).files == (Path("1"),)


def test_a_folder_that_has_not_all_three_is_none(tmp_path: Path):
    (tmp_path / "cur").mkdir()
    (tmp_path / "new").mkdir()
    put(tmp_path / "cur" / "1")
    assert find([tmp_path]).problems == (f"{tmp_path}: {NONE}",)
    assert find([tmp_path / "cur"]).problems == (f"{tmp_path / 'cur'}: {NONE}",)


def test_an_empty_maildir_is_no_mistake(box: Path):
    listing = find([box, box / "new"])
    assert (listing.files, listing.problems) == ((), ())


def test_a_message_is_one_even_where_postmarks_stand_in_it(box: Path):
    raw = MARK + b"A: 1\n\n1\n\n" + MARK + b"A: 2\n\n2\n"
    put(box / "cur" / "1:2,RS", raw)
    put(box / "new" / "2", RAW)
    report = Report()
    (batch,) = read(find([box]).files, 10_000, report)
    assert [one.raw for one in batch.deliveries] == [raw, RAW]
    assert report.problems == []


def test_nothing_is_moved_marked_or_written(box: Path):
    path = put(box / "new" / "1")
    before = [(each, each.stat().st_mtime_ns) for each in (path, *sorted(box.iterdir()))]
    assert list(read(find([box]).files, 10_000, Report()))
    assert [(each, each.stat().st_mtime_ns) for each in (path, *sorted(box.iterdir()))] == before


def test_a_message_that_was_moved_meanwhile_costs_only_itself(box: Path):
    gone = put(box / "new" / "1")
    put(box / "new" / "2")
    files = find([box]).files
    gone.rename(box / "cur" / "1:2,S")
    report = Report()
    (batch,) = read(files, 10_000, report)
    assert len(batch.deliveries) == 1
    assert report.problems == [f"{gone}: cannot be read: no such file or directory"]


def test_links_and_what_is_no_file_cost_only_themselves(box: Path):
    (box / "cur" / "round").symlink_to(box)
    (box / "cur" / "self").symlink_to("self")
    os.mkfifo(box / "new" / "fifo")
    good = put(box / "new" / "good")
    listing = find([box])
    report = Report(list(listing.problems))
    (batch,) = read(listing.files, 10_000, report)
    assert [one.raw for one in batch.deliveries] == [good.read_bytes()]
    assert report.problems == [
        f"{box / 'cur' / 'self'}: cannot be read: too many levels of symbolic links",
        f"{box / 'new' / 'fifo'}: this is neither a file nor a folder",
    ]
