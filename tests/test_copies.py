"""Copies for analysts and backups: whole, private to whom they are for, and never half there."""

from __future__ import annotations

import grp
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import mails
import pytest
from command import Home
from stores import asked

from mailhook import checks
from mailhook.config import Settings, SnapshotSettings, StoreSettings
from mailhook.errors import ConfigError, MailhookError, TemporaryError
from mailhook.pipeline import Trust, examine
from mailhook.store import Store
from mailhook.store.copies import backup, snapshot

NOBODY = 65534
EVENTS = "SELECT count(*) FROM events"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, and only we may write."""
    made = Path(tempfile.mkdtemp(prefix="mailhook-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def store(folder: Path, trust: Trust) -> Iterator[Store]:
    with Store(folder / "mailhook.db") as opened:
        add(opened, trust, 1)
        yield opened


def add(store: Store, trust: Trust, number: int, noise: int = 0) -> None:
    headers = (("X-Noise", os.urandom(noise // 2).hex()),) if noise else ()
    raw = mails.check_finished(f"CHK{number:032x}", headers=headers)
    store.record([examine(mails.delivered(raw, number), trust)])


def wanted(store: Store, group: str | None = None) -> SnapshotSettings:
    return SnapshotSettings(path=store.path.with_name("copy.db"), group=group)


def names(store: Store) -> set[str]:
    found = {path.name for path in store.path.parent.iterdir()}
    return {name for name in found if not name.startswith(store.path.name)}


AS_NOBODY = """
import os, sqlite3, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(65534)
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print(db.execute("SELECT count(*) FROM events").fetchone()[0])
"""


def read_as_nobody(path: Path, group: int) -> str:
    script = [sys.executable, "-c", AS_NOBODY, str(path), str(group)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_analyst_of_the_group_opens_the_copy_without_rights_on_its_folder(store: Store):
    group = grp.getgrgid(NOBODY).gr_name
    assert snapshot(store.path, wanted(store, group))
    copy = store.path.with_name("copy.db")
    assert (stat.S_IMODE(copy.stat().st_mode), copy.stat().st_gid) == (0o640, NOBODY)
    assert read_as_nobody(copy, NOBODY) == "1"
    assert "unable to open" in read_as_nobody(copy, NOBODY - 1)
    assert "unable to open" in read_as_nobody(store.path, NOBODY), "nor is the store readable"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_copy_that_root_makes_is_one_that_the_service_can_replace(store: Store):
    os.chown(store.path, NOBODY, NOBODY)
    assert snapshot(store.path, wanted(store))
    copy = store.path.with_name("copy.db")
    assert copy.stat().st_uid == NOBODY
    os.chown(copy, 0, 0)  # as earlier versions left it
    assert snapshot(store.path, wanted(store))
    assert copy.stat().st_uid == NOBODY


def test_without_a_group_the_copy_is_private_and_in_no_need_of_files_beside_it(store: Store):
    assert snapshot(store.path, wanted(store))
    assert names(store) == {"copy.db"}
    copy = store.path.with_name("copy.db")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert asked(copy, "PRAGMA journal_mode") == [("delete",)]
    assert asked(copy, EVENTS) == [(1,)]


def test_it_is_made_anew_only_when_something_changed_even_after_a_restart(
    store: Store, trust: Trust
):
    made = [snapshot(store.path, wanted(store)) for _ in range(2)]
    store.beat("imap://hooks@imap.example.com/INBOX")
    made.append(snapshot(store.path, wanted(store)))
    store.close()
    with Store(store.path) as again:
        made.append(snapshot(again.path, wanted(again)))
        add(again, trust, 2)
        made += [snapshot(again.path, wanted(again)) for _ in range(2)]
        made.append(snapshot(again.path, wanted(again), force=True))
    assert made == [True, False, False, False, True, False, True]


def test_what_root_copies_by_hand_is_the_services_to_replace(store: Store):
    if os.geteuid() != 0:
        pytest.skip("only root can make a file for somebody else")
    os.chown(store.path, 65534, 65534)
    snapshot(store.path, wanted(store))
    assert wanted(store).path.stat().st_uid == 65534


def test_a_copy_whose_mode_was_changed_is_made_anew(store: Store):
    snapshot(store.path, wanted(store))
    store.path.with_name("copy.db").chmod(0o644)
    assert snapshot(store.path, wanted(store))
    assert stat.S_IMODE(store.path.with_name("copy.db").stat().st_mode) == 0o600


def test_a_mail_that_is_only_ignored_is_a_change_too(store: Store, trust: Trust):
    snapshot(store.path, wanted(store))
    letter = mails.write("Lunch?", sender="Ana <ana@example.com>", proof=None)
    store.record([examine(mails.delivered(letter, 7), trust)])
    assert snapshot(store.path, wanted(store))


def test_while_somebody_writes_without_pause_a_copy_ends_and_holds_one_moment(
    store: Store, trust: Trust
):
    for number in range(2, 60):
        add(store, trust, number, noise=60_000)
    done, written = threading.Event(), [0]

    def write() -> None:
        while not done.is_set():
            add(store, trust, 1000 + written[0], noise=2000)
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backup(store.path, store.path.with_name("copy.db"))
    finally:
        done.set()
        writer.join()
    assert written[0] > 3, "the writer was not held up"
    counts = "SELECT (SELECT count(*) FROM events) = (SELECT count(*) FROM deliveries), count(*)"
    ((whole, events),) = asked(store.path.with_name("copy.db"), f"{counts} FROM events")
    assert (whole, 59 <= int(str(events)) <= 59 + written[0]) == (1, True)


KILLED = """
import os, signal, sys
from pathlib import Path
from mailhook.config import SnapshotSettings
from mailhook.store import copies
copies._verify = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
copies.snapshot(Path(sys.argv[1]), SnapshotSettings(path=Path(sys.argv[2])))
"""


def test_what_a_killed_run_has_left_is_removed_and_never_stood_in_place(store: Store, trust: Trust):
    snapshot(store.path, wanted(store))
    add(store, trust, 2)
    copy = store.path.with_name("copy.db")
    killed = subprocess.run([sys.executable, "-c", KILLED, store.path, copy], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (len(names(store)), asked(copy, EVENTS)) == (2, [(1,)])
    assert snapshot(store.path, wanted(store))
    assert (names(store), asked(copy, EVENTS)) == ({"copy.db"}, [(2,)])


LETTER = b"Dear reader, this is a letter.\n" * 300


def letter(path: Path) -> None:
    path.write_bytes(LETTER)


def invoices(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE invoices (id)")


def in_use(path: Path) -> None:
    path.touch()
    path.with_name(f"{path.name}-wal").touch()


@pytest.mark.parametrize("make", [letter, invoices, in_use, Path.mkdir])
def test_nothing_but_a_copy_is_ever_replaced(store: Store, make: Callable[[Path], None]):
    copy = store.path.with_name("copy.db")
    make(copy)
    before = copy.is_file() and copy.read_bytes()
    for copying in (lambda: snapshot(store.path, wanted(store)), lambda: backup(store.path, copy)):
        with pytest.raises(ConfigError, match=r"copy\.db is "):
            copying()
    assert before == (copy.is_file() and copy.read_bytes())


def test_the_store_itself_is_no_place_for_a_copy_by_any_name(store: Store):
    link = store.path.with_name("copy.db")
    link.symlink_to(store.path)
    with pytest.raises(ConfigError, match="is the store itself"):
        backup(store.path, link)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal", ".lock", ".sock"])
def test_what_the_store_keeps_beside_itself_is_no_place_for_a_copy(store: Store, suffix: str):
    path = store.path.with_name(store.path.name + suffix)
    before = path.exists() and path.stat().st_ino
    with pytest.raises(ConfigError, match="is a file of the store's own"):
        backup(store.path, path)
    assert (path.exists() and path.stat().st_ino) == before


def test_the_place_of_a_store_that_is_yet_to_be_made_is_no_place_for_a_copy(tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    place = SnapshotSettings(path=tmp_path / "link" / "mailhook.db")
    told = checks.problems(
        Settings(store=StoreSettings(path=tmp_path / "mailhook.db", snapshot=place))
    )
    assert [problem.path for problem in told] == ["store.snapshot.path"]
    assert "is the store itself" in told[0].message


def test_an_earlier_backup_is_replaced_and_is_private_whatever_it_was(store: Store, trust: Trust):
    copy = store.path.with_name("copy.db")
    backup(store.path, copy)
    copy.chmod(0o644)
    add(store, trust, 2)
    backup(store.path, copy)
    assert (asked(copy, EVENTS), stat.S_IMODE(copy.stat().st_mode)) == ([(2,)], 0o600)


def test_a_damaged_store_is_said_to_be_and_the_copy_that_is_there_stays(store: Store, trust: Trust):
    copy = store.path.with_name("copy.db")
    for number in range(2, 40):
        add(store, trust, number)
    backup(store.path, copy)
    store.close()
    ((page,),) = asked(store.path, "SELECT rootpage FROM sqlite_master WHERE name = 'deliveries'")
    with store.path.open("r+b") as file:
        file.seek((int(str(page)) - 1) * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(ConfigError, match=r"mailhook\.db: the file is damaged"):
        backup(store.path, copy)
    assert (names(store), asked(copy, EVENTS)) == ({"copy.db"}, [(39,)])


def test_on_a_full_disk_the_old_copy_stays_and_it_is_a_reason_to_try_again(
    store: Store, trust: Trust, small_disk: Path
):
    place = SnapshotSettings(path=small_disk / "copy.db")
    snapshot(store.path, place)
    for number in range(2, 60):
        add(store, trust, number, noise=60_000)
    with pytest.raises(TemporaryError, match="the disk is full"):
        snapshot(store.path, place)
    assert [path.name for path in small_disk.iterdir()] == ["copy.db"]
    assert asked(place.path, EVENTS) == [(1,)]


def test_what_makes_a_copy_impossible_is_told_by_check_in_the_same_words(store: Store):
    place = SnapshotSettings(path=store.path.parent / "missing" / "copy.db", group="no-such-group")
    settings = Settings(store=StoreSettings(path=store.path, snapshot=place))
    told = {problem.path: problem.message for problem in checks.problems(settings)}
    assert told["store.snapshot.group"] == "there is no group 'no-such-group'"
    assert "missing does not exist" in told["store.snapshot.path"]
    with pytest.raises(MailhookError, match="there is no group"):
        snapshot(store.path, place)


def test_a_group_that_we_are_not_in_is_told_with_what_to_do():
    script = """
import os, sys
from mailhook.store.group import group_id
os.setgroups([]); os.setgid(65534); os.setuid(65534)
group_id("root")
"""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "this user is not in it" in done.stderr
    assert "SupplementaryGroups=root" in done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_backup_says_where_the_copy_is(home: Home, tmp_path: Path):
    home.deliver(mails.check_finished("CHK1"))
    done = home.call("backup", tmp_path / "b.db")
    assert (done.code, done.out) == (0, "")
    assert "b.db, and checked" in done.err
    assert asked(tmp_path / "b.db", EVENTS) == [(1,)]


def test_snapshot_says_what_to_add_where_no_place_is_set(home: Home):
    home.deliver(mails.check_finished("CHK1"))
    done = home.call("snapshot")
    assert done.code == 78
    assert "snapshot: {path: snapshot.db, group: analysts}" in done.err


def test_snapshot_copies_once_and_again_only_when_forced(tmp_path: Path):
    home = Home(tmp_path, store={"snapshot": {"path": "copy.db"}})
    home.deliver(mails.check_finished("CHK1"))
    said = [home.call("snapshot", *more).err for more in ((), (), ("--force",))]
    assert [line.split()[0] for line in said] == ["copied", str(tmp_path / "copy.db"), "copied"]


def test_where_there_is_no_store_there_is_nothing_to_copy(home: Home, tmp_path: Path):
    done = home.call("backup", tmp_path / "b.db")
    assert (done.code, "there is no store yet" in done.err) == (78, True)
    assert not (tmp_path / "b.db").exists()
