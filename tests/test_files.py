"""Mails that lie in files: which are found, what is read of them, and what cannot be."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import mails
import pytest

from mailhook.errors import UnreadableInput
from mailhook.model import Batch
from mailhook.sources.files import Report, delivered, find, read

LIMIT = 10_000
RAW = mails.check_finished("CHK1")
MARK = b"From hooks@example.com Mon Aug  3 12:00:00 2026\n"
SHORT = b"A: 1\n\n1\n"


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


def test_of_a_folder_mailboxes_and_packed_files_are_read_as_well(tmp_path: Path):
    wanted = [
        put(tmp_path / name)
        for name in ("a.mbox", "b.MBX", "c.eml.gz", "d/e.mbox.gz", "d/f.mbx.GZ", "d/g.mbox/h.eml")
    ]
    for name in ("a.tar.gz", "b.gz", "c.emlx", "eml", "d.mbox.zip", "e.txt.gz"):
        put(tmp_path / name)
    assert sorted(find([tmp_path]).files) == sorted(wanted)


def test_of_a_folder_a_file_without_a_telling_name_is_read_where_a_postmark_begins_it(
    tmp_path: Path,
):
    wanted = [put(tmp_path / name, MARK + SHORT) for name in ("Inbox", "Work.sbd/2026", "a.txt")]
    put(tmp_path / "Inbox.msf", b"// <!-- <mdb:mork:z")
    put(tmp_path / "letter", b"From here on all was well, Aug 3 2026\n")
    put(tmp_path / "notes", b"\n" + MARK)
    put(tmp_path / "none", b"")
    fifo(tmp_path / "fifo")
    (tmp_path / "nowhere").symlink_to("gone")
    listing = find([tmp_path])
    assert sorted(listing.files) == sorted(wanted)
    assert listing.problems == ()


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
    assert find([tmp_path]).problems == (
        f"{tmp_path}: there is no mail in this folder: no .eml, mbox or Maildir",
    )


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
    report = Report()
    small = find([tmp_path]).files[5:]
    counts = [len(batch.deliveries) for batch in read(small, LIMIT, report)]
    assert counts == [250, 10]
    sizes = [
        sum(len(one.raw) for one in batch.deliveries) for batch in read(large, 2_000_000, report)
    ]
    assert sizes == [3_000_000, 3_000_000, 1_500_000]
    assert report.problems == []


def test_a_file_that_cannot_be_read_costs_only_itself(tmp_path: Path):
    good = put(tmp_path / "good.eml")
    gone = tmp_path / "gone.eml"
    report = Report()
    (batch,) = read([gone, good], LIMIT, report)
    assert [one.raw for one in batch.deliveries] == [RAW]
    assert report.problems == [f"{gone}: cannot be read: no such file or directory"]


# --- what a file is -------------------------------------------------------------------------


def told(*files: Path, limit: int = LIMIT) -> tuple[list[bytes], list[str]]:
    """The messages of the files, and what is said of those that cannot be read."""
    report = Report()
    raws = [one.raw for batch in read(files, limit, report) for one in batch.deliveries]
    assert report.done == len(files)
    return raws, report.problems


@pytest.mark.parametrize("name", ["a", "a.eml", "a.mbox", "a.gz", "a.mbox.gz", "a.txt"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_told_by_its_first_bytes_whatever_its_name(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
):
    assert told(put(tmp_path / name, pack(RAW))) == ([RAW], [])
    mbox = MARK + SHORT + b"\n" + MARK + SHORT
    assert told(put(tmp_path / name, pack(mbox))) == ([SHORT, SHORT], [])
    assert told(put(tmp_path / name, pack(b"From nobody\n" + SHORT))) == ([SHORT], [])


def test_an_empty_file_is_an_empty_mailbox_but_an_eml_is_a_broken_mail(tmp_path: Path):
    assert told(put(tmp_path / "root", b""), put(tmp_path / "a.mbox", b"")) == ([], [])
    assert told(put(tmp_path / "a.eml", b"")) == ([b""], [])


def test_a_packed_file_may_have_several_members_and_zeros_behind(tmp_path: Path):
    half = len(RAW) // 2
    raw = gzip.compress(RAW[:half]) + gzip.compress(b"") + gzip.compress(RAW[half:]) + b"\0" * 600
    assert told(put(tmp_path / "a.eml.gz", raw)) == ([RAW], [])


def test_a_packed_file_has_the_location_of_what_is_in_it(tmp_path: Path):
    path = put(tmp_path / "a.eml.gz", gzip.compress(RAW))
    assert delivered(path, LIMIT).location == delivered(put(tmp_path / "a.eml"), LIMIT).location


def test_one_message_is_delivered_of_a_mailbox_and_several_are_refused(tmp_path: Path):
    one = put(tmp_path / "one.mbox", MARK + SHORT)
    assert delivered(one, LIMIT).raw == SHORT
    two = put(tmp_path / "two.mbox", (MARK + SHORT + b"\n") * 2)
    with pytest.raises(UnreadableInput, match=r"two\.mbox: holds several messages: name a file"):
        delivered(two, LIMIT)
    with pytest.raises(UnreadableInput, match="holds no message"):
        delivered(put(tmp_path / "none.mbox", b""), LIMIT)


# --- what is damaged, and what changes meanwhile --------------------------------------------


def test_of_a_packed_file_that_ends_too_early_all_before_is_read(tmp_path: Path):
    whole = gzip.compress(MARK + SHORT + b"\n" + MARK + SHORT + os.urandom(1_000), mtime=0)
    path = put(tmp_path / "a.mbox.gz", whole[:-500])
    raws, (problem,) = told(path)
    assert raws == [SHORT]
    assert problem.startswith(f"{path}: its gzip ends too early, after ")
    for size in (0, 2, 9, len(whole) - 8, len(whole) - 1):
        _, (problem,) = told(put(tmp_path / "a.mbox.gz", whole[:size]))
        assert "its gzip ends too early" in problem


@pytest.mark.parametrize("behind", [b"", b"behind"])
def test_of_a_packed_file_that_is_damaged_all_before_is_read(tmp_path: Path, behind: bytes):
    whole = bytearray(gzip.compress(MARK + SHORT + b"\n" + MARK + SHORT) + behind)
    if not behind:
        whole[-6] ^= 1  # of the checksum
    raws, (problem,) = told(put(tmp_path / "a.mbox.gz", bytes(whole)))
    assert raws == [SHORT]
    assert "its gzip is damaged after " in problem


def test_what_is_packed_twice_is_refused(tmp_path: Path):
    path = put(tmp_path / "a.eml.gz", gzip.compress(gzip.compress(RAW)))
    assert told(path) == ([], [f"{path}: is packed twice; unpack it once, and read that"])


def while_reading(path: Path, change: Callable[[], object]) -> tuple[list[bytes], list[str]]:
    """What is read of the file, and said of it, if it changes after the first batch."""
    report = Report()
    batches: Iterator[Batch] = read([path], LIMIT, report)
    first = next(batches)
    change()
    raws = [one.raw for batch in (first, *batches) for one in batch.deliveries]
    return raws, report.problems


def many(tmp_path: Path, bytes_behind: int = 0) -> Path:
    """A mailbox of more than a batch; its last message is as long as asked."""
    last = MARK + SHORT + b"x" * bytes_behind + b"\n"
    return put(tmp_path / "a.mbox", (MARK + SHORT + b"\n") * 260 + last + b"\n")


def append(path: Path, raw: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(raw)


def test_of_a_mailbox_that_grows_what_was_there_is_read(tmp_path: Path):
    path = many(tmp_path)
    raws, problems = while_reading(path, lambda: append(path, MARK + SHORT))
    assert (len(raws), problems) == (261, [])


def test_of_a_message_that_is_being_written_is_said_that_it_was_cut(tmp_path: Path):
    path = many(tmp_path)
    raws, problems = while_reading(path, lambda: append(path, b"more of it\n"))
    assert len(raws) == 260
    (problem,) = problems
    assert problem == (
        f"{path}: is still being written: its last message was cut, and is left out;"
        " read it again later"
    )


def test_of_a_mailbox_that_became_shorter_the_rest_is_read(tmp_path: Path):
    path = many(tmp_path, 1_000_000)
    raws, problems = while_reading(path, lambda: os.truncate(path, 500_000))
    assert len(raws) == 260
    assert problems == [
        f"{path}: became shorter while it was read: what was cut off is left out; read it again"
    ]


def test_a_mailbox_that_goes_away_while_it_is_read_is_read_to_its_end(tmp_path: Path):
    path = many(tmp_path, 1_000_000)
    raws, problems = while_reading(path, path.unlink)
    assert (len(raws), problems) == (261, [])


def test_what_has_been_read_is_told_by_files_and_their_shares(tmp_path: Path):
    line = b"x" * 78 + b"\n"
    large = put(tmp_path / "a.mbox", (MARK + b"A: 1\n\n" + line * 1_000 + b"\n") * 200)
    report = Report()
    shares = [report.done for _ in read([put(tmp_path / "a.eml"), large], 10**6, report)]
    assert shares == sorted(shares)
    assert all(1 < share < 2 for share in shares[:-1])
    assert len(set(shares)) == len(shares) > 3
    assert report.done == 2
