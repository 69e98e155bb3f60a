"""The file itself: private, durable, one writer; and every way in which it can be wrong."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database
from stores import asked, refused

from mailhook import checks
from mailhook.config import Settings
from mailhook.errors import ConfigError
from mailhook.store import Filters, Reader, Store
from mailhook.store.file import open_writable
from mailhook.store.schema import migrations
from mailhook.store.versions import KNOWN

MIGRATED = "SELECT name FROM _sqlite_migrations ORDER BY id"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mailhook.db"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277, 0o777])
def test_all_its_files_are_private_whatever_the_umask(path: Path, umask: int):
    before = os.umask(umask)
    try:
        with Store(path):
            found = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    expected = ("mailhook.db", "mailhook.db-shm", "mailhook.db-wal", "mailhook.db.lock")
    assert found == dict.fromkeys(expected, 0o600)


def test_a_store_that_others_may_read_is_made_private_again(path: Path):
    Store(path).close()
    path.chmod(0o644)
    Store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_commit_survives_the_loss_of_power(path: Path):
    with closing(open_writable(path)) as db:
        asked_for = ("journal_mode", "synchronous", "foreign_keys")
        assert [db.execute(f"PRAGMA {name}").fetchone()[0] for name in asked_for] == ["wal", 2, 1]


def test_every_table_is_strict(path: Path):
    Store(path).close()
    tables = dict(asked(path, "SELECT name, strict FROM pragma_table_list WHERE type = 'table'"))
    strict = {name for name, is_strict in tables.items() if is_strict}
    assert strict == set(tables) - {"_sqlite_migrations", "sqlite_schema", "sqlite_temp_schema"}


def test_every_migration_is_recorded_once(path: Path):
    for _ in range(2):
        Store(path).close()
    assert [name for (name,) in asked(path, MIGRATED)] == list(KNOWN)


KILLED_AT_EACH_CHANGE = """
import os, signal, sqlite3, sys
from itertools import count
from pathlib import Path
from mailhook.store import Store

def live(path, last):
    said, connect = count(1), sqlite3.connect
    def die(statement):
        changes = statement.startswith(("CREATE", "COMMIT", "RELEASE", "PRAGMA journal"))
        if changes and next(said) == last:
            os.kill(os.getpid(), signal.SIGKILL)
    def watched(*given, **options):
        connection = connect(*given, **options)
        connection.set_trace_callback(die)
        return connection
    sqlite3.connect = watched
    Store(path).close()
    os._exit(0)

Store(Path(sys.argv[1], "whole.db")).close()  # and all is imported
for last in count(1):
    child = os.fork()
    if child == 0:
        live(Path(sys.argv[1], f"{last}.db"), last)
    if os.waitpid(child, 0)[1] != signal.SIGKILL:
        break
"""


def test_killed_at_any_change_of_its_migrations_a_store_is_completed(tmp_path: Path):
    kills = [sys.executable, "-c", KILLED_AT_EACH_CHANGE, tmp_path]
    subprocess.run(kills, check=True, timeout=60)
    stores = list(tmp_path.glob("*.db"))
    begun = [len(asked(store, "SELECT * FROM sqlite_master")) for store in stores]
    whole = max(begun)
    assert {0, whole} < set(begun), "no kill struck between two migrations"
    for store in stores:
        Store(store).close()
        assert len(asked(store, "SELECT * FROM sqlite_master")) == whole
        assert [name for (name,) in asked(store, MIGRATED)] == list(KNOWN)


def newer(path: Path) -> None:
    Store(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO _sqlite_migrations VALUES (99, 'mailhook', 'm999_later', '')")


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE invoices (id)")


def foreign_with_migrations(path: Path) -> None:
    with closing(open_writable(path)) as db:
        db.execute("UPDATE _sqlite_migrations SET migration_set = 'invoices'")


def garbage(path: Path) -> None:
    path.write_bytes(b"Dear reader, this is a letter.\n" * 300)


def damaged(path: Path) -> None:
    Store(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


def cut_short(path: Path) -> None:
    Store(path).close()
    path.write_bytes(path.read_bytes()[:9000])


WRONG_FILES = {
    newer: "a newer mailhook has written this store (m999_later)",
    foreign: "no mailhook store",
    foreign_with_migrations: "no mailhook store",
    garbage: "no SQLite database",
    damaged: "damaged",
    cut_short: "damaged",
    Path.mkdir: "a folder, not a file",
}
NAMES = [make.__name__ for make in WRONG_FILES]


@pytest.mark.parametrize("opening", [Store, Reader])
@pytest.mark.parametrize(("make", "words"), WRONG_FILES.items(), ids=NAMES)
def test_a_file_that_is_no_store_of_ours_is_refused_and_left_as_it_is(
    path: Path, opening: Callable[[Path], object], make: Callable[[Path], None], words: str
):
    make(path)
    before = path.is_file() and (path.read_bytes(), path.stat().st_mode)
    error = refused(opening, path)
    assert isinstance(error, ConfigError)
    assert words in str(error)
    assert before == (path.is_file() and (path.read_bytes(), path.stat().st_mode))
    assert error.exit_code == 78


@pytest.mark.parametrize(
    ("below", "words"),
    [
        ("missing/mailhook.db", "missing does not exist"),
        ("file/mailhook.db", "file does not exist"),
        ("n" * 300, "File name too long"),
    ],
)
def test_a_path_that_cannot_be_is_refused(tmp_path: Path, below: str, words: str):
    (tmp_path / "file").touch()
    error = refused(Store, tmp_path / below)
    assert (error.exit_code, words in str(error)) == (78, True)


def test_a_lock_file_that_points_elsewhere_is_not_followed(path: Path):
    letter = path.with_name("letter")
    letter.write_text("Dear reader")
    path.with_name("mailhook.db.lock").symlink_to(letter)
    assert refused(Store, path).exit_code == 78
    assert letter.read_text() == "Dear reader"


def nothing(path: Path) -> None:
    assert not path.exists()


def begun(path: Path) -> None:
    """What a kill before the first migration leaves."""
    with closing(sqlite3.connect(path)) as connection, connection:
        migrations.ensure_migrations_table(Database(connection))


@pytest.mark.parametrize("make", [nothing, Path.touch, begun])
def test_where_there_is_no_store_yet_a_reader_says_so_and_a_writer_makes_it(
    path: Path, make: Callable[[Path], None]
):
    make(path)
    error = refused(Reader, path)
    assert (error.exit_code, "there is no store yet" in str(error)) == (78, True)
    Store(path).close()
    with Reader(path) as reader:
        assert list(reader.events(Filters())) == []


def half_made(path: Path) -> None:
    """What a kill in the middle of a commit leaves, before the store is in WAL mode."""
    begun(alive := path.with_name("alive.db"))
    with closing(sqlite3.connect(alive, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")  # so that pages are written before the commit
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE made (half)")
        connection.execute("INSERT INTO made VALUES (zeroblob(100000))")
        for suffix in ("", "-journal"):
            raw = alive.with_name(alive.name + suffix).read_bytes()
            path.with_name(path.name + suffix).write_bytes(raw)


def older(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before=KNOWN[-1])


@pytest.mark.parametrize("make", [nothing, Path.touch, begun, half_made, older])
def test_what_a_writer_puts_right_keeps_neither_poll_nor_run_from_it(
    path: Path, make: Callable[[Path], None]
):
    make(path)
    error = refused(Reader, path)
    assert (error.exit_code, "`mailhook " in str(error)) == (78, True)
    checks.refuse_faults(Settings.model_validate({"store": {"path": path}}))
    Store(path).close()
    with Reader(path) as reader:
        assert list(reader.events(Filters())) == []


def test_an_older_store_is_for_a_writer_to_bring_up_to_date(path: Path):
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before=KNOWN[-1])
    error = refused(Reader, path)
    assert (error.exit_code, f"it lacks {KNOWN[-1]}" in str(error)) == (78, True)
    Store(path).close()
    Reader(path).__exit__()


def test_every_migration_is_known_by_its_name():
    with closing(sqlite3.connect(":memory:")) as connection:
        pending = migrations.pending(Database(connection))
    assert [migration.name for migration in pending] == list(KNOWN)
