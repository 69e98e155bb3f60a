"""How much room there is, in numbers and in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailhook.health import Room, in_words, room
from mailhook.store import Store

GB = 1_000_000_000


@pytest.mark.parametrize(
    ("free", "disk", "short"),
    [
        (0.11 * GB, 2 * GB, False),
        (0.09 * GB, 2 * GB, True),
        (0.51 * GB, 100 * GB, False),
        (0.49 * GB, 100 * GB, True),
    ],
)
def test_a_disk_is_short_below_500_mb_and_a_small_one_by_its_share(
    free: float, disk: float, *, short: bool
):
    found = Room(1000, int(free), int(disk))
    assert room.is_short(found) is short
    assert [one.wrong for one in room.advise(found)] == [True] * short


def test_what_is_to_be_done_names_what_is_left():
    (advice,) = room.advise(Room(1000, 312_000_000, 20 * GB))
    assert "is nearly full: 312 MB of 20 GB free; make room" in advice.words


def test_a_disk_without_room_is_full_and_not_nearly_so():
    (advice,) = room.advise(Room(1000, 0, 3_100_000))
    assert advice.words == (
        "the disk of the store is full: 0 kB of 3.1 MB free; nothing can be written: mails wait,"
        " web hooks are answered 503; make room there"
    )
    assert not room.is_full(Room(1000, 70_000, 3_100_000))


def test_the_store_is_counted_with_what_lies_beside_it(tmp_path: Path):
    path = tmp_path / "mailhook.db"
    with Store(path) as store:
        store.beat("writer")
        found = room.look(path)
        files = sum(file.stat().st_size for file in tmp_path.glob("mailhook.db*"))
        files -= path.with_name("mailhook.db.lock").stat().st_size
    assert found
    assert found.store_bytes == files > 0
    assert 0 < found.free_bytes < found.disk_bytes


def test_where_there_is_no_folder_there_is_no_room(tmp_path: Path):
    assert room.look(tmp_path / "none" / "mailhook.db") is None
    assert list(room.advise(None)) == []


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 kB"),
        (999_400, "999 kB"),
        (999_600, "1.0 MB"),
        (9_949_000, "9.9 MB"),
        (9_960_000, "10 MB"),
        (312_000_000, "312 MB"),
        (8_000 * GB, "8.0 TB"),
        (12_345_000 * GB, "12,345 TB"),
    ],
)
def test_sizes_in_words(size: int, words: str):
    assert in_words(size) == words
