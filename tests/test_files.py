"""Mails that lie in files: which are found, what is read of them, and what cannot be."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import mails
import pytest

from mailhook.errors import UnreadableInput
from mailhook.sources.files import delivered, find, read

LIMIT = 10_000
RAW = mails.check_finished("CHK1")


def put(path: Path, raw: bytes = RAW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


def test_a_file_named_is_read_whatever_its_name(tmp_path: Path):
    path = put(tmp_path / "mail.txt")
    assert find([path]).files == (path,)


def test_of_a_folder_every_eml_below_it_is_read_in_order(tmp_path: Path):
    wanted = [
        put(tmp_path / name)
        for name in ("b.eml", "z.EML", ".hidden.eml", "a/2.eml", "a/1.eml", "a/deep/er/3.eml")
    ]
    put(tmp_path / "a" / "notes.txt")
    (tmp_path / "empty").mkdir()
    listing = find([tmp_path])
    assert sorted(listing.files) == sorted(wanted)
    assert listing.problems == ()
    assert find([tmp_path]).files == listing.files
    below = [path.name for path in listing.files if path.parent == tmp_path / "a"]
    assert below == ["1.eml", "2.eml"]


def test_what_is_named_twice_is_read_once(tmp_path: Path):
    path = put(tmp_path / "a.eml")
    assert find([path, tmp_path, path]).files == (path,)


def test_a_loop_of_links_ends(tmp_path: Path):
    path = put(tmp_path / "a" / "a.eml")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert find([tmp_path]).files == (path,)
    assert find([tmp_path / "self"]).problems == (
        f"{tmp_path / 'self'}: cannot be read: too many levels of symbolic links",
    )


def test_a_link_to_a_mail_and_a_folder_named_by_a_link_are_followed(tmp_path: Path):
    put(tmp_path / "real" / "a.eml")
    (tmp_path / "link.eml").symlink_to("real/a.eml")
    (tmp_path / "folder").symlink_to("real")
    assert find([tmp_path / "link.eml"]).files == (tmp_path / "link.eml",)
    assert find([tmp_path / "folder"]).files == (tmp_path / "folder" / "a.eml",)


@pytest.fixture
def sock() -> Iterator[Path]:
    # pytest's own folders have names too long for a socket.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = Path(folder, "s.eml")
        listener.bind(str(path))
        yield path


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def test_what_is_neither_file_nor_folder_is_said_and_not_opened(tmp_path: Path, sock: Path):
    paths = [fifo(tmp_path / "fifo"), sock, Path("/dev/zero")]
    listing = find(paths)
    assert listing.files == ()
    assert listing.problems == tuple(
        f"{path}: this is neither a file nor a folder" for path in paths
    )


def test_a_folder_without_mails_is_said(tmp_path: Path):
    put(tmp_path / "notes.txt")
    assert find([tmp_path]).problems == (f"{tmp_path}: there is no .eml file in this folder",)


def test_a_path_that_is_not_there_is_said_and_the_others_are_read(tmp_path: Path):
    path = put(tmp_path / "a.eml")
    listing = find([tmp_path / "missing", path])
    assert listing.files == (path,)
    assert listing.problems == (
        f"{tmp_path / 'missing'}: cannot be read: no such file or directory",
    )


def test_a_file_is_a_delivery_named_by_its_bytes(tmp_path: Path):
    path = put(tmp_path / "a.eml")
    os.utime(path, (0, mails.NOON.timestamp()))
    delivery = delivered(path, LIMIT)
    assert delivery.channel == "file"
    assert delivery.location == f"file:{hashlib.sha256(RAW).hexdigest()}"
    assert (delivery.raw, delivery.size, delivery.problem) == (RAW, None, None)
    assert delivery.received_at == mails.NOON
    assert delivered(put(tmp_path / "copy.eml"), LIMIT).location == delivery.location


@pytest.mark.parametrize("seconds", [-(10**10), -1, 0, 2**33, 10**13])
def test_a_file_time_that_no_calendar_has_is_brought_into_it(seconds: int):
    # In memory, because disks refuse or cut such times themselves.
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own in it
    with tempfile.TemporaryDirectory(dir=memory if memory.exists() else None) as folder:
        path = put(Path(folder, "a.eml"))
        os.utime(path, (0, seconds))
        received_at = delivered(path, LIMIT).received_at
    assert datetime(1970, 1, 1, tzinfo=UTC) <= received_at <= datetime(9999, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_of_a_file_over_the_limit_only_the_headers_are_held(tmp_path: Path, end: bytes):
    head = b"Subject: scan" + end + b"From: a@example.com"
    raw = head + end * 2 + b"x" * LIMIT
    delivery = delivered(put(tmp_path / "a.eml", raw), LIMIT)
    assert delivery.raw == head + b"\r\n\r\n"
    assert delivery.size == len(raw)
    assert delivery.problem == f"too_large: {len(raw):,} bytes is over 10,000"
    assert delivery.location == f"file:{hashlib.sha256(raw).hexdigest()};headers"


def test_a_file_of_just_the_limit_is_held_whole(tmp_path: Path):
    delivery = delivered(put(tmp_path / "a.eml", b"x" * LIMIT), LIMIT)
    assert (len(delivery.raw), delivery.problem) == (LIMIT, None)
    assert delivered(put(tmp_path / "b.eml", b"x" * (LIMIT + 1)), LIMIT).problem


def test_headers_without_end_are_cut(tmp_path: Path):
    delivery = delivered(put(tmp_path / "a.eml", b"x" * 3_000_000), 2_000_000)
    assert len(delivery.raw) == 1_000_000


def test_a_file_that_became_a_fifo_meanwhile_holds_nobody_up(tmp_path: Path):
    with pytest.raises(UnreadableInput, match="neither a file nor a folder"):
        delivered(fifo(tmp_path / "a.eml"), LIMIT)


def test_batches_are_bounded_by_bytes_and_by_number(tmp_path: Path):
    for number in range(260):
        put(tmp_path / f"small-{number:03}.eml", b"x")
    large = [put(tmp_path / f"large-{number}.eml", b"x" * 1_500_000) for number in range(5)]
    problems: list[str] = []
    small = find([tmp_path]).files[5:]
    counts = [len(batch.deliveries) for batch in read(small, LIMIT, problems)]
    assert counts == [250, 10]
    sizes = [
        sum(len(one.raw) for one in batch.deliveries) for batch in read(large, 2_000_000, problems)
    ]
    assert sizes == [3_000_000, 3_000_000, 1_500_000]
    assert problems == []


def test_a_file_that_cannot_be_read_costs_only_itself(tmp_path: Path):
    good = put(tmp_path / "good.eml")
    gone = tmp_path / "gone.eml"
    problems: list[str] = []
    (batch,) = read([gone, good], LIMIT, problems)
    assert [one.raw for one in batch.deliveries] == [RAW]
    assert problems == [f"{gone}: cannot be read: no such file or directory"]
