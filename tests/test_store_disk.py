"""Where the store lies: no permission, a read-only mount, a full disk, damage."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import mails
import pytest
from stores import asked, refused

from mailhook.errors import ConfigError, MailhookError, TemporaryError
from mailhook.model import Finding
from mailhook.pipeline import Trust, examine
from mailhook.store import Reader, Store, StoreGoneError

NOBODY = 65534
COUNTS = """
SELECT (SELECT count(*) FROM deliveries), (SELECT count(*) FROM events),
       (SELECT count(*) FROM sightings)
"""


@pytest.fixture
def findings(trust: Trust) -> list[Finding]:
    """Twenty hooks with texts that do not compress, 4 kB each."""
    raws = [
        mails.check_finished(f"CHK{n:032x}", headers=(("X-Noise", os.urandom(2000).hex()),))
        for n in range(20)
    ]
    return [examine(mails.delivered(raw, n), trust) for n, raw in enumerate(raws, 1)]


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that everybody may enter, and only we may write."""
    folder = Path(tempfile.mkdtemp(prefix="mailhook-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def unprivileged() -> Iterator[None]:
    """For root no file is forbidden."""
    uid = os.geteuid()
    if uid == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(uid)


@pytest.mark.parametrize("opening", [Store, Reader])
def test_what_we_have_no_permission_for_is_said(
    public_folder: Path, opening: Callable[[Path], object]
):
    path = public_folder / "mailhook.db"
    Store(path).close()
    path.with_name("mailhook.db.lock").unlink()
    public_folder.chmod(0o555)
    path.chmod(0o000)
    with unprivileged():
        error = refused(opening, path)
    assert error.exit_code == 78
    assert "its owner and mode" in str(error)


def test_a_folder_that_may_not_be_entered_is_said(public_folder: Path):
    path = public_folder / "mailhook.db"
    Store(path).close()
    public_folder.chmod(0o000)
    with unprivileged():
        error = refused(Reader, path)
    public_folder.chmod(0o755)
    assert (error.exit_code, "no permission" in str(error)) == (78, True)


def test_a_mount_that_became_read_only_is_said(small_disk: Path):
    path = small_disk / "mailhook.db"
    remount = ["mount", "-o", "remount,ro", small_disk]
    Store(path).close()
    subprocess.run(remount, check=True)
    error = refused(Store, path)
    assert (error.exit_code, "ead-only file system" in str(error)) == (78, True)


def damage_deliveries(path: Path) -> None:
    (page,) = asked(path, "SELECT rootpage FROM sqlite_master WHERE name = 'deliveries'")[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


def test_damage_met_while_writing_is_said_and_no_row_is_half_there(
    tmp_path: Path, findings: list[Finding]
):
    path = tmp_path / "mailhook.db"
    Store(path).close()
    damage_deliveries(path)
    with Store(path) as store, pytest.raises(ConfigError, match="damaged"):
        store.record(findings)
    assert asked(path, "SELECT count(*) FROM events") == [(0,)]


def fill(disk: Path, *, leave: int) -> Path:
    """A file that leaves so many bytes of room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    os.truncate(ballast, ballast.stat().st_size - leave)
    return ballast


def record_each(store: Store, findings: list[Finding]) -> Iterator[MailhookError | None]:
    """Each finding as a batch of its own, and what was said where there was no room."""
    for finding in findings:
        try:
            store.record([finding])
        except TemporaryError as error:
            yield error
        else:
            yield None


def test_on_a_full_disk_nothing_is_half_written_and_with_room_it_goes_on(
    small_disk: Path, findings: list[Finding]
):
    path = small_disk / "mailhook.db"
    with Store(path) as store:
        ballast = fill(small_disk, leave=131_072)
        errors = list(record_each(store, findings))
        written = errors.count(None)
        assert 0 < written < len(findings)
        assert {error.exit_code for error in errors if error} == {75}
        assert all("nothing was written" in str(error) for error in errors if error)
        assert asked(path, COUNTS) == [(written, written, written)]
        ballast.unlink()
        outcomes = ["recorded" if error else "duplicate" for error in errors]
        assert store.record(findings) == outcomes
    assert asked(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_store_cannot_be_begun_on_a_full_disk_but_when_there_is_room(small_disk: Path):
    path = small_disk / "mailhook.db"
    ballast = fill(small_disk, leave=0)
    assert refused(Store, path).exit_code == 75
    ballast.unlink()
    Store(path).close()


BOUNDED = """
import resource, sys
from pathlib import Path
from mailhook.errors import TemporaryError
from mailhook.store import Store

with Store(Path(sys.argv[1])) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    for beats in range(100_000):
        try:
            store.beat("x" * 1000 + str(beats))
        except TemporaryError as error:
            sys.exit(f"{beats} {error}")
"""


def test_a_file_that_may_not_grow_is_a_reason_to_try_again(tmp_path: Path):
    path = tmp_path / "mailhook.db"
    run = subprocess.run(
        [sys.executable, "-c", BOUNDED, path], capture_output=True, text=True, check=False
    )
    written, _, words = run.stderr.partition(" ")
    assert "nothing was written" in words
    assert asked(path, "SELECT count(*) FROM heartbeat") == [(int(written),)]


def deleted(path: Path) -> None:
    path.unlink()


def deleted_with_all_beside_it(path: Path) -> None:
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()


def replaced(path: Path) -> None:
    other = path.with_name("other.db")
    Store(other).close()
    other.replace(path)


def without_its_wal(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


LOSSES = {
    deleted: ("has been written back", 10),
    deleted_with_all_beside_it: ("has been written back", 10),
    without_its_wal: ("WAL was deleted", 10),
    replaced: ("another file was put in its place", 0),
}


@pytest.mark.parametrize(("lose", "said", "left"), [(lose, *told) for lose, told in LOSSES.items()])
def test_a_store_that_goes_while_it_is_written_is_noticed_and_healed(
    tmp_path: Path, findings: list[Finding], lose: Callable[[Path], None], said: str, left: int
):
    path = tmp_path / "mailhook.db"
    with Store(path) as store:
        store.record(findings[:10])
        assert store.is_there()
        lose(path)
        assert not store.is_there()
        for use in (lambda: store.record(findings[10:]), lambda: store.position(mails.INBOX)):
            with pytest.raises(StoreGoneError, match="nothing was written"):
                use()
        assert said in store.heal()
        assert asked(path, COUNTS) == [(left, left, left)]
        store.record(findings)
        assert store.is_there()
    assert asked(path, COUNTS) == [(20, 20, 20)]
    assert asked(path, "PRAGMA integrity_check") == [("ok",)]


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_letter(path: Path) -> None:
    path.write_text("Dear Sir or Madam, " * 100)


def another_program_s(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE invoices (id INTEGER)")


@pytest.mark.parametrize("put", [a_folder, a_pipe, a_letter, another_program_s])
def test_what_is_no_store_and_lies_in_its_place_costs_nothing(
    tmp_path: Path, findings: list[Finding], put: Callable[[Path], None]
):
    path = tmp_path / "mailhook.db"
    with Store(path) as store:
        store.record(findings[:10])
        path.unlink()
        put(path)
        for _ in range(2):
            with pytest.raises(ConfigError):
                store.heal()
        path.rename(tmp_path / "put")
        assert "has been written back" in store.heal()
        store.record(findings[10:])
    assert asked(path, COUNTS) == [(20, 20, 20)]


def test_a_store_may_be_named_by_a_link_which_stays_one(tmp_path: Path, findings: list[Finding]):
    path, disk = tmp_path / "mailhook.db", tmp_path / "disk"
    disk.mkdir()
    path.symlink_to("disk/real.db")
    with Store(path) as store:
        store.record(findings[:10])
        deleted_with_all_beside_it(disk / "real.db")
        assert "has been written back" in store.heal()
        store.record(findings[10:])
    assert path.is_symlink()
    assert asked(path, COUNTS) == [(20, 20, 20)]


def test_a_store_that_was_moved_and_linked_to_is_opened_anew(
    tmp_path: Path, findings: list[Finding]
):
    """Else its WAL would lie beside the link, and readers would look beside the file."""
    path, moved = tmp_path / "mailhook.db", tmp_path / "moved.db"
    with Store(path) as store:
        store.record(findings[:10])
        path.rename(moved)
        path.symlink_to(moved)
        assert not store.is_there()
        store.heal()
        store.record(findings[10:])
        assert asked(path, COUNTS) == [(20, 20, 20)]
    assert asked(moved, "PRAGMA integrity_check") == [("ok",)]


def test_a_closed_store_is_not_opened_by_who_comes_late(tmp_path: Path, findings: list[Finding]):
    store = Store(tmp_path / "mailhook.db")
    store.close()
    late: list[Callable[[], object]] = [
        store.heal,
        store.compact,
        lambda: store.give_back(1),
        lambda: store.record(findings),
    ]
    for use in late:
        with pytest.raises(StoreGoneError, match="has been closed"):
            use()
    Store(store.path).close()


def test_a_store_deleted_in_the_middle_of_a_batch_takes_nothing_of_it(
    tmp_path: Path, findings: list[Finding]
):
    path = tmp_path / "mailhook.db"

    class Deleting(list[Finding]):
        def __iter__(self) -> Iterator[Finding]:
            yield findings[0]
            path.unlink(missing_ok=True)
            yield from findings[1:]

    with Store(path) as store:
        with pytest.raises(StoreGoneError):
            store.record(Deleting(findings))
        store.heal()
        assert asked(path, COUNTS) == [(0, 0, 0)]


def test_a_store_whose_folder_went_is_healed_once_the_folder_is_back(
    tmp_path: Path, findings: list[Finding]
):
    path = tmp_path / "state" / "mailhook.db"
    path.parent.mkdir()
    with Store(path) as store:
        store.record(findings[:5])
        shutil.rmtree(path.parent)
        with pytest.raises(StoreGoneError):
            store.record(findings)
        with pytest.raises(ConfigError, match="state does not exist"):
            store.heal()
        path.parent.mkdir()
        store.heal()
        assert store.record(findings) == ["duplicate"] * 5 + ["recorded"] * 15


def test_a_store_that_another_writes_by_now_is_healed_when_that_one_has_ended(
    tmp_path: Path, findings: list[Finding]
):
    path = tmp_path / "mailhook.db"
    with Store(path) as store:
        deleted_with_all_beside_it(path)
        with Store(path, purpose="poll"):
            for _ in range(2):
                with pytest.raises(TemporaryError, match="`mailhook poll`"):
                    store.heal()
                with pytest.raises(StoreGoneError):
                    store.record(findings)
        store.heal()
        assert set(store.record(findings)) == {"recorded"}
